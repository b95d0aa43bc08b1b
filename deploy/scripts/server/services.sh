#!/usr/bin/env bash
# Containers: the base (proxy, database) and those of a release.

# Start the services of the base that do not run; running ones are left alone, so nothing is interrupted.
start_base() { # services that must not be started yet
  local service container
  for service in $(base_services); do
    [[ " $* " != *" $service "* ]] || continue
    container=$(container_of "$service")
    if is_running "$container"; then continue; fi
    say "Starting $service."
    logged compose up --detach --no-deps "$service" || die "$service does not start: $(last_line)"
  done
  wait_for_database
}

wait_for_database() {
  local container tries
  container=$(container_of postgres)
  is_running "$container" || return 0
  for ((tries = 0; tries < 60; tries++)); do
    # shellcheck disable=SC2016 # expanded in the container
    if logged engine exec "$container" sh -c 'pg_isready --quiet --username "$POSTGRES_USER" --dbname "$POSTGRES_DB"'; then
      return 0
    fi
    sleep 1
  done
  log_last_lines "$container"
  die "The database does not answer within a minute."
}

# Make and start the containers of this release in the candidate's slot, beside what runs.
start_candidate() {
  local service names=()
  empty_slot "$CANDIDATE" || die "The slot $CANDIDATE cannot be emptied."
  write_file "$STATE/$CANDIDATE.release" "$RELEASE"
  for service in "${SERVICES[@]}"; do names+=("$(service_in "$CANDIDATE" "$service")"); done
  say "Starting ${names[*]} beside $(name_of "$PREVIOUS")."
  logged compose up --detach --no-deps "${names[@]}" || die "The new containers do not start: $(last_line)"
}

# Start the stopped containers of a holder again.
start_containers() { # holder
  local service container
  while read -r _ container; do
    is_running "$container" || logged engine start "$container" || return 1
  done < <(containers_in "$1")
}

# Stop the containers of a holder: SIGTERM, then up to the time limit for what they do.
stop_containers() { # holder, seconds
  local service container
  while read -r _ container; do
    if is_running "$container"; then logged engine stop -t "$2" "$container" || return 1; fi
  done < <(containers_in "$1")
}

# Sync has no slots: one process writes to its volume, and its port is published. It is replaced in its place; what comes
# meanwhile waits in its queue.
replace_sync() { # release whose image it gets
  local container deadline=$((SECONDS + GATE_SECONDS))
  container=$(container_of sync)
  if [[ -n $container ]]; then
    [[ $1 == before ]] || logged engine tag "$(field '{{.Image}}' "$container")" sayso-slot:sync-before
    logged engine stop -t "$STOP_SECONDS" "$container" || true
    logged engine rm --force "$container" || return 1
  fi
  (
    export SAYSO_IMAGE=sayso-slot SAYSO_VERSION=$1
    logged compose --profile sync up --detach --no-deps sync
  ) || return 1
  container=$(container_of sync)
  until [[ $(status_in "$container" 8080 /health) == 200 ]]; do
    if ((SECONDS > deadline)) || ! is_running "$container"; then
      log_last_lines "$container"
      return 1
    fi
    sleep 1
  done
  say "sync is replaced and answers 200 at /health."
}

# The image that sync had before this release.
restore_sync() {
  [[ -n $(image_id sayso-slot:sync-before) && -n $(container_of sync) ]] || return 0
  replace_sync before || say "warning: sync does not run with its image of before; see the log."
}
