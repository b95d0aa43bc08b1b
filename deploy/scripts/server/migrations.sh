#!/usr/bin/env bash
# Migrations run when a new container starts, while the old release still works on the same tables. So they may only
# add. One that takes something away says so in its file (CONTRACTS), and is refused here, unless --contract is given
# when no older release is to be run any more.

check_migrations() {
  local url network answer status=0 contracting
  url=$(database_url)
  if [[ -z $url ]]; then
    say "Migrations: no database is known yet."
    return
  fi
  network=$(network_of "$PREVIOUS")
  answer=$(DATABASE_URL=$url answer_of engine run --rm --network "$network" --env DATABASE_URL \
    "sayso-slot:$(tag_of "${SERVICES[0]}")-$RELEASE" sayso migrate --check --json) || status=$?
  case $status in
    0) say "Migrations: none are pending." ;;
    3)
      say "Migrations: $answer"
      contracting=$(sed -n 's/.*"contracting": \[\([^]]*\)\].*/\1/p' <<<"$answer" | tr -d '" ')
      [[ -z $contracting ]] || check_contraction "$contracting"
      ;;
    1) say "warning: The database does not answer, so its migrations are not known." ;;
    *) die "The new release cannot use the database: \`sayso migrate --check\` ends with $status; the log has the reason." ;;
  esac
}

check_contraction() { # versions
  [[ $ALLOWS_CONTRACTION == true ]] || die "The migrations $1 take away what $(name_of "$PREVIOUS") needs, so it could not be \
rolled back to. Deploy a release without them first; then, when no older one is to run again, use --contract."
  say "warning: After the migrations $1, $(name_of "$PREVIOUS") cannot be run again (--contract)."
}

# The database of what runs.
database_url() {
  local container name url
  while read -r _ container; do
    for name in SAYSO_DATABASE_URL DATABASE_URL; do
      url=$(variable_of "$container" "$name")
      if [[ -n $url ]]; then
        echo "$url"
        return
      fi
    done
  done < <(containers_in "$PREVIOUS")
}
