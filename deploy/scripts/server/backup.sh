#!/usr/bin/env bash
# Back-ups: ROOT/backups/RELEASE has what ran before that release.
#
#   environment       the environment file, mode 0600
#   files/            the compose files and what they mount
#   images            a line for each service: its image's id, tags and digests
#   database.dump     pg_dump's custom format; external-N.dump for a database elsewhere, see database.sh
#   volumes           a line for each volume: name, kind and place
#   volumes/NAME      the files of a volume, see volumes.sh
#   complete          written last; a directory without it is no back-up

BACKUP_FILES=(docker-compose.prod.yml deploy/compose deploy/monitoring)

make_backup() { # name, holder
  local target=$BACKUPS/$1 path
  say "Backing up $(name_of "$2") to backups/$1."
  rm -f "$target/complete"
  (umask 077 && mkdir -p "$target/files")
  check_room "$SPARE_MB"
  if [[ -f $ROOT/.env ]]; then install -m 0600 "$ROOT/.env" "$target/environment"; fi
  for path in "${BACKUP_FILES[@]}"; do
    if [[ -e $ROOT/$path ]]; then (cd "$ROOT" && cp -R --parents "$path" "$target/files/"); fi
  done
  rm -rf "$target/files/deploy/compose/slots"
  images_of "$2" >"$target/images"
  write_file "$target/holder" "$2"
  dump_databases "$target" "$2"
  snapshot_volumes "$1" "$2"
  write_file "$target/complete" "made $(date -u +%Y-%m-%dT%H:%M:%SZ) by $WHO of $(name_of "$2")"
  say "The back-up is complete: $(du -sm "$target" | cut -f 1) MB, $(wc -l <"$target/volumes.list") volumes."
}

# A service, its image's id, and all references of it.
images_of() { # holder
  local service container id
  while read -r service container; do
    id=$(field '{{.Image}}' "$container")
    echo "$service ${id#sha256:} $(engine image inspect --format \
      '{{range .RepoTags}}{{.}} {{end}}{{range .RepoDigests}}{{.}} {{end}}' "$id" 2>/dev/null || true)"
  done < <(containers_in "$1")
}

# End the deployment if the file system of the back-ups has less than so many MB.
check_room() { # MB
  local free
  free=$(df --output=avail --block-size=1M "$BACKUPS" | tail -n 1 | tr -d ' ')
  ((free >= $1)) || die "There is no room for the back-up: $free MB are free in $BACKUPS, and it may need $1 MB."
}

# Remove all but the newest complete back-ups, and what is left of incomplete ones.
prune_backups() {
  local path name kept=0
  while IFS= read -r path; do
    name=${path##*/}
    if [[ -f $path/complete ]] && ((kept < BACKUPS_KEPT)); then
      kept=$((kept + 1))
    elif [[ $name != "$RELEASE" ]]; then
      remove_snapshots "$name"
      rm -rf "$path"
      say "Removed the old back-up $name."
    fi
  done < <(find "$BACKUPS" -mindepth 1 -maxdepth 1 -type d | sort --reverse)
}
