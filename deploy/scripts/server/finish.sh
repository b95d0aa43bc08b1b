#!/usr/bin/env bash
# How a run ends: in order, by putting back what ran before, or by mending what a killed run left.

# The last lines of the log.
finish() { # outcome
  say "Outcome: $1."
  close_journal
  leave_lock
}

# The trap of the process. Its exit codes: 1 failed, and what ran before runs; 3 failed, and somebody must look.
on_exit() {
  local status=$?
  trap - EXIT
  trap '' INT TERM
  set +e
  if [[ -n ${PHASE:-} ]]; then
    ((status != 0)) || status=1
    [[ -n $FAILURE ]] || FAILURE="a step failed with exit code $status; the log has its output"
    if [[ $PHASE == kept ]]; then
      say "warning: $(name_of "$CANDIDATE") has the requests and stays, but cleaning up failed: $FAILURE."
      write_file "$STATE/previous" "$PREVIOUS"
      say "Outcome: deployed, with a warning."
      status=0
    elif put_back "$PHASE" "$BUNDLE"; then
      if [[ ${IS_RESTORING:-} == true ]]; then
        # shellcheck disable=SC2153 # a setting
        say "warning: The database and the volumes may be those of the back-up; those of before are in backups/$RELEASE."
      fi
      say "Outcome: failed and rolled back: $(name_of "$PREVIOUS") has the requests. Reason: $FAILURE"
      status=1
    else
      say "Outcome: failed, and the roll-back failed, too. Reason: $FAILURE See $LOG."
      status=3
    fi
    close_journal
    leave_lock
  elif ((status != 0)) && [[ ${HAS_LOCK:-} == true ]]; then
    say "Outcome: failed; this run changed nothing. Reason: ${FAILURE:-see the log}"
    leave_lock
  fi
  exit "$status"
}

# Give the requests back to what had them, and remove the candidate.
put_back() { # phase, bundle
  if [[ $1 == switched ]]; then
    say "Rolling back to $(name_of "$PREVIOUS")."
    return_requests || return 1
  fi
  if [[ $1 == switched || $1 == installed ]]; then
    restore_files "$2"
    [[ $(field '{{.Config.Image}}' "$(container_of sync)") != *"sync-${2##*/}" ]] || restore_sync
    log_containers "$CANDIDATE"
    empty_slot "$CANDIDATE" || return 1
    # A restoration stops them before it replaces the data.
    [[ $PREVIOUS == none || $PREVIOUS == container:* ]] || start_containers "$PREVIOUS" || return 1
    rm -f "$STATE/$CANDIDATE.release" "$STATE/$CANDIDATE.fingerprint"
  fi
}

# Send the requests to PREVIOUS again, whose containers still run, or are started.
return_requests() {
  case $PREVIOUS in
    none) choose_slot plain ;;
    container:*) choose_slot plain && give_back_port "$PREVIOUS" ;;
    *)
      start_containers "$PREVIOUS" || return 1
      choose_slot "$PREVIOUS"
      local tries
      for ((tries = 0; tries < 60; tries++)); do
        [[ $(proxy_status /ready) != 200 ]] || return 0
        sleep 1
      done
      say "warning: $(name_of "$PREVIOUS") answers $(proxy_status /ready) at /ready."
      ;;
  esac
}

log_containers() { # holder
  local container
  while read -r _ container; do
    log_last_lines "$container"
  done < <(containers_in "$1")
}

# Bring what a killed run left into order: before the switch it is undone, after it the candidate is kept if it works.
mend() {
  HAS_LOCK=true
  PHASE=
  [[ -f $STATE/journal ]] || return 0
  local phase release
  release=$(value_in "$STATE/journal" release)
  phase=$(value_in "$STATE/journal" phase)
  CANDIDATE=$(value_in "$STATE/journal" candidate)
  PREVIOUS=$(value_in "$STATE/journal" previous)
  say "Release $release was left unfinished in the phase '$phase' by $(value_in "$STATE/journal" who)."
  if [[ $phase == kept ]] || { [[ $phase == switched ]] && works_through_proxy; }; then
    say "It has the requests and works, so it is completed."
    drain "$PREVIOUS"
    write_file "$STATE/previous" "$PREVIOUS"
  else
    put_back "$phase" "$STATE/releases/$release" || die "What it left cannot be brought into order."
    say "It is undone: $(name_of "$PREVIOUS") has the requests."
  fi
  close_journal
  say "Mended what release $release left."
}

works_through_proxy() {
  is_running "$(container_of proxy)" && [[ $(chosen_slot) == "$CANDIDATE" && $(proxy_status /ready) == 200 ]]
}
