#!/usr/bin/env bash
# Resolve pyproject.toml into hashed lock files that name no download address: run (what `make run` installs),
# test (run and the checks), bench (test and the peers that we measure against).
set -euo pipefail
uv=$1
cd "$(dirname "$0")/.."

lock() { # name, then uv's selection of extras and groups
  local name=$1
  shift
  "$uv" pip compile pyproject.toml --universal --python-version 3.11 --quiet --generate-hashes \
    --no-emit-index-url --no-header --no-annotate --output-file "requirements/$name.txt" "$@"
}

lock run --extra espeak --extra s3 --group build
lock test --extra espeak --extra s3 --group build --group test --constraint requirements/run.txt
lock bench --extra espeak --extra s3 --group build --group test --group bench --constraint requirements/test.txt
