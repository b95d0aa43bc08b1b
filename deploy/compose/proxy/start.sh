#!/bin/sh
# Write nginx's configuration for this container's settings, and run nginx.
#
#   PROXY_TLS             off: HTTP on port 8000; on: HTTPS on port 8443, too; only: HTTP is redirected to HTTPS
#   PROXY_MAX_BODY_BYTES  the largest request that is passed on, in bytes; the API has the same limit
#   PROXY_HTTPS_PORT      the published port of HTTPS, for redirections; 8443 by default
#
# The upstreams are files of a line in /tmp/upstreams; scripts/deploy.sh has others, see locations.conf.
set -eu

here=/etc/sayso/proxy
run=/tmp
tls=${PROXY_TLS:-off}
https_port=${PROXY_HTTPS_PORT:-8443}
# A form has boundaries and fields beside its file.
max_body=$((${PROXY_MAX_BODY_BYTES:-536870912} + 1048576))

fail() {
  echo "error: $1" >&2
  exit 2
}

case $tls in
  off | on | only) ;;
  *) fail "PROXY_TLS is '$tls'; it is off, on or only." ;;
esac

if [ "$tls" != off ]; then
  for file in fullchain.pem privkey.pem; do
    [ -r "/etc/sayso/tls/$file" ] ||
      fail "PROXY_TLS is $tls, and $file in PROXY_TLS_DIR cannot be read by user $(id -u)."
  done
fi

# Docker and podman write the address of their DNS server here; names are looked up again while nginx runs.
resolver=$(awk '$1 == "nameserver" { print ($2 ~ /:/) ? "[" $2 "]" : $2; exit }' /etc/resolv.conf)
[ -n "$resolver" ] || fail "There is no name server in /etc/resolv.conf."

mkdir -p "$run/upstreams" "$run/servers"
write_upstream() {
  [ -f "$run/upstreams/$1.conf" ] || printf 'set $%s %s;\n' "$1" "$2" >"$run/upstreams/$1.conf"
}
write_upstream api "${PROXY_API:-whisper-api:8000}"
write_upstream cards "${PROXY_CARDS:-cards:8000}"

rm -f "$run"/servers/*.conf
if [ "$tls" = only ]; then
  port=$([ "$https_port" = 443 ] || echo ":$https_port")
  sed "s/@PORT@/$port/" "$here/redirect.conf" >"$run/servers/http.conf"
else
  printf 'server {\n  listen 8000;\n  include %s/locations.conf;\n}\n' "$here" >"$run/servers/http.conf"
fi
[ "$tls" = off ] || cp "$here/tls.conf" "$run/servers/https.conf"

# Each request has a connection to the client and one to its upstream, and some files are open besides.
files=$(awk '/^Max open files/ { print $4 }' /proc/self/limits)
[ "$files" != unlimited ] && [ "$files" -lt 8192 ] || files=8192
connections=$((files - 64))

sed -e "s/@RESOLVER@/$resolver/" -e "s/@MAX_BODY@/$max_body/" -e "s/@CONNECTIONS@/$connections/" "$here/nginx.conf" >"$run/nginx.conf"
nginx -t -q -c "$run/nginx.conf"
exec nginx -c "$run/nginx.conf" -g 'daemon off;'
