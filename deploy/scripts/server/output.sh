#!/usr/bin/env bash
# What a deployment says: each line goes to its log, and to whoever called, for as long as they listen.

# Write a line to the log and to the caller, whose connection may have ended.
say() {
  printf '%s %s\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$*" >>"$LOG"
  printf '%s\n' "$*" 2>/dev/null || true
}

# Say why the deployment cannot go on, and end the process; `on_exit` (see finish.sh) puts back what ran before.
die() {
  # shellcheck disable=SC2034 # for on_exit
  FAILURE=$*
  say "error: $*"
  exit 1
}

# Run a command whose output is for the log alone.
logged() {
  "$@" >>"$LOG" 2>&1
}

# A command's output, with its errors in the log.
answer_of() {
  "$@" 2>>"$LOG"
}

# The last line of the log, which has the reason of a failure.
last_line() {
  tail -n 1 "$LOG" | cut -c 1-300
}

# The first line of the input, all of which is read: a program whose reader ends early would fail.
first_line() {
  local line=
  IFS= read -r line || true
  cat >/dev/null
  [[ -z $line ]] || printf '%s\n' "$line"
}
