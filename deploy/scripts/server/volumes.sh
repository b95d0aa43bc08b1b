#!/usr/bin/env bash
# Snapshots of the volumes that the containers of a holder write to.
#
# A snapshot is a tree of hard links: it takes no room, and what is published by a rename, as Sayso does it, never
# changes a file of a snapshot. What is appended to (logs) goes on to grow in both. Where hard links are not possible,
# because a volume is on another file system, the files are copied if there is room.
#
# The files belong to users of the containers, so a container of the release does it, without a network.

# Each volume once: kind (volume or bind), name, and its place on the server.
volumes_of() { # holder
  local service container kind name source writable
  while read -r _ container; do
    while IFS='|' read -r kind name source writable; do
      [[ $writable == true && $source == /* && -d $source ]] || [[ $kind == volume && $writable == true ]] || continue
      name=${name#"${PROJECT}_"}
      [[ $kind == volume ]] || name=${source##*/}
      [[ " ${SKIPPED_VOLUMES[*]} " == *" $name "* ]] || echo "$kind $name $source"
    done < <(field '{{range .Mounts}}{{printf "%s|%s|%s|%t\n" .Type .Name .Source .RW}}{{end}}' "$container")
  done < <(containers_in "$1") | sort -u
}

# The directory on the server in which a snapshot of a volume is, and to which hard links from it are possible.
snapshot_place() { # kind, source, backup
  if [[ $1 == volume ]]; then
    echo "${2%/*/_data}/$PROJECT-backups/_data/$3/volumes"
  else
    echo "$BACKUPS/$3/volumes"
  fi
}

# The directory that has both a volume and its snapshot, for one mount: hard links do not cross mounts.
common_directory() { # kind, source
  if [[ $1 == volume ]]; then
    echo "${2%/*/_data}"
  elif [[ $2 == "$ROOT"/* ]]; then
    echo "$ROOT"
  else
    echo /
  fi
}

# Run a shell script as root in a container that has a directory of the server below /host.
as_root() { # directory, script, arguments
  local directory=$1 script=$2
  shift 2
  engine run --rm --user 0 --network none --security-opt label=disable --entrypoint sh \
    --volume "$directory:/host${directory%/}/" "$HELPER_IMAGE" -c "$script" sh "$@"
}

# shellcheck disable=SC2016 # it runs in a container
SNAPSHOT='set -eu
rm -rf "$2" && mkdir -p "$2"
if cp -al "$1/." "$2/" 2>/dev/null; then echo linked; exit; fi
rm -rf "$2" && mkdir -p "$2"
need=$(du -sm "$1" | cut -f 1) free=$(df --output=avail --block-size=1M "$2" | tail -n 1 | tr -d " ")
if [ "$free" -lt $((need + $3)) ]; then echo "no room: $need MB of $free MB"; exit 3; fi
cp -a "$1/." "$2/" && echo copied'

snapshot_volumes() { # backup, holder
  local kind name source place how
  volumes_of "$2" >"$BACKUPS/$1/volumes.list"
  HELPER_IMAGE=$(helper_image "$2")
  [[ -s $BACKUPS/$1/volumes.list && -n $HELPER_IMAGE ]] || return 0
  while read -r kind name source <&4; do
    if [[ $kind == volume ]]; then logged engine volume inspect "$PROJECT-backups" || logged engine volume create "$PROJECT-backups"; fi
    place=$(snapshot_place "$kind" "$source" "$1")
    how=$(answer_of as_root "$(common_directory "$kind" "$source")" "$SNAPSHOT" "/host$source" "/host$place/$name" "$SPARE_MB") ||
      die "The volume $name cannot be backed up: ${how:-the log has the reason}."
    say "Volume $name: $how."
  done 4<"$BACKUPS/$1/volumes.list"
}

# An image with cp and du: that of the holder, else of this release.
helper_image() { # holder
  local service container image=
  while read -r _ container; do
    [[ $1 == container:* ]] || image=$(field '{{.Image}}' "$container")
  done < <(containers_in "$1")
  [[ -n $image || ! -f $BUNDLE/images ]] || image=$(image_id "sayso-slot:$(head -n 1 "$BUNDLE/images" |
    { read -r service _ && tag_of "$service"; })-$RELEASE")
  echo "$image"
}

# Remove a back-up's snapshots.
remove_snapshots() { # backup
  local kind name source place
  [[ -s $BACKUPS/$1/volumes.list ]] || return 0
  HELPER_IMAGE=${HELPER_IMAGE:-$(helper_image "$(current_holder)")}
  [[ -n $HELPER_IMAGE ]] || return 0
  while read -r kind name source <&4; do
    place=$(snapshot_place "$kind" "$source" "$1")
    # shellcheck disable=SC2016
    logged as_root "$(common_directory "$kind" "$source")" 'rm -rf "$1"' "/host${place%/volumes}" || true
  done 4<"$BACKUPS/$1/volumes.list"
}
