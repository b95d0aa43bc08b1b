#!/usr/bin/env bash
# The files of an installation: those of the release in place of those before, and back.

# Keep what is in the place of the release's files, then put these there.
install_files() {
  local before=$BUNDLE/before path
  rm -rf "$before"
  (umask 077 && mkdir -p "$before")
  if [[ -f $ROOT/.env ]]; then install -m 0600 "$ROOT/.env" "$before/.env"; fi
  while IFS= read -r path; do
    if [[ -f $ROOT/$path ]]; then (cd "$ROOT" && cp --parents -p "$path" "$before/"); fi
  done < <(cd "$BUNDLE/files" && find . -type f -printf '%P\n')
  install_again "$BUNDLE"
}

# The environment file of the release: the one that was sent, or that of the server, with the variables that were sent in
# the place of its own. Mode 0600 throughout.
make_environment() {
  local source=$ROOT/.env new=$BUNDLE/installed.env line
  [[ ! -f $BUNDLE/environment ]] || source=$BUNDLE/environment
  rm -f "$new"
  (umask 077 && : >"$new")
  if [[ -f $source ]]; then
    while IFS= read -r line || [[ -n $line ]]; do
      [[ $line == *=* && -f $BUNDLE/variables ]] && grep -q "^${line%%=*}=" "$BUNDLE/variables" && continue
      printf '%s\n' "$line"
    done <"$source" >>"$new"
  fi
  [[ ! -f $BUNDLE/variables ]] || cat "$BUNDLE/variables" >>"$new"
}

# Compose must be able to read the release's files with its environment, before anything is changed.
check_configuration() {
  (
    cd "$BUNDLE/files" || exit
    logged "${COMPOSE[@]}" --project-name "$PROJECT" --env-file "$BUNDLE/installed.env" --file docker-compose.prod.yml \
      config --quiet 9>&-
  ) || die "Compose refuses the configuration: $(last_line)"
}

# Put the files and the environment of a release there again, of which the server still has the bundle.
install_again() { # the release's bundle
  [[ -d $1/files && -f $1/installed.env ]] || return 0
  cp -R "$1/files/." "$ROOT/"
  install -m 0600 "$1/installed.env" "$ROOT/.env.new"
  mv "$ROOT/.env.new" "$ROOT/.env"
}

# Put back the files and the environment from before a release.
restore_files() { # the release's bundle
  [[ -d $1/before ]] || return 0
  cp -R "$1/before/." "$ROOT/"
  if [[ -f $ROOT/.env ]]; then chmod 0600 "$ROOT/.env"; fi
}

# One line for everything that makes a release: images, files, environment, services.
fingerprint() {
  {
    each_image print_id
    echo "${SERVICES[*]} $HAS_SYNC"
    (cd "$BUNDLE/files" && find . -type f -print0 | sort -z | xargs -0r sha256sum)
    if [[ -f $BUNDLE/environment ]]; then cat "$BUNDLE/environment"; else cat "$ROOT/.env" 2>/dev/null || true; fi
    if [[ -f $BUNDLE/variables ]]; then cat "$BUNDLE/variables"; fi
  } | sha256sum | cut -d ' ' -f 1
}

print_id() { # service, reference, id
  echo "$1 $(image_id "sayso-slot:$(tag_of "$1")-$RELEASE")"
}

# Remove what the server keeps of releases that neither slot has, unless it is of a run that waits for the lock.
prune_releases() {
  local path name
  for path in "$STATE"/releases/*/; do
    name=$(basename "$path")
    [[ $(find "$path" -maxdepth 0 -mmin +60) ]] || continue
    [[ $name == "$RELEASE" || $name == "$(release_in blue)" || $name == "$(release_in green)" ]] || rm -rf "$path"
  done
}
