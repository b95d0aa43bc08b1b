#!/usr/bin/env bash
# What is sent to the server: the settings, the scripts that run there, the compose files, and the secrets.

FILES_OF_RELEASE=(docker-compose.prod.yml deploy/compose deploy/monitoring)

# Make the bundle and send it; REMOTE is its directory on the server.
send_bundle() {
  local bundle=$PRIVATE/bundle path name
  REMOTE=$PROJECT_PATH/.deploy/releases/$RELEASE
  mkdir -p "$bundle/scripts" "$bundle/files"
  {
    printf '%s=%s\n' PROJECT_PATH "$PROJECT_PATH" ENVIRONMENT "$ENVIRONMENT" RELEASE "$RELEASE" WHO "$WHO" COMMIT "$COMMIT" \
      DRY_RUN "$DRY_RUN" FORCE "$FORCE" ALLOW_WORSE "$ALLOW_WORSE" CONTRACT "$CONTRACT"
    for name in "${SETTINGS_OF_SERVER[@]}"; do printf '%s=%s\n' "$name" "${!name}"; done
  } >"$bundle/settings"
  [[ ! -f $PRIVATE/images ]] || cp "$PRIVATE/images" "$bundle/images"
  cp "$REPOSITORY"/deploy/scripts/server/* "$bundle/scripts/"
  for path in "${FILES_OF_RELEASE[@]}"; do
    if [[ -e $REPOSITORY/$path ]]; then (cd "$REPOSITORY" && cp -R --parents "$path" "$bundle/files/"); fi
  done
  rm -f "$bundle"/files/deploy/compose/slots/{blue,green}
  tar -C "$bundle" -c . | on_server "umask 077 && mkdir -p '$REMOTE' && tar -C '$REMOTE' -x --no-same-owner"
  # What containers read must be readable for their users.
  on_server "chmod -R a+rX '$REMOTE/files' && chmod a+x '$PROJECT_PATH' '$PROJECT_PATH/.deploy' '$PROJECT_PATH/.deploy/releases'"
}

# Send the environment file, and single variables, by standard input into files of mode 0600.
send_secrets() {
  local name
  if [[ -n $SAYSO_DEPLOY_ENV_FILE && -f $SAYSO_DEPLOY_ENV_FILE ]]; then
    on_server "umask 077 && cat >'$REMOTE/environment'" <"$SAYSO_DEPLOY_ENV_FILE"
  fi
  for name in $SAYSO_DEPLOY_VARIABLES; do
    [[ ${!name:-} != *$'\n'* ]] || fail "$name has more than one line, which an environment file cannot hold."
    [[ -z ${!name:-} ]] || printf '%s=%s\n' "$name" "${!name}"
  done >"$PRIVATE/variables"
  [[ ! -s $PRIVATE/variables ]] || on_server "umask 077 && cat >'$REMOTE/variables'" <"$PRIVATE/variables"
}

remove_bundle() {
  on_server "rm -rf '$REMOTE'"
}
