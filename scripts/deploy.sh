#!/usr/bin/env bash
# Deploy Sayso to a server over SSH, without a failed request; docs/how-to/deploy-over-ssh.md is the guide.
#
#   scripts/deploy.sh production|staging                 deploy SAYSO_IMAGE:SERVICE-SAYSO_VERSION
#   scripts/deploy.sh production|staging --dry-run       say what would happen, and change nothing
#   scripts/deploy.sh production|staging --rollback      give the requests back to what ran before
#   scripts/deploy.sh production|staging status          what runs, the lock, the back-ups, the last deployments
#   scripts/deploy.sh production|staging --backup        back up what runs
#   scripts/deploy.sh production|staging --export NAME   write a back-up to the standard output, as a tar archive
#   scripts/deploy.sh production|staging --restore NAME|FILE.tar   restore a back-up of the server, or an exported one
#
#   --force         deploy although the same release runs
#   --allow-worse   accept a release whose /health is worse, such as one without an engine that was taken out on purpose
#   --contract      accept a migration that the release before cannot work with
#
# Server:   SERVER_HOST, SERVER_USER, SERVER_PORT (22), PROJECT_PATH (/opt/sayso), CI_SSH_KEY (a key or its file),
#           SERVER_KNOWN_HOSTS (lines of known hosts or their file)
# Release:  SAYSO_IMAGE (sayso), SAYSO_VERSION (latest), SAYSO_SERVICES (by COMPOSE_PROFILES), SAYSO_TRANSFER (auto, pull or send)
# Secrets:  SAYSO_DEPLOY_ENV_FILE (.env.prod or .env.staging), OPENAI_API_KEY
# All of these may be in .env.deploy.production or .env.deploy.staging, too.
#
# Exit codes: 0 done; 1 failed, and what ran before runs; 2 wrong use; 3 failed, and so did the roll-back; 4 another
# deployment runs; 255 the connection was lost (the deployment goes on, see status).
set -euo pipefail

REPOSITORY=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck disable=SC2034 # the parts use them
SSH=() REMOTE='' LOCAL_ENGINE=()
for part in settings connection bundle images notify; do
  # shellcheck source=/dev/null # each part is checked by itself
  source "$REPOSITORY/deploy/scripts/local/$part.sh"
done

usage() {
  sed -n '2,/^set -euo/{/^#/{s/^# \{0,1\}//;p}}' "${BASH_SOURCE[0]}"
}

# Set COMMAND, TARGET (of --export and --restore) and the flags.
# shellcheck disable=SC2034 # send_bundle sends the flags
read_arguments() {
  COMMAND=deploy TARGET='' DRY_RUN=false FORCE=false ALLOW_WORSE=false CONTRACT=false
  while (($# > 0)); do
    case $1 in
      deploy | status) COMMAND=$1 ;;
      --dry-run) COMMAND=dry-run DRY_RUN=true ;;
      --rollback | --backup) COMMAND=${1#--} ;;
      --export | --restore)
        COMMAND=${1#--} TARGET=${2:-}
        [[ -n $TARGET ]] || fail "$1 needs a back-up; \`status\` lists them."
        shift
        ;;
      --force) FORCE=true ;;
      --allow-worse) ALLOW_WORSE=true ;;
      --contract) CONTRACT=true ;;
      *) fail "There is no option '$1'. See scripts/deploy.sh --help." ;;
    esac
    shift
  done
}

main() {
  case ${1:-} in
    production | staging) ;;
    -h | --help)
      usage
      exit 0
      ;;
    *) fail "usage: scripts/deploy.sh production|staging [status|--dry-run|--rollback|--restore NAME|…]; --help says more." ;;
  esac
  read_arguments "${@:2}"
  load_settings "$1"
  PRIVATE=$(mktemp -d) # mode 0700
  trap close_connection EXIT
  open_connection
  case $COMMAND in
    deploy) run_deploy ;;
    dry-run)
      name_images
      run_dry
      ;;
    rollback | backup) run_reported "$COMMAND" ;;
    status) quietly_on_server status ;;
    export) run_export ;;
    restore) run_restore ;;
  esac
}

run_deploy() {
  name_images
  send_bundle
  send_secrets
  send_images
  run_on_server deploy
}

# As a deployment, without the images; nothing of it stays on the server.
run_dry() {
  local status=0
  send_bundle
  send_secrets
  server dry-run || status=$?
  remove_bundle
  return "$status"
}

# Commands that leave no trace on the server.
quietly_on_server() { # command
  send_bundle
  local status=0
  server "$@" || status=$?
  remove_bundle
  return "$status"
}

run_reported() { # command
  send_bundle
  local status=0
  run_on_server "$1" || status=$?
  remove_bundle
  return "$status"
}

# Run a command that changes the installation, and tell its outcome.
run_on_server() { # command, argument
  local status=0 outcome
  server "$@" </dev/null | tee "$PRIVATE/output" || status=${PIPESTATUS[0]}
  outcome=$(sed -n 's/^Outcome: //p' "$PRIVATE/output" | tail -n 1)
  case $status in
    255) outcome="The connection was lost; the $1 goes on on the server. See: scripts/deploy.sh $ENVIRONMENT status" ;;
    4) outcome="Refused: another deployment is running." ;;
  esac
  [[ $status != 255 ]] || echo "warning: $outcome" >&2
  notify "Sayso $ENVIRONMENT: $1 $RELEASE" "${outcome:-It ended with exit code $status.} ($WHO${COMMIT:+, commit $COMMIT})"
  return "$status"
}

run_export() {
  [[ $TARGET =~ ^[A-Za-z0-9][A-Za-z0-9._-]*$ ]] || fail "'$TARGET' is not the name of a back-up."
  [[ ! -t 1 ]] || fail "The archive is written to the standard output: add > FILE.tar"
  quietly_on_server export "$TARGET"
}

# Restore a back-up of the server, or the archive of one, which may be of another server.
run_restore() {
  local name=$TARGET
  if [[ -f $TARGET ]]; then
    name=$(basename "$TARGET" .tar)
    [[ $name =~ ^[A-Za-z0-9][A-Za-z0-9._-]*$ ]] || fail "Rename the archive: its name may have letters, digits and . _ -"
    tar -xOf "$TARGET" ./images >"$PRIVATE/backup-images" 2>/dev/null || fail "$TARGET is not an exported back-up."
  else
    [[ $TARGET =~ ^[A-Za-z0-9][A-Za-z0-9._-]*$ ]] || fail "'$TARGET' is not the name of a back-up."
    on_server "cat '$PROJECT_PATH/backups/$name/images'" >"$PRIVATE/backup-images" ||
      fail "There is no back-up $name on the server; \`status\` lists them."
  fi
  send_bundle # the server's commands
  name_images_of_backup
  on_server "cat >'$REMOTE/images'" <"$PRIVATE/images"
  send_images
  if [[ -f $TARGET ]]; then
    on_server "umask 077 && mkdir -p '$PROJECT_PATH/backups' && cat >'$PROJECT_PATH/backups/$name.tar'" <"$TARGET"
  fi
  run_on_server restore "$name"
}

main "$@"
