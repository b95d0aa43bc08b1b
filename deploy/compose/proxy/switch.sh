#!/bin/sh
# Send new requests to another container; those that are in progress end where they began.
#
#   switch.sh api|cards HOST:PORT
#
# Run inside of the proxy: docker compose exec proxy sh /etc/sayso/proxy/switch.sh api whisper-api:8000
# The choice lasts until the proxy is replaced or restarted, which sends to whisper-api:8000 and cards:8000 again.
set -eu

fail() {
  echo "error: $1" >&2
  exit 2
}

[ $# = 2 ] || fail "usage: switch.sh api|cards HOST:PORT"
case $1 in
  api | cards) ;;
  *) fail "There is no upstream '$1'; there are api and cards." ;;
esac
case $2 in
  *[!A-Za-z0-9._:-]* | :* | *: | *:*:*) fail "'$2' is not HOST:PORT." ;;
  *:*) ;;
  *) fail "'$2' is not HOST:PORT." ;;
esac

file=/tmp/upstreams/$1.conf
cp "$file" "$file.old"
printf 'set $%s %s;\n' "$1" "$2" >"$file.new"
mv "$file.new" "$file"
if ! nginx -t -q -c /tmp/nginx.conf; then
  mv "$file.old" "$file"
  fail "nginx refuses the upstream; the old one stays."
fi
rm -f "$file.old"
nginx -s reload -c /tmp/nginx.conf
echo "$1 is $2"
