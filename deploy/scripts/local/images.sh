#!/usr/bin/env bash
# The images of the release: the server pulls them from a registry, or they are sent from this machine's engine.

# Whether an image's name begins with a registry: a first part with a dot or a port.
has_registry() { # name
  [[ $1 == */* && (${1%%/*} == *.* || ${1%%/*} == *:*) && $1 != localhost/* ]]
}

# The services of the release, from SAYSO_SERVICES, or from COMPOSE_PROFILES of the environment file as compose reads it.
name_services() {
  local profiles name
  if [[ -z $SAYSO_SERVICES ]]; then
    if [[ -n $SAYSO_DEPLOY_ENV_FILE && -f $SAYSO_DEPLOY_ENV_FILE ]]; then
      profiles=$(sed -n 's/^COMPOSE_PROFILES=//p' "$SAYSO_DEPLOY_ENV_FILE" | tail -n 1)
    else
      profiles=$(on_server "sed -n 's/^COMPOSE_PROFILES=//p' '$PROJECT_PATH/.env' 2>/dev/null | tail -n 1")
    fi
    SAYSO_SERVICES=whisper-api
    for name in stories cards sync; do
      [[ ",${profiles//[\"\' ]/}," != *",$name,"* ]] || SAYSO_SERVICES+=" $name"
    done
  fi
  [[ " $SAYSO_SERVICES " == *" whisper-api "* ]] || fail "SAYSO_SERVICES must include whisper-api, which has the requests."
  for name in $SAYSO_SERVICES; do
    [[ $name =~ ^(whisper-api|stories|cards|sync)$ ]] ||
      fail "SAYSO_SERVICES has '$name'; there are whisper-api, stories, cards and sync."
  done
}

# Write PRIVATE/images: service, reference, id (or - for those that the server pulls).
name_images() {
  local service reference id tag
  name_services
  if [[ $SAYSO_TRANSFER == auto ]]; then
    if has_registry "$SAYSO_IMAGE"; then SAYSO_TRANSFER=pull; else SAYSO_TRANSFER=send; fi
  fi
  for service in $SAYSO_SERVICES; do
    tag=$service
    [[ $service != whisper-api ]] || tag=api
    reference=$SAYSO_IMAGE:$tag-$SAYSO_VERSION
    id=-
    if [[ $SAYSO_TRANSFER == send ]]; then
      find_local_engine ||
        fail "There is neither a Docker engine nor podman here to send images from. Set SAYSO_IMAGE to one in a registry."
      id=$("${LOCAL_ENGINE[@]}" image inspect --format '{{.Id}}' "$reference" 2>/dev/null) ||
        fail "There is no image $reference here. Build it (make image), or set SAYSO_IMAGE to one in a registry."
      id=${id#sha256:}
    fi
    echo "$service $reference $id"
  done >"$PRIVATE/images"
}

find_local_engine() {
  ((${#LOCAL_ENGINE[@]} == 0)) || return 0
  if [[ -n ${SAYSO_LOCAL_ENGINE:-} ]]; then
    read -ra LOCAL_ENGINE <<<"$SAYSO_LOCAL_ENGINE"
  elif command -v docker >/dev/null && docker info >/dev/null 2>&1; then
    LOCAL_ENGINE=(docker)
  elif command -v podman >/dev/null; then
    LOCAL_ENGINE=(podman)
  else
    return 1
  fi
}

# A name of an image for `save`: its reference if that is still the same image, else its id.
sendable() { # reference, id
  local id
  id=$("${LOCAL_ENGINE[@]}" image inspect --format '{{.Id}}' "$1" 2>/dev/null) || id=
  if [[ ${id#sha256:} == "$2" ]]; then echo "$1"; else echo "$2"; fi
}

# Send the images that the server lacks, all in one archive: they share most of their layers.
send_images() {
  local reference id missing=() options=()
  while read -r _ reference id <&4; do
    [[ $id == - ]] || server has-image "$id" </dev/null || missing+=("$(sendable "$reference" "$id")")
  done 4<"$PRIVATE/images"
  ((${#missing[@]} > 0)) || return 0
  [[ ${LOCAL_ENGINE[-1]##*/} != podman ]] || options=(--quiet --multi-image-archive --format docker-archive)
  echo "Sending ${missing[*]}."
  "${LOCAL_ENGINE[@]}" save "${options[@]}" "${missing[@]}" | gzip -1 |
    on_server "gzip -dc | bash '$REMOTE/scripts/main.sh' load '$REMOTE' >/dev/null 2>'$REMOTE/load.log'" || fail "The images cannot be loaded on the server: see $REMOTE/load.log there."
}

# The same for a back-up, whose images are known by id: those that the server lacks are sent from here, or pulled by
# their digest.
name_images_of_backup() {
  local service id references reference
  while read -r service id references <&4; do
    reference=$(digest_in "$references")
    if server has-image "$id" </dev/null || is_image_here "$id"; then
      echo "$service ${references%% *} $id"
    elif [[ -n $reference ]]; then
      echo "$service $reference -"
    else
      fail "The image of $service (sha256:$id) is neither on the server nor here, and in no registry: ${references:-no name}."
    fi
  done 4<"$PRIVATE/backup-images" >"$PRIVATE/images"
}

# The first reference by digest in a registry; nothing if there is none.
digest_in() { # references
  local reference
  for reference in $1; do
    if [[ $reference == *@sha256:* ]] && has_registry "$reference"; then
      echo "$reference"
      return
    fi
  done
}

is_image_here() { # id
  find_local_engine && "${LOCAL_ENGINE[@]}" image inspect "$1" >/dev/null 2>&1
}
