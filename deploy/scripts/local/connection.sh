#!/usr/bin/env bash
# The connection to the server: one, which all commands share, to a host whose key is known beforehand.

# Make the private directory of this run, with the key and the known hosts that were given as text.
open_connection() {
  local known_hosts=${SERVER_KNOWN_HOSTS:-$HOME/.ssh/known_hosts}
  if [[ $known_hosts == *' '* ]]; then
    printf '%s\n' "$known_hosts" >"$PRIVATE/known_hosts"
    known_hosts=$PRIVATE/known_hosts
  fi
  [[ -s $known_hosts ]] ||
    fail "There is no key of the server to compare with: set SERVER_KNOWN_HOSTS to a file of known hosts or its lines."
  SSH=(ssh -p "$SERVER_PORT" -l "$SERVER_USER" -o BatchMode=yes -o StrictHostKeyChecking=yes
    -o "UserKnownHostsFile=$known_hosts" -o GlobalKnownHostsFile=/dev/null -o UpdateHostKeys=no
    -o ConnectTimeout=15 -o ServerAliveInterval=15 -o ServerAliveCountMax=8
    -o ControlMaster=auto -o "ControlPath=$PRIVATE/control" -o ControlPersist=30)
  add_key
  "${SSH[@]}" "$SERVER_HOST" true ||
    fail "The server cannot be reached as $SERVER_USER@$SERVER_HOST port $SERVER_PORT, or its key is not the known one."
}

# CI_SSH_KEY: a private key, as its text or its file. Without one, ssh's own keys and agent are used.
add_key() {
  [[ -n ${CI_SSH_KEY:-} ]] || return 0
  local file=$CI_SSH_KEY
  if [[ $CI_SSH_KEY == *'PRIVATE KEY'* ]]; then
    file=$PRIVATE/key
    (umask 077 && printf '%s\n' "$CI_SSH_KEY" >"$file")
  fi
  [[ -r $file ]] || fail "CI_SSH_KEY is neither a private key nor a file of one."
  SSH+=(-i "$file" -o IdentitiesOnly=yes)
}

close_connection() {
  if [[ ${#SSH[@]} -gt 0 ]]; then "${SSH[@]}" -O exit "$SERVER_HOST" 2>/dev/null || true; fi
  rm -rf "$PRIVATE"
}

# Run a command line on the server; its words are ours or were checked, see check_settings.
on_server() { # command line
  "${SSH[@]}" "$SERVER_HOST" "$1"
}

# Run one of the server's commands.
server() { # command, argument
  on_server "bash '$REMOTE/scripts/main.sh' '$1' '$REMOTE' '${2:-}'"
}
