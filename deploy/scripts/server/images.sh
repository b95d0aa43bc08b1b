#!/usr/bin/env bash
# The images of a release. BUNDLE/images has a line for each service: service, reference, and the id that the image
# has where it was sent from, or `-` where the server is to pull it.

each_image() { # command that takes service, reference and id
  local service reference id
  while read -r service reference id; do
    "$@" "$service" "$reference" "$id" || return
  done <"$BUNDLE/images"
}

pull_image() { # service, reference, id
  if [[ $3 == - ]]; then
    say "Pulling $2."
    logged engine pull "$2" || die "The image $2 cannot be pulled: $(last_line)"
  elif [[ -z $(image_id "$3") ]]; then
    die "The image $2 ($3) is not on the server."
  fi
}

# The tag of its own keeps a release's image when the reference moves on, and names it to compose.
tag_image() { # service, reference, id
  local source=$2
  [[ $3 == - ]] || source=$3
  # shellcheck disable=SC2153 # a setting
  logged engine tag "$source" "sayso-slot:$(tag_of "$1")-$RELEASE"
}

log_image() { # service, reference, id
  say "$1: $2, sha256:$(image_id "sayso-slot:$(tag_of "$1")-$RELEASE")"
}

prepare_images() {
  each_image pull_image
  each_image tag_image
  each_image log_image
}

# Remove the images of releases that neither slot has; those in use by any container stay.
prune_images() {
  local tag release removed=0
  while read -r tag; do
    release=${tag#*-}
    [[ $release != before && $release != "$(release_in blue)" && $release != "$(release_in green)" && $release != "$RELEASE" ]] || continue
    if logged engine rmi "sayso-slot:$tag"; then removed=$((removed + 1)); fi
  done < <(engine images --format '{{.Repository}} {{.Tag}}' | grep -E '(^|/)sayso-slot ' | cut -d ' ' -f 2)
  prune_references
  say "Removed the images of $removed older releases' services."
}

# Tags in the repository of the releases whose image no container has any more.
prune_references() {
  local used tag id
  used=$(engine ps --all --quiet | xargs -r "$ENGINE" inspect --format '{{.Image}}' 9>&-) || return 0
  while read -r tag id; do
    grep -qE "^(sha256:)?${id#sha256:}\$" <<<"$used" || logged engine rmi "$IMAGE:$tag" || true
  done < <(engine images --no-trunc --format '{{.Repository}} {{.Tag}} {{.ID}}' |
    grep -E "^(localhost/)?$IMAGE (api|stories|cards|sync)-" | cut -d ' ' -f 2,3)
}
