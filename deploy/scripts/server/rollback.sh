#!/usr/bin/env bash
# --rollback: what ran before the current release gets the requests again, with the containers that it had.

roll_back() {
  take_lock
  mend
  PREVIOUS=$(current_holder)
  CANDIDATE=$(cat "$STATE/previous" 2>/dev/null || true)
  [[ -n $CANDIDATE && $CANDIDATE != none ]] || die "There is nothing to roll back to: no release ran before this one."
  [[ $CANDIDATE != "$PREVIOUS" ]] || die "$(name_of "$CANDIDATE") has the requests already."
  [[ -n $(containers_in "$CANDIDATE") ]] || die "The containers of $(name_of "$CANDIDATE") are no longer there. Use --restore."
  say "Rolling back from $(name_of "$PREVIOUS") to $(name_of "$CANDIDATE")."
  start_again "$CANDIDATE"
  if [[ $CANDIDATE =~ ^(blue|green)$ ]]; then
    install_again "$STATE/releases/$(release_in "$CANDIDATE")"
  else
    restore_files "$STATE/releases/$(release_in "$PREVIOUS")"
  fi
  restore_sync
  drain "$PREVIOUS"
  write_file "$STATE/previous" "$PREVIOUS"
  finish "rolled back to $(name_of "$CANDIDATE")"
}

# Start a holder's containers, and send it the requests once it answers.
start_again() { # holder
  local service container
  if [[ $1 == container:* ]]; then
    say "Port $(public_port) goes back to $(name_of "$1"): it is away for about 2 s, and up to $CUTOVER_SECONDS s more."
    give_back_port "$1" || die "$(name_of "$1") does not answer."
    choose_slot plain
    return
  fi
  start_containers "$1" || die "The containers of $(name_of "$1") do not start; the log has the reason."
  while read -r service container; do
    wait_until_ready "$service" "$container" $((SECONDS + GATE_SECONDS))
  done < <(containers_in "$1")
  choose_slot "$1"
  confirm_switch
  WATCH_SECONDS=1 validate
}
