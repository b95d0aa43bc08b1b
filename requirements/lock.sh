#!/usr/bin/env bash
# Resolve pyproject.toml into hashed lock files that name no download address: run (what `make run` installs),
# test (run and the checks), bench (test and the peers that we measure against), npm (for a machine without Node.js),
# deploy (notifications of scripts/deploy.sh), lint-deploy (the checks of scripts, Dockerfiles and workflows), the AWS emulator of docker-compose.yml;
# image (what every container image contains), image-engines (what those with local engines contain besides), and
# image-build (what builds Sayso's wheel for them); sbom (what writes their bill of materials).
set -euo pipefail
uv=$1
cd "$(dirname "$0")/.."

lock() { # name, then uv's selection of sources, extras and groups
  local name=$1
  shift
  "$uv" pip compile --universal --python-version 3.11 --quiet --generate-hashes \
    --no-emit-index-url --no-header --no-annotate --output-file "requirements/$name.txt" "$@"
}

extras=(--extra espeak --extra ja --extra zh --extra alignment --extra aws --extra embedded --extra otel)

lock run pyproject.toml "${extras[@]}" --group build
lock test pyproject.toml "${extras[@]}" --group build --group test --constraint requirements/run.txt
lock bench pyproject.toml "${extras[@]}" --group build --group test --group bench \
  --constraint requirements/test.txt
lock deploy --group pyproject.toml:deploy --constraint requirements/test.txt
lock npm --group pyproject.toml:npm
lock lint-deploy --group pyproject.toml:lint-deploy --constraint requirements/test.txt
lock ../deploy/compose/aws/requirements --group pyproject.toml:aws-emulator --constraint requirements/test.txt

# The images have no embedded database, and no command of num2words (docopt, which has no wheel). hf-xet makes large
# downloads from a model hub faster; the images download nothing. pyopenjtalk-plus has a dictionary of its own, and asks
# sudachidict-core (193 MB) only for what Sayso turns off. Those without local engines do not have `engines`.
image=(pyproject.toml --extra espeak --extra ja --extra zh --extra aws --extra otel)
engines=(espeakng-loader faster-whisper huggingface-hub jieba-py onnx onnxruntime pyopenjtalk-plus pypinyin sudachipy)
excluding() { printf '%s\n' docopt hf-xet sudachidict-core "$@"; }

lock image "${image[@]}" --excludes <(excluding "${engines[@]}") --constraint requirements/run.txt
mapfile -t both < <(sed -nE 's/^([a-z0-9._-]+)==.*/--no-emit-package=\1/p' requirements/image.txt)
lock image-engines "${image[@]}" --excludes <(excluding) --constraint requirements/run.txt "${both[@]}"
lock sbom --group pyproject.toml:sbom --constraint requirements/test.txt
lock image-build --group pyproject.toml:build --constraint requirements/run.txt
