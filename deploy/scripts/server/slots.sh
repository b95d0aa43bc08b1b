#!/usr/bin/env bash
# The two slots, blue and green, and what has the requests.
#
# The proxy looks at the directory deploy/compose/slots at each request: a file `green` sends it to the containers of
# the slot green; else a file `blue` to those of blue; else to the plain services (`docker compose up` without
# deploy.sh). So a switch is one file that appears or goes: nothing is reloaded, no connection is closed.
#
# What has the requests is called blue, green, plain (the plain services), container:ID (an installation from before,
# which publishes the port itself), or none.

# The slot whose file the proxy finds.
chosen_slot() {
  if [[ -f $SLOTS/green ]]; then
    echo green
  elif [[ -f $SLOTS/blue ]]; then
    echo blue
  else
    echo plain
  fi
}

# What has the requests now.
current_holder() {
  local proxy port publisher
  proxy=$(container_of proxy)
  if is_running "$proxy"; then
    chosen_slot
    return
  fi
  port=$(public_port)
  publisher=$(publisher_of "$port")
  if [[ -n $publisher ]]; then
    echo "container:$publisher"
  elif [[ $(chosen_slot) != plain || -n $(container_of whisper-api) ]]; then
    chosen_slot
  else
    echo none
  fi
}

# The port at which clients find this installation.
public_port() {
  local port environment=$ROOT/.env
  [[ ! -f $BUNDLE/installed.env ]] || environment=$BUNDLE/installed.env
  port=$(value_in "$environment" SAYSO_PROXY_PORT)
  echo "${port:-8000}"
}

other_slot() { # slot
  if [[ $1 == blue ]]; then echo green; else echo blue; fi
}

# Send new requests to a slot.
choose_slot() { # blue, green or plain
  mkdir -p "$SLOTS"
  case $1 in
    green) : >"$SLOTS/green" ;;
    blue)
      : >"$SLOTS/blue"
      rm -f "$SLOTS/green"
      ;;
    plain) rm -f "$SLOTS/green" "$SLOTS/blue" ;;
  esac
}

# The compose service of one of our services in a slot.
service_in() { # holder, service
  if [[ $1 == plain ]]; then echo "$2"; else echo "$2-$1"; fi
}

# The containers of a holder, one a line: service and id.
containers_in() { # holder
  local service container
  case $1 in
    none) ;;
    container:*) echo "whisper-api ${1#container:}" ;;
    *)
      for service in "${SERVICES_OF_SAYSO[@]}"; do
        container=$(container_of "$(service_in "$1" "$service")")
        # A reader that has found its line does not wait for the rest.
        [[ -z $container ]] || echo "$service $container" 2>/dev/null || return 0
      done
      ;;
  esac
}

# Remove the containers of a slot, which has no requests.
empty_slot() { # blue or green
  local service container
  while read -r service container; do
    logged engine rm --force --volumes "$container" || {
      say "error: The container of $service in the slot $1 cannot be removed."
      return 1
    }
  done < <(containers_in "$1")
}

# How a holder is called in messages.
name_of() { # holder
  local release
  case $1 in
    none) echo "nothing" ;;
    plain) echo "the services without a slot" ;;
    container:*) echo "the container $(field '{{.Name}}' "${1#container:}" | tr -d /)" ;;
    *)
      release=$(release_in "$1")
      echo "release ${release:-unknown} ($1)"
      ;;
  esac
}
