#!/usr/bin/env bash
# Checks what delivers Sayso, without a network: shell scripts by shellcheck, Dockerfiles by hadolint, workflows by
# actionlint (with shellcheck on each step) and zizmor. Every file of the work tree counts, committed or not.
# The programs are wheels, from requirements/lint-deploy.txt. Ends with 1 if one of them found something.
set -euo pipefail
cd "$(dirname "$0")/../.."
bin=$PWD/${VENV:-.venv}/bin
status=0
git rev-parse --is-inside-work-tree >/dev/null # without it, no file would be found and all would seem well

files() { # pathspecs: the files of the work tree that match, one a line
  git ls-files --cached --others --exclude-standard -- "$@" | sort -u | while IFS= read -r path; do
    [[ ! -f $path ]] || echo "$path"
  done
}

check() { # a name, the number of files, a command that prints what it found
  local name=$1 count=$2
  shift 2
  if ((count == 0)); then
    echo "$name: no files"
  elif "$@"; then
    echo "$name: $count files"
  else
    echo "$name: see above" >&2
    status=1
  fi
}

# A script is a file with a shell's first line, whatever its name.
mapfile -t scripts < <(files '*' | grep -vE '\.(md|py|json|ya?ml|txt|wav|mp3|png|svg)$' | tr '\n' '\0' |
  xargs -0r awk 'FNR == 1 { if (/^#!.*(ba|da|k)?sh([[:space:]]|$)/) print FILENAME; nextfile }')
mapfile -t dockerfiles < <(files '*Dockerfile' '*.Dockerfile' '*Containerfile' '*Dockerfile.*' | grep -v '\.dockerignore$')
mapfile -t workflows < <(files '.github/workflows/*.yml' '.github/workflows/*.yaml')
mapfile -t actions < <(files '.github/actions/*/action.yml' '.github/dependabot.yml')

check shellcheck "${#scripts[@]}" "$bin/shellcheck" --external-sources --source-path=SCRIPTDIR "${scripts[@]}"
check hadolint "${#dockerfiles[@]}" "$bin/hadolint" "${dockerfiles[@]}"
check actionlint "${#workflows[@]}" "$bin/actionlint" -shellcheck "$bin/shellcheck" "${workflows[@]}"
check zizmor "$((${#workflows[@]} + ${#actions[@]}))" \
  "$bin/zizmor" --offline --no-progress --quiet --strict-collection "${workflows[@]}" "${actions[@]}"
exit "$status"
