#!/usr/bin/env bash
# One deployment at a time. The lock is one of the operating system, on descriptor 9: it ends with its process, whatever
# ends that. The file's text only says who has it.

take_lock() {
  mkdir -p "$STATE"
  exec 9>>"$STATE/lock"
  if ! flock --exclusive --nonblock 9; then
    say "Another deployment is running: $(<"$STATE/lock.holder"). Waiting for up to $LOCK_SECONDS s."
    flock --exclusive --timeout "$LOCK_SECONDS" 9 || {
      say "error: Another deployment still runs: $(<"$STATE/lock.holder"). Nothing was changed."
      trap - EXIT
      exit 4
    }
  fi
  # A holder that ended in order removes its name.
  if [[ -s $STATE/lock.holder ]]; then
    say "The lock was left by a run that was killed: $(<"$STATE/lock.holder")."
  fi
  printf '%s\n' "$WHO, release $RELEASE, since $(date -u +%Y-%m-%dT%H:%M:%SZ), process $$" >"$STATE/lock.holder"
}

leave_lock() {
  rm -f "$STATE/lock.holder"
  exec 9>&-
}
