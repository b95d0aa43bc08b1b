#!/usr/bin/env bash
# Dumps of the databases that the containers of a holder use.

dump_databases() { # directory, holder
  local url number=0
  dump_own_database "$1/database.dump"
  while IFS= read -r url; do
    number=$((number + 1))
    dump_external_database "$url" "$1/external-$number.dump" "$2"
  done < <(external_databases "$2")
}

# The database of the service `postgres`, if it runs here.
dump_own_database() { # file
  local container bytes
  container=$(container_of postgres)
  is_running "$container" || return 0
  # shellcheck disable=SC2016 # expanded in the container
  bytes=$(answer_of engine exec "$container" sh -c 'psql --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" \
    --tuples-only --no-align --command "select pg_database_size(current_database())"') || die "The database does not answer."
  check_room $((bytes / 1048576 + SPARE_MB))
  # shellcheck disable=SC2016
  (umask 077 && answer_of engine exec "$container" sh -c \
    'exec pg_dump --format custom --username "$POSTGRES_USER" --dbname "$POSTGRES_DB"' >"$1.new") ||
    die "The database cannot be dumped; the log has the reason."
  mv "$1.new" "$1"
  say "Dumped the database: $(stat --format %s "$1") bytes."
}

# A database elsewhere, by the pg_dump of an image that has one.
dump_external_database() { # URL, file, holder
  local image=$PGDUMP_IMAGE
  [[ -n $image ]] || image=$(field '{{.Image}}' "$(container_of postgres)") || image=
  [[ -n $image ]] ||
    die "DATABASE_URL is of a server elsewhere: SAYSO_PGDUMP_IMAGE must name an image with a pg_dump of its version."
  # The URL has a password, so it travels in the environment.
  # shellcheck disable=SC2016
  (umask 077 && PGURL=$1 answer_of engine run --rm --network "$(network_of "$3")" --env PGURL --entrypoint sh "$image" -c \
    'exec pg_dump --format custom --dbname "$PGURL"' >"$2.new") ||
    die "The database of DATABASE_URL cannot be dumped; the log has the reason."
  mv "$2.new" "$2"
  say "Dumped the database of DATABASE_URL: $(stat --format %s "$2") bytes."
}

# A network of a holder's containers.
network_of() { # holder
  local container
  while read -r _ container; do
    # shellcheck disable=SC2016 # a template of the engine
    field '{{range $name, $_ := .NetworkSettings.Networks}}{{println $name}}{{end}}' "$container" | first_line
    return
  done < <(containers_in "$1")
}

# The URLs of databases on other servers than the service `postgres`, one a line, as libpq reads them.
external_databases() { # holder
  local container name url
  while read -r _ container; do
    for name in SAYSO_DATABASE_URL DATABASE_URL SAYSO_CARDS_DATABASE_URL; do
      url=$(libpq_url "$(variable_of "$container" "$name")")
      [[ -z $url || $url == *@postgres:* || $url == *@postgres/* ]] || echo "$url"
    done
  done < <(containers_in "$1") | sort -u
}

# A database URL without what only other libraries know.
libpq_url() { # URL
  local address=${1%%\?*} query='' parameter kept=
  [[ $1 != *\?* ]] || query=${1#*\?}
  [[ -n $address ]] || return 0
  while IFS= read -r -d '&' parameter; do
    case $parameter in
      ssl*=* | target_session_attrs=* | options=*) kept+=${kept:+&}$parameter ;;
    esac
  done <<<"$query&"
  echo "postgresql://${address#*://}${kept:+?$kept}"
}

# Put a dump in the place of what the database of the service `postgres` has.
restore_own_database() { # file
  local container
  container=$(container_of postgres)
  is_running "$container" || die "The service postgres does not run, so its dump cannot be restored."
  # One transaction: the database has all of the dump or is as it was.
  # shellcheck disable=SC2016
  logged engine exec --interactive "$container" sh -c 'exec pg_restore --clean --if-exists --exit-on-error \
    --single-transaction --no-owner --username "$POSTGRES_USER" --dbname "$POSTGRES_DB"' <"$1" ||
    die "The dump cannot be restored; the log has the reason. The database is unchanged."
  say "Restored the database."
}
