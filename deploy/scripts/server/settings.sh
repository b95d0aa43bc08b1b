#!/usr/bin/env bash
# The settings of a run, which deploy.sh sent: KEY=VALUE lines, read as text and never evaluated.

# shellcheck disable=SC2034 # the variables are used by the files that are sourced after this one

SERVICES_OF_SAYSO=(whisper-api stories cards) # those that have slots

# Print the value of a key in a file of KEY=VALUE lines; nothing if the file or the key is missing.
value_in() { # file, key
  [[ -f $1 ]] || return 0
  local line
  while IFS= read -r line || [[ -n $line ]]; do
    [[ $line != "$2="* ]] || printf '%s' "${line#*=}"
  done <"$1" | tail -n 1
}

# Set the variables of a run from the directory that deploy.sh uploaded.
load_settings() { # directory
  local setting
  BUNDLE=$1
  setting() { value_in "$BUNDLE/settings" "$1"; }
  ROOT=$(setting PROJECT_PATH)
  ENVIRONMENT=$(setting ENVIRONMENT)
  RELEASE=$(setting RELEASE)
  WHO=$(setting WHO)
  COMMIT=$(setting COMMIT)
  PROJECT=$(setting SAYSO_PROJECT)
  IMAGE=$(setting SAYSO_IMAGE)
  SERVICES=() HAS_SYNC=false
  name_services
  read -ra SKIPPED_VOLUMES <<<"$(setting SAYSO_BACKUP_SKIP)"
  GATE_SECONDS=$(setting SAYSO_GATE_SECONDS)
  WATCH_SECONDS=$(setting SAYSO_WATCH_SECONDS)
  DRAIN_SECONDS=$(setting SAYSO_DRAIN_SECONDS)
  STOP_SECONDS=$(setting SAYSO_STOP_SECONDS)
  CUTOVER_SECONDS=$(setting SAYSO_CUTOVER_SECONDS)
  LOCK_SECONDS=$(setting SAYSO_LOCK_SECONDS)
  BACKUPS_KEPT=$(setting SAYSO_BACKUPS_KEPT)
  SPARE_MB=$(setting SAYSO_SPARE_MB)
  PGDUMP_IMAGE=$(setting SAYSO_PGDUMP_IMAGE)
  IS_DRY_RUN=$(setting DRY_RUN)
  IS_FORCED=$(setting FORCE)
  ALLOWS_WORSE=$(setting ALLOW_WORSE)
  ALLOWS_CONTRACTION=$(setting CONTRACT)
  STATE=$ROOT/.deploy
  BACKUPS=$ROOT/backups
  SLOTS=$ROOT/deploy/compose/slots
  LOG=$ROOT/logs/deployment-$RELEASE.log
  unset -f setting
}

# The suffix of a service's image tags.
tag_of() { # service
  if [[ $1 == whisper-api ]]; then echo api; else echo "$1"; fi
}

# The port on which a service listens in its container.
port_of() { # service
  if [[ $1 == sync ]]; then echo 8080; else echo 8000; fi
}

# The services of this release, which are those that have an image in it. SERVICES are those with slots.
name_services() {
  local service
  [[ -f $BUNDLE/images ]] || return 0
  while read -r service _; do
    if [[ $service == sync ]]; then HAS_SYNC=true; else SERVICES+=("$service"); fi
  done <"$BUNDLE/images"
}

# The services below those of Sayso: the proxy, and others by COMPOSE_PROFILES of the environment file.
base_services() {
  local profiles
  profiles=,$(value_in "$ROOT/.env" COMPOSE_PROFILES | tr -d "\"' "),
  [[ $profiles != *,database,* ]] || echo postgres
  echo proxy
  [[ $profiles != *,monitoring,* ]] || printf '%s\n' prometheus grafana
}
