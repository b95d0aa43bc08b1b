#!/usr/bin/env bash
# Ends with 1 unless the tag (v1.2.3) names the version of the code, and the change log has a section for it.
set -euo pipefail
cd "$(dirname "$0")/../.."
tag=${1:?the tag, such as v1.2.3}
version=$(sed -nE 's/^__version__ = "(.*)"$/\1/p' src/sayso/__init__.py)
if [[ $tag != "v$version" ]]; then
  echo "The tag is $tag, but the version of the code is $version (src/sayso/__init__.py): it would have to be v$version." >&2
  exit 1
fi
if ! grep -qF "## [$version]" CHANGELOG.md; then
  echo "CHANGELOG.md has no section named '[$version]': rename '[Unreleased]'." >&2
  exit 1
fi
