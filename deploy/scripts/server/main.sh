#!/usr/bin/env bash
# What deploy.sh runs on the server: main.sh COMMAND BUNDLE [BACKUP]
#
# The bundle is the directory that deploy.sh uploaded. Needs bash, the engine, and Debian's essential programs.
set -euo pipefail

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck disable=SC2034 # the parts use them
FAILURE='' PHASE='' CANDIDATE='' PREVIOUS='' HELPER_IMAGE=''
for part in output settings engine lock journal slots images services requests gate database volumes backup \
  migrations installation switch drain finish deploy rollback restore status; do
  # shellcheck source=/dev/null # each part is checked by itself
  source "$HERE/$part.sh"
done

main() { # command, bundle, back-up
  load_settings "$2"
  case $1 in
    deploy | rollback | backup | restore)
      (umask 027 && mkdir -p "$ROOT/logs" "$BACKUPS" "$STATE" && : >>"$LOG")
      # A connection that ends does not end a deployment half-way: it goes on to its end, or rolls back.
      trap '' HUP PIPE
      trap 'FAILURE="interrupted by a signal"; exit 130' INT TERM
      trap on_exit EXIT
      # A command that fails without a message of ours is named as it is written, without the values in it.
      set -o errtrace
      trap 'FAILURE=${FAILURE:-${BASH_SOURCE[0]##*/} line $LINENO: $BASH_COMMAND}' ERR
      say "$1 of $RELEASE on $ENVIRONMENT by $WHO${COMMIT:+, commit $COMMIT}."
      ;;
    *) LOG=$BUNDLE/log ;;
  esac
  find_engine
  case $1 in
    deploy) deploy ;;
    dry-run) dry_run ;;
    rollback) roll_back ;;
    backup) back_up ;;
    restore) restore "$3" ;;
    export) export_backup "$3" ;;
    has-image) [[ -n $(image_id "$3") ]] ;;
    load) engine load ;;
    status) show_status ;;
    *)
      echo "error: main.sh has no command '$1'." >&2
      exit 2
      ;;
  esac
}

main "$@"
