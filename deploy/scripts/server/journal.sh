#!/usr/bin/env bash
# The journal: how far the running deployment has come. It is written before each step, and removed at the end, so one
# that is still there is of a run that was killed.
#
# Phases: prepared (nothing of the installation is changed), installed (files, environment, candidate), switched (the
# candidate has the requests), kept (the candidate passed; the old one is being drained).

# Write a text to a file in one step.
write_file() { # file, text
  printf '%s\n' "$2" >"$1.new"
  mv "$1.new" "$1"
}

journal() { # phase
  PHASE=$1
  write_file "$STATE/journal" "release=$RELEASE
who=$WHO
phase=$PHASE
candidate=$CANDIDATE
previous=$PREVIOUS"
}

close_journal() {
  PHASE=
  rm -f "$STATE/journal"
}

# The release that a slot's containers were made from.
release_in() { # slot
  if [[ -f $STATE/$1.release ]]; then cat "$STATE/$1.release"; fi
}
