#!/usr/bin/env bash
# Pushes the images that `make image` has built, one architecture at a time, and joins both architectures under one name.
#
#   push-images.sh push ARCHITECTURE     sayso:api-V-amd64, … of this machine go to the registry
#   push-images.sh join ARCHITECTURE...  sayso:api-V, … become lists of those of both architectures
#
# SAYSO_IMAGE is the repository in the registry, SAYSO_VERSION the version V; log in before. ENGINE is docker unless set.
# `make image` must have been called with SAYSO_VERSION=V-ARCHITECTURE. Digests are written as sha256sum does: `push` to
# out/full-ARCHITECTURE.sha256 and out/slim-ARCHITECTURE.sha256, by what the images are made from, `join` to
# out/images.sha256.
set -euo pipefail

usage() { sed -n '2,10s/^# \{0,1\}//p' "$0" >&2; exit 2; }
(($# >= 2)) || usage
action=$1
shift
image=${SAYSO_IMAGE:?the repository in the registry}
version=${SAYSO_VERSION:?the version of the images}
read -ra engine <<<"${ENGINE:-docker}"
full=(full api stories)
slim=(slim cards sync)

push() { # what they are made from, the architecture, the images
  local base=$1 architecture=$2 name reference
  shift 2
  for name in "$@"; do
    reference=$image:$name-$version-$architecture
    if is_there "$reference"; then
      echo "$reference is there already, and stays"
    else
      "${engine[@]}" push "$reference"
    fi
    record "$reference" "$("${engine[@]}" buildx imagetools inspect "$reference" --format '{{.Manifest.Digest}}')" \
      "out/$base-$architecture.sha256"
  done
}

is_there() { # a name in the registry; a version there is never replaced
  "${engine[@]}" buildx imagetools inspect "$1" >/dev/null 2>&1
}

record() { # a name, its digest, a file
  [[ $2 =~ ^sha256:[0-9a-f]{64}$ ]] || { echo "push-images.sh: no digest of $1: $2" >&2; exit 1; }
  echo "${2#sha256:}  $1" | tee -a "$3"
}

mkdir -p out
case $action in
  push)
    rm -f "out/full-$1.sha256" "out/slim-$1.sha256"
    push full "$1" "${full[@]}"
    push slim "$1" "${slim[@]}"
    ;;
  join)
    rm -f out/images.sha256
    for name in "${full[@]}" "${slim[@]}"; do
      parts=()
      for architecture in "$@"; do parts+=("$image:$name-$version-$architecture"); done
      is_there "$image:$name-$version" ||
        "${engine[@]}" buildx imagetools create --tag "$image:$name-$version" "${parts[@]}"
      digest=$("${engine[@]}" buildx imagetools inspect "$image:$name-$version" --format '{{.Manifest.Digest}}')
      record "$image:$name-$version" "$digest" out/images.sha256
    done
    ;;
  *) usage ;;
esac
