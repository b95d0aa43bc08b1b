#!/usr/bin/env bash
# The settings of deploy.sh: variables of the environment, else of the file .env.deploy.ENVIRONMENT, else the defaults.

# shellcheck disable=SC2034 # the variables are used by the files that are sourced after this one

fail() { # message
  printf 'error: %s\n' "$*" >&2
  exit 2
}

# The settings that the server's part needs, in its file; none is secret.
SETTINGS_OF_SERVER=(SAYSO_PROJECT SAYSO_IMAGE SAYSO_ENGINE SAYSO_COMPOSE
  SAYSO_GATE_SECONDS SAYSO_WATCH_SECONDS SAYSO_DRAIN_SECONDS SAYSO_STOP_SECONDS SAYSO_CUTOVER_SECONDS SAYSO_LOCK_SECONDS
  SAYSO_BACKUPS_KEPT SAYSO_BACKUP_SKIP SAYSO_SPARE_MB SAYSO_PGDUMP_IMAGE)

# Set the variables that the environment does not set from a file of KEY=VALUE lines, which is not evaluated.
read_settings_file() { # file
  local line name
  [[ -f $1 ]] || return 0
  while IFS= read -r line || [[ -n $line ]]; do
    [[ $line =~ ^[A-Z][A-Z0-9_]*= ]] || continue
    name=${line%%=*}
    [[ -n ${!name+set} ]] || export "$name=${line#*=}"
  done <"$1"
}

load_settings() { # environment
  read_settings_file "$REPOSITORY/.env.deploy.$1"
  ENVIRONMENT=$1
  : "${SERVER_PORT:=22}" "${SAYSO_IMAGE:=sayso}" "${SAYSO_VERSION:=latest}" "${SAYSO_TRANSFER:=auto}"
  : "${SAYSO_SERVICES:=}" "${SAYSO_ENGINE:=}" "${SAYSO_COMPOSE:=}"
  : "${SAYSO_GATE_SECONDS:=180}" "${SAYSO_WATCH_SECONDS:=5}" "${SAYSO_DRAIN_SECONDS:=300}" "${SAYSO_STOP_SECONDS:=40}"
  : "${SAYSO_CUTOVER_SECONDS:=10}" "${SAYSO_LOCK_SECONDS:=5}" "${SAYSO_BACKUPS_KEPT:=7}" "${SAYSO_BACKUP_SKIP=models}"
  : "${SAYSO_SPARE_MB:=500}" "${SAYSO_PGDUMP_IMAGE:=}" "${SAYSO_DEPLOY_VARIABLES=OPENAI_API_KEY SAYSO_API_KEYS}"
  case $1 in
    production)
      : "${PROJECT_PATH:=/opt/sayso}" "${SAYSO_PROJECT:=sayso}" "${SAYSO_DEPLOY_ENV_FILE=$REPOSITORY/.env.prod}"
      ;;
    staging)
      : "${PROJECT_PATH:=/opt/sayso-staging}" "${SAYSO_PROJECT:=sayso-staging}"
      : "${SAYSO_DEPLOY_ENV_FILE=$REPOSITORY/.env.staging}"
      ;;
    *) fail "The environment is production or staging, not '$1'." ;;
  esac
  check_settings
  RELEASE=$(date -u +%Y%m%dT%H%M%SZ)-$(printf %04x $RANDOM)
  COMMIT=$(git -C "$REPOSITORY" rev-parse --short=12 HEAD 2>/dev/null || true)
  WHO=${GITHUB_ACTOR:-$(id -un)}@${GITHUB_REPOSITORY:-$(uname -n)}
}

check_settings() {
  local name
  for name in SERVER_HOST SERVER_USER; do
    [[ -n ${!name:-} ]] || fail "$name is not set: it names the server to deploy to."
  done
  # shellcheck disable=SC2153 # a setting
  [[ $SERVER_HOST =~ ^[A-Za-z0-9._:-]+$ && $SERVER_HOST != -* ]] || fail "SERVER_HOST is not the name of a host."
  [[ $SERVER_USER =~ ^[A-Za-z0-9._-]+$ && $SERVER_USER != -* ]] || fail "SERVER_USER is not the name of a user."
  [[ $PROJECT_PATH =~ ^/[A-Za-z0-9._/-]+$ ]] || fail "PROJECT_PATH must be an absolute path of letters, digits and . _ / -"
  [[ $SAYSO_PROJECT =~ ^[a-z0-9][a-z0-9_-]*$ ]] || fail "SAYSO_PROJECT must be a name of a compose project."
  [[ $SAYSO_TRANSFER =~ ^(auto|pull|send)$ ]] || fail "SAYSO_TRANSFER is auto, pull or send."
  for name in SERVER_PORT SAYSO_GATE_SECONDS SAYSO_WATCH_SECONDS SAYSO_DRAIN_SECONDS SAYSO_STOP_SECONDS \
    SAYSO_CUTOVER_SECONDS SAYSO_LOCK_SECONDS SAYSO_BACKUPS_KEPT SAYSO_SPARE_MB; do
    [[ ${!name} =~ ^[0-9]+$ ]] || fail "$name must be a whole number, not '${!name}'."
  done
}
