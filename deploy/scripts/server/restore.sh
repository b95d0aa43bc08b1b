#!/usr/bin/env bash
# Back-ups on request, their way to another machine, and --restore.

# --backup: of what runs now.
back_up() {
  take_lock
  mend
  PREVIOUS=$(current_holder)
  [[ $PREVIOUS != none ]] || die "Nothing of this installation runs, so there is nothing to back up."
  make_backup "$RELEASE" "$PREVIOUS"
  prune_backups
  finish "backed up as $RELEASE"
}

# --export: a back-up as one tar archive on the standard output.
export_backup() { # backup
  local kind name source place
  [[ -f $BACKUPS/$1/complete ]] || die "There is no complete back-up $1 in $BACKUPS."
  HELPER_IMAGE=$(helper_image "$(current_holder)")
  local mounts=(--volume "$BACKUPS/$1:/backup:ro") volumes=()
  while read -r kind name source <&4; do
    place=$(snapshot_place "$kind" "$source" "$1")
    mounts+=(--volume "$place/$name:/snapshots/volumes/$name:ro")
    volumes+=("volumes/$name")
  done 4< <(cat "$BACKUPS/$1/volumes.list" 2>/dev/null)
  [[ -n $HELPER_IMAGE ]] || die "No release runs whose image has tar."
  # shellcheck disable=SC2016
  engine run --rm --user 0 --network none --security-opt label=disable "${mounts[@]}" --entrypoint sh "$HELPER_IMAGE" -c \
    'set -eu
     if [ $# = 0 ]; then exec tar -C /backup --exclude=./volumes -c .; fi
     exec tar -C /backup --exclude=./volumes -c . -C /snapshots "$@"' sh "${volumes[@]}"
}

# --restore: a back-up's images, files, environment, database and volumes, in this order, and then the requests.
restore() { # backup
  local backup=$BACKUPS/$1
  take_lock
  mend
  prepare_images
  if [[ -f $backup.tar ]]; then unpack_backup "$1"; fi
  [[ -f $backup/complete ]] || die "There is no complete back-up $1 in $BACKUPS."
  [[ $(<"$backup/holder") != container:* ]] ||
    die "The back-up $1 is of an installation before Sayso's proxy: go back to it with --rollback."
  rm -rf "$BUNDLE/files" "$BUNDLE/environment" "$BUNDLE/variables"
  cp -R "$backup/files" "$BUNDLE/files"
  [[ ! -f $backup/environment ]] || install -m 0600 "$backup/environment" "$BUNDLE/environment"
  make_environment
  choose_candidate
  say "Restoring the back-up $1 ($(<"$backup/complete")) in the slot $CANDIDATE; $(name_of "$PREVIOUS") has the requests."
  check_configuration
  check_port
  journal prepared
  if [[ $PREVIOUS != none ]]; then make_backup "$RELEASE" "$PREVIOUS"; fi
  journal installed
  install_files
  start_base proxy
  # shellcheck disable=SC2034 # for on_exit
  IS_RESTORING=true
  # Nothing may write while the database and the volumes are put in place.
  if [[ $PREVIOUS != none ]]; then
    say "The service is away from now: $(name_of "$PREVIOUS") is stopped while its data are replaced."
    drain "$PREVIOUS"
  fi
  if [[ -f $backup/database.dump ]]; then restore_own_database "$backup/database.dump"; fi
  if compgen -G "$backup/external-*.dump" >/dev/null; then
    say "warning: external-*.dump are of a database elsewhere; restore them there with pg_restore."
  fi
  create_candidate
  restore_volumes "$1"
  start_candidate_again
  pass_gate
  journal switched
  switch_requests
  validate
  if [[ $HAS_SYNC == true ]]; then replace_sync "$RELEASE" || die "sync does not answer 200 at /health with the restored image."; fi
  journal kept
  complete
  finish "restored the back-up $1"
}

# Unpack an archive from --export. The files of volumes keep their owners, so a container of the release does that.
unpack_backup() { # backup
  local directory=$BACKUPS/$1
  (umask 077 && mkdir -p "$directory/volumes")
  tar -C "$directory" --exclude=./volumes --exclude=volumes -xf "$directory.tar" || die "The archive $1.tar is damaged."
  HELPER_IMAGE=$(helper_image none)
  # shellcheck disable=SC2016
  logged as_root "$BACKUPS" 'if tar -tf "$1.tar" volumes >/dev/null 2>&1 || tar -tf "$1.tar" | grep -q "^volumes/"; then
      tar -C "$1" --numeric-owner -xpf "$1.tar" --wildcards "volumes/*"; fi' "/host$directory" ||
    die "The volumes of $1.tar cannot be unpacked; the log has the reason."
  rm -f "$directory.tar"
}

# Make the containers, and with them the volumes, without starting them.
create_candidate() {
  local service names=()
  empty_slot "$CANDIDATE" || die "The slot $CANDIDATE cannot be emptied."
  write_file "$STATE/$CANDIDATE.release" "$RELEASE"
  for service in "${SERVICES[@]}"; do names+=("$(service_in "$CANDIDATE" "$service")"); done
  logged compose up --no-start --no-deps "${names[@]}" || die "The containers cannot be made; the log has the reason."
}

start_candidate_again() {
  start_containers "$CANDIDATE" || die "The restored containers do not start; the log has the reason."
}

# shellcheck disable=SC2016 # it runs in a container
PUT_VOLUME='set -eu
find "$2" -mindepth 1 -delete
cp -a "$1/." "$2/"'

# The files of each volume in place of what the volume has.
restore_volumes() { # backup
  local kind name source place target
  [[ -s $BACKUPS/$1/volumes.list ]] || return 0
  HELPER_IMAGE=$(field '{{.Image}}' "$(container_of "$(service_in "$CANDIDATE" "${SERVICES[0]}")")")
  while read -r kind name source <&4; do
    target=$(volumes_of "$CANDIDATE" | { grep -E "^$kind $name " || true; } | first_line | cut -d ' ' -f 3)
    if [[ -z $target ]]; then
      say "warning: No service uses a volume $name, so it is not restored."
      continue
    fi
    place=$BACKUPS/$1/volumes/$name
    [[ -d $place ]] || place=$(snapshot_place "$kind" "$source" "$1")/$name
    logged engine run --rm --user 0 --network none --security-opt label=disable --entrypoint sh \
      --volume "$place:/from:ro" --volume "$target:/to" "$HELPER_IMAGE" -c "$PUT_VOLUME" sh /from /to ||
      die "The volume $name cannot be restored; the log has the reason."
    say "Restored the volume $name."
  done 4<"$BACKUPS/$1/volumes.list"
}
