#!/usr/bin/env bash
# The switch: new requests go to the candidate; those in progress stay where they began.

switch_requests() {
  if [[ $PREVIOUS == container:* ]]; then
    cut_over
  else
    choose_slot "$CANDIDATE"
    start_base # a first proxy starts after the services: it must not be the one that makes their volumes
  fi
  confirm_switch
}

# The proxy must really send to the candidate, or draining what runs would be an outage.
confirm_switch() {
  local tries expected
  expected=$(service_in "$CANDIDATE" whisper-api):8000
  for ((tries = 0; tries < 20; tries++)); do
    if [[ $(through_proxy /proxy/slot | first_line) == "$expected" ]]; then
      say "The proxy sends new requests to $(name_of "$CANDIDATE")."
      return
    fi
    sleep 0.5
  done
  die "The proxy does not send to $expected, but to '$(through_proxy /proxy/slot | first_line)'."
}

# Ask through the proxy, as clients do, for some seconds.
validate() {
  local end failed=0 status port
  end=$((SECONDS + WATCH_SECONDS))
  port=$(published_port "$(container_of proxy)" 8000)
  if [[ -n $port ]]; then
    status=$(status_at "$port" /proxy/health)
    [[ $status =~ ^(200|308)$ ]] || die "Port $port of the server answers $status at /proxy/health."
  fi
  while :; do
    status=$(proxy_status /ready)
    if [[ $status == 200 ]]; then failed=0; else failed=$((failed + 1)); fi
    ((failed < 3)) || die "The candidate answers $status at /ready through the proxy."
    ((SECONDS < end)) || break
    sleep 1
  done
  ((failed == 0)) || die "The candidate answers $status at /ready through the proxy."
  check_alive whisper-api "$(container_of "$(service_in "$CANDIDATE" whisper-api)")"
  say "Through the proxy, /ready answers 200, and /v1/models $(proxy_status /v1/models)."
}

# The first time: an installation that publishes the port itself is stopped, and the proxy takes the port.
cut_over() {
  local old=${PREVIOUS#container:} began away port
  port=$(public_port)
  choose_slot "$CANDIDATE"
  logged compose up --no-start --no-deps proxy || die "The container of the proxy cannot be made."
  say "Cutting over: port $port is away from now, for about 2 s and up to $CUTOVER_SECONDS s more while requests end."
  began=$(date +%s%N)
  logged engine stop -t "$CUTOVER_SECONDS" "$old" || die "$(name_of "$PREVIOUS") does not stop."
  logged engine start "$(container_of proxy)" || die "The proxy does not start."
  wait_for_port "$port" || die "The proxy does not answer at port $port."
  away=$((($(date +%s%N) - began) / 1000000))
  say "Port $port was away for $((away / 1000)).$(printf %03d $((away % 1000))) s."
  # It must not come back when the machine starts; it is kept, to go back to.
  logged engine update --restart no "$old" || true
}

# The way back from a cut-over.
give_back_port() {
  local old=${1#container:} began away proxy
  proxy=$(container_of proxy)
  began=$(date +%s%N)
  if is_running "$proxy"; then logged engine stop -t "$CUTOVER_SECONDS" "$proxy" || true; fi
  is_running "$old" || logged engine start "$old" || return 1
  wait_for_port "$(public_port)" || return 1
  away=$((($(date +%s%N) - began) / 1000000))
  say "Port $(public_port) was away for $((away / 1000)).$(printf %03d $((away % 1000))) s, and is $(name_of "$1")'s again."
  wait_while_starting "$(public_port)"
}

# A program that answers 503 at /ready is still loading; one without that path has started. Two minutes at most.
wait_while_starting() { # port
  local tries
  for ((tries = 0; tries < 120; tries++)); do
    [[ $(status_at "$1" /ready) =~ ^(503|000)$ ]] || return 0
    sleep 1
  done
  say "warning: It still answers $(status_at "$1" /ready) at /ready."
}

# Wait until something answers HTTP at a port of this machine; a minute at most.
wait_for_port() { # port
  local tries
  for ((tries = 0; tries < 300; tries++)); do
    [[ $(status_at "$1" /proxy/health) == 000 ]] || return 0
    sleep 0.2
  done
  return 1
}
