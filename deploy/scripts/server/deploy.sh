#!/usr/bin/env bash
# A deployment, step by step. Each step ends the process if it fails; `on_exit` then puts back what ran before.

deploy() {
  take_lock
  mend
  make_environment
  choose_candidate
  say "Deploying release $RELEASE to $ENVIRONMENT in the slot $CANDIDATE; $(name_of "$PREVIOUS") has the requests."
  prepare_images
  if is_unchanged; then
    rm -rf "$BUNDLE"
    finish "nothing to do: the same images, files and environment run"
    return
  fi
  check_configuration
  check_port
  check_migrations
  journal prepared
  make_backup "$RELEASE" "$PREVIOUS"
  journal installed
  install_files
  start_base proxy
  start_candidate
  pass_gate
  journal switched
  switch_requests
  validate
  if [[ $HAS_SYNC == true ]]; then replace_sync "$RELEASE" || die "sync does not answer 200 at /health with its new image."; fi
  journal kept
  complete
  finish "deployed"
}

# What has the requests, and the slot that is free.
choose_candidate() {
  PREVIOUS=$(current_holder)
  if [[ $PREVIOUS == blue ]]; then CANDIDATE=green; else CANDIDATE=blue; fi
}

# What follows once the candidate is to stay.
complete() {
  drain "$PREVIOUS"
  write_file "$STATE/previous" "$PREVIOUS"
  write_file "$STATE/$CANDIDATE.fingerprint" "$(fingerprint)"
  prune_backups
  prune_releases
  prune_images
}

is_unchanged() {
  local service container
  [[ $IS_FORCED != true && $PREVIOUS =~ ^(blue|green)$ ]] || return 1
  [[ $(cat "$STATE/$PREVIOUS.fingerprint" 2>/dev/null) == "$(fingerprint)" ]] || return 1
  for service in "${SERVICES[@]}"; do
    container=$(container_of "$(service_in "$PREVIOUS" "$service")")
    is_running "$container" || return 1
    [[ $(status_in "$container" "$(port_of "$service")" "$(readiness_of "$service")") == 200 ]] || return 1
  done
}

# The port must be free, the proxy's, or a container's that can be stopped.
check_port() {
  local port
  port=$(public_port)
  if [[ $PREVIOUS == container:* &&
    $(field '{{index .Config.Labels "com.docker.compose.service"}}' "${PREVIOUS#container:}") == proxy ]]; then
    die "Port $port is held by $(name_of "$PREVIOUS"), the proxy of another installation. Set SAYSO_PROXY_PORT in the \
environment file."
  fi
  if [[ $PREVIOUS == none || ! $(container_of proxy) ]] && [[ $PREVIOUS != container:* ]] &&
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && [[ -z $(publisher_of "$port") ]]; then
    die "Port $port is held by a program that is no container. Stop it, or set SAYSO_PROXY_PORT, and deploy again."
  fi
}

# Say what a deployment would do, and change nothing.
dry_run() {
  local service reference id
  make_environment
  choose_candidate
  say "Dry run for $ENVIRONMENT: nothing is changed."
  say "$(name_of "$PREVIOUS") has the requests; release $RELEASE would get the slot $CANDIDATE."
  while read -r service reference id; do
    if [[ $id == - ]]; then
      say "$service: $reference would be pulled."
    elif [[ -z $(image_id "$id") ]]; then
      say "$service: $reference (sha256:$id) would be sent."
    else
      say "$service: $reference (sha256:$id) is there."
    fi
  done <"$BUNDLE/images"
  mkdir -p "$BACKUPS"
  check_room "$SPARE_MB"
  check_configuration
  check_port
  if [[ -f $STATE/journal ]]; then say "A killed run would be mended first: $(paste -sd ' ' "$STATE/journal")"; fi
  if [[ $PREVIOUS == container:* ]]; then
    say "The first cut-over: port $(public_port) would be away for about 2 s, and up to $CUTOVER_SECONDS s more."
  else
    say "No request would fail: both releases run during the switch."
  fi
}
