#!/usr/bin/env bash
# status: what runs, and what could be gone back to.

show_status() {
  local holder service container path
  holder=$(current_holder)
  echo "Environment: $ENVIRONMENT in $ROOT, compose project $PROJECT, engine $ENGINE"
  echo "Requests: $(name_of "$holder")"
  echo "Before: $(name_of "$(cat "$STATE/previous" 2>/dev/null || echo none)")"
  if [[ -f $STATE/journal ]]; then echo "Unfinished: $(paste -sd ' ' "$STATE/journal")"; fi
  if (flock --nonblock 9) 9>>"$STATE/lock" 2>/dev/null; then
    echo "Lock: free"
  else
    echo "Lock: $(cat "$STATE/lock.holder" 2>/dev/null)"
  fi
  for holder in plain blue green; do
    while read -r service container; do
      echo "$holder: $service $(field '{{.State.Status}}' "$container") $(field '{{.Config.Image}}' "$container")" \
        "$(field '{{.Image}}' "$container")"
    done < <(containers_in "$holder")
  done
  for path in "$BACKUPS"/*/complete; do
    [[ ! -f $path ]] || echo "Back-up $(basename "${path%/complete}"): $(<"$path")"
  done
  while IFS= read -r path; do
    echo "$(basename "$path" .log): $(grep -h '^[^ ]* Outcome: ' "$path" | tail -n 1 | cut -d ' ' -f 2-)"
  done < <(find "$ROOT/logs" -name 'deployment-*.log' 2>/dev/null | sort | tail -n 5)
}
