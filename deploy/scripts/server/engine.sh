#!/usr/bin/env bash
# The container engine of the server: Docker with its compose plugin, or podman with podman-compose.
#
# Each call closes descriptor 9, which holds the lock: podman's monitors outlive the deployment.

# Find the engine and its compose command: SAYSO_ENGINE and SAYSO_COMPOSE, else the first that works.
find_engine() {
  ENGINE=$(value_in "$BUNDLE/settings" SAYSO_ENGINE)
  if [[ -z $ENGINE ]]; then
    if command -v docker >/dev/null && docker info >/dev/null 2>&1; then
      ENGINE=docker
    elif command -v podman >/dev/null; then
      ENGINE=podman
    else
      die "There is neither a Docker engine that answers this user nor podman on the server."
    fi
  fi
  read -ra COMPOSE <<<"$(value_in "$BUNDLE/settings" SAYSO_COMPOSE)"
  if ((${#COMPOSE[@]} == 0)); then
    if [[ ${ENGINE##*/} == docker ]]; then
      COMPOSE=("$ENGINE" compose)
    elif command -v podman-compose >/dev/null; then
      COMPOSE=(podman-compose)
    else
      COMPOSE=("$ENGINE" compose)
    fi
  fi
  "${COMPOSE[@]}" version >/dev/null 2>&1 ||
    die "\`${COMPOSE[*]} version\` fails on the server: install the compose plugin of Docker, or podman-compose."
}

engine() {
  "$ENGINE" "$@" 9>&-
}

# Compose with the files of this installation; both slots have their release, see docker-compose.prod.yml.
compose() {
  (
    cd "$ROOT" || exit
    SAYSO_BLUE=$(release_in blue) SAYSO_GREEN=$(release_in green)
    export SAYSO_BLUE=${SAYSO_BLUE:-none} SAYSO_GREEN=${SAYSO_GREEN:-none}
    "${COMPOSE[@]}" --project-name "$PROJECT" --file docker-compose.prod.yml --profile slots "$@" 9>&-
  )
}

# The container of a compose service, as an id; nothing if there is none.
container_of() { # service
  engine ps --all --quiet --filter "label=com.docker.compose.project=$PROJECT" \
    --filter "label=com.docker.compose.service=$1" | first_line
}

# One field of a container or an image.
field() { # Go template, container
  engine inspect --format "$1" "$2" 2>/dev/null
}

is_running() { # container
  [[ -n $1 && $(field '{{.State.Running}}' "$1") == true ]]
}

# A container's environment variable.
variable_of() { # container, name
  local line
  while IFS= read -r line; do
    [[ $line != "$2="* ]] || printf '%s' "${line#*=}"
  done < <(field '{{range .Config.Env}}{{println .}}{{end}}' "$1") | tail -n 1
}

# An image's id without its algorithm; nothing if the server does not have the image.
image_id() { # reference
  local id
  id=$(engine image inspect --format '{{.Id}}' "$1" 2>/dev/null) || return 0
  printf '%s' "${id#sha256:}"
}

# The port of this machine at which a container publishes one of its ports; nothing if it does not.
published_port() { # container, port
  local address
  address=$(engine port "$1" "$2/tcp" 2>/dev/null | first_line) || return 0
  printf '%s' "${address##*:}"
}

# The container, of any project, that publishes a port of this machine; nothing if none does.
publisher_of() { # port
  engine ps --format '{{.ID}} {{.Ports}}' | grep -E "[:.]$1->" | cut -d ' ' -f 1 | first_line || true
}
