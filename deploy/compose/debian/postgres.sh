#!/bin/sh
# Make the database at the first start, as the image `postgres` does, and run the server.
set -eu
: "${PGDATA:?}"
user=${POSTGRES_USER:-postgres}

if [ ! -s "$PGDATA/PG_VERSION" ]; then
  if [ -z "${POSTGRES_PASSWORD:-}" ]; then
    echo "error: POSTGRES_PASSWORD is not set, and the database has no superuser password without it." >&2
    exit 1
  fi
  password=$(mktemp)
  printf '%s\n' "$POSTGRES_PASSWORD" >"$password"
  initdb --username "$user" --pwfile "$password" --auth-host scram-sha-256 --auth-local trust --encoding UTF8 \
    --locale C.UTF-8 --pgdata "$PGDATA" >/dev/null
  rm -f "$password"
  printf 'host all all all scram-sha-256\n' >>"$PGDATA/pg_hba.conf"
  if [ "${POSTGRES_DB:-$user}" != postgres ]; then
    pg_ctl --pgdata "$PGDATA" --wait --silent --options "-c listen_addresses=''" start >/dev/null
    createdb --username "$user" --maintenance-db postgres "${POSTGRES_DB:-$user}"
    pg_ctl --pgdata "$PGDATA" --wait --silent --mode fast stop
  fi
fi
exec postgres -D "$PGDATA" -c listen_addresses='*'
