#!/usr/bin/env bash
# Draining: what had the requests finishes those it has, and is then stopped.

drain() { # holder
  local service container
  [[ $1 != none && $1 != container:* ]] || return 0
  while read -r service container; do
    if [[ $service == whisper-api || $service == cards ]] && is_running "$container"; then
      wait_until_idle "$service" "$container"
    fi
  done < <(containers_in "$1")
  stop_containers "$1" "$STOP_SECONDS" || say "warning: $(name_of "$1") does not stop; see the log."
  say "Stopped $(name_of "$1"); its containers stay, for --rollback."
}

# Wait until a container has no connection from the proxy, which has one for each request in progress.
wait_until_idle() { # service, container
  local count='' last='' end=$((SECONDS + DRAIN_SECONDS))
  while ((SECONDS < end)); do
    count=$(requests_in "$2" "$(port_of "$1")")
    [[ $count != 0 || $last != 0 ]] || return 0
    [[ $count == "$last" || $count == 0 ]] || say "$1: $count requests in progress end where they began."
    last=$count
    sleep 1
  done
  say "$1 still has $count requests after $DRAIN_SECONDS s; they have $STOP_SECONDS s more."
}

# How many connections from the proxy a container has, read from its own kernel tables.
requests_in() { # container, port
  local address addresses='' local_port
  for address in $(field '{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}' "$(container_of proxy)"); do
    addresses+=${addresses:+|}$(hexadecimal "$address")
  done
  local_port=$(printf %04X "$2")
  # A line has its number, the local address, the other one, and the state: 01 is an open connection.
  engine exec "$1" cat /proc/net/tcp /proc/net/tcp6 2>/dev/null |
    grep -cE "^ *[0-9]+: [0-9A-F]+:$local_port [0-9A-F]*($addresses):[0-9A-F]{4} 01 " || true
}

# An IPv4 address as the kernel's tables write it: the bytes in reverse.
hexadecimal() { # address
  local a b c d
  IFS=. read -r a b c d <<<"$1"
  printf '%02X%02X%02X%02X' "$d" "$c" "$b" "$a"
}
