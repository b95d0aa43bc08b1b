#!/usr/bin/env bash
# The compose files can be read with the samples of their settings, and the one for servers does not start an API that all
# may use. COMPOSE is `docker compose` unless set; nothing is started.
set -euo pipefail
cd "$(dirname "$0")/../.."
read -ra compose <<<"${COMPOSE:-docker compose}"
unset SAYSO_API_KEYS SAYSO_ALLOW_ANONYMOUS

config() { # the compose file, the file of settings
  "${compose[@]}" --file "$1" --env-file "$2" config 2>&1
}

expect_good() { # the compose file, the file of settings
  local out
  if ! out=$(config "$@"); then
    printf '%s\n' "$out" >&2
    echo "check-compose.sh: $1 cannot be read with $2" >&2
    exit 1
  fi
  echo "ok: $1 with $2"
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

expect_good docker-compose.yml .env.sample
grep -vE '^(SAYSO_API_KEYS|SAYSO_ALLOW_ANONYMOUS)=' .env.prod.sample >"$work/keyless.env"
{ cat "$work/keyless.env"; echo 'SAYSO_API_KEYS=[]'; } >"$work/keyed.env"
expect_good docker-compose.prod.yml "$work/keyed.env"

if out=$(config docker-compose.prod.yml "$work/keyless.env"); then
  echo "check-compose.sh: docker-compose.prod.yml starts an API without keys" >&2
  exit 1
elif [[ $out != *SAYSO_API_KEYS* ]]; then
  printf '%s\n' "$out" >&2
  echo "check-compose.sh: without keys docker-compose.prod.yml fails, and does not name SAYSO_API_KEYS" >&2
  exit 1
fi
echo "ok: docker-compose.prod.yml without keys is refused, and the setting is named"
