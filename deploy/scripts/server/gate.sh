#!/usr/bin/env bash
# The gate: the candidate gets the requests only if it is no worse than what has them now.
#
# It asks over HTTP itself: a health check of the engine may never run, and compose then waits for ever. An outage of a
# provider shows in both, and is no reason to keep a fix away; scripts/server/gate.py compares them.

# The path that says whether a service can work.
readiness_of() { # service
  case $1 in
    whisper-api) echo /ready ;;
    sync) echo /health ;;
    *) echo /healthz ;;
  esac
}

# Check every service of the candidate; ends the deployment if one is worse.
pass_gate() {
  local service container deadline
  deadline=$((SECONDS + GATE_SECONDS))
  for service in "${SERVICES[@]}"; do
    container=$(container_of "$(service_in "$CANDIDATE" "$service")")
    [[ -n $container ]] || die "$service has no container in the slot $CANDIDATE."
    wait_until_ready "$service" "$container" "$deadline"
  done
  [[ " ${SERVICES[*]} " != *" whisper-api "* ]] || compare_health
}

# Wait until a new container answers that it can work. At the time limit, or when it ends, it has failed, unless what
# runs cannot work either: that is asked after a sixth of the limit.
wait_until_ready() { # service, container, deadline in SECONDS
  local path port status old
  path=$(readiness_of "$1") port=$(port_of "$1")
  while :; do
    check_alive "$1" "$2"
    status=$(status_in "$2" "$port" "$path")
    if [[ $status == 200 ]]; then
      say "$1 answers $status at $path."
      return
    fi
    old=$(old_status "$1" "$path")
    if [[ $status != 000 && -n $old && $old != 200 ]] && ((SECONDS >= $3 - GATE_SECONDS * 5 / 6)); then
      say "$1 answers $status at $path, and so does what runs ($old): no worse."
      return
    fi
    if ((SECONDS >= $3)); then
      log_last_lines "$2"
      die "$1 answers $status at $path after $GATE_SECONDS s."
    fi
    sleep 1
  done
}

# What the running container of a service answers; nothing if there is none that can be asked.
old_status() { # service, path
  local service container
  while read -r service container; do
    if [[ $service == "$1" && $PREVIOUS != container:* ]] && is_running "$container"; then
      status_in "$container" "$(port_of "$1")" "$2"
    fi
  done < <(containers_in "$PREVIOUS")
}

# End the deployment if a new container has ended or been restarted.
check_alive() { # service, container
  local restarts
  restarts=$(field '{{.RestartCount}}' "$2")
  if is_running "$2" && ((${restarts:-0} == 0)); then return; fi
  log_last_lines "$2"
  die "$1 ends by itself: $(engine logs --tail 1 "$2" 2>&1 | cut -c 1-500)"
}

log_last_lines() { # container
  {
    echo "--- the last lines of $1"
    engine logs --tail 30 "$1" 2>&1 || true
    echo "---"
  } >>"$LOG"
}

# Compare the health of the candidate's API with that of what runs, which may need a while (a twelfth of the limit).
compare_health() {
  local container old new verdict end=$((SECONDS + GATE_SECONDS / 12))
  container=$(container_of "$(service_in "$CANDIDATE" whisper-api)")
  old=$(old_health)
  while :; do
    new=$(body_in "$container" 8000 /health)
    if verdict=$(engine exec --interactive "$container" python3 - "$old" "$new" <"$HERE/gate.py" 2>>"$LOG"); then
      while IFS= read -r line; do [[ -z $line ]] || say "$line"; done <<<"$verdict"
      return
    fi
    ((SECONDS < end)) || break
    sleep 1
  done
  while IFS= read -r line; do [[ -z $line ]] || say "$line"; done <<<"$verdict"
  if [[ $ALLOWS_WORSE == true ]]; then
    say "The candidate is worse than what runs, which --allow-worse accepts."
    return
  fi
  die "The candidate is worse than what runs: ${verdict%%$'\n'*}"
}

# The health of what has the requests, as JSON; nothing if there is none.
old_health() {
  local service container
  if [[ $PREVIOUS == container:* ]]; then
    body_at "$(public_port)" /health
    return
  fi
  while read -r service container; do
    [[ $service != whisper-api ]] || body_in "$container" 8000 /health
  done < <(containers_in "$PREVIOUS")
}
