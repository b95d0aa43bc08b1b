#!/usr/bin/env bash
# Makes the release of a tag on GitHub, with the section of the change log, the wheel of dist/, the SBOMs of out/sbom/ and
# the digests of the images. Called again, it replaces the files. Needs gh with GH_TOKEN and GH_REPO.
set -euo pipefail
cd "$(dirname "$0")/../.."
tag=${1:?the tag, such as v1.2.3}
version=${tag#v}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
awk -v head="## [$version]" 'index($0, head) == 1 { on = 1; next } /^## \[/ { on = 0 } on' CHANGELOG.md >"$work/notes.md"

files=(dist/*.whl out/images.sha256)
# out/sbom/sbom-amd64/full.json becomes full-amd64.json: one name for each file of a release.
while IFS= read -r path; do
  architecture=$(basename "$(dirname "$path")")
  name=$(basename "$path")
  cp "$path" "$work/${name%%.*}-${architecture#sbom-}.${name#*.}"
  files+=("$work/${name%%.*}-${architecture#sbom-}.${name#*.}")
done < <(find out/sbom -mindepth 2 -type f -name '*.json' | sort)

if gh release view "$tag" >/dev/null 2>&1; then
  gh release upload "$tag" --clobber "${files[@]}"
else
  gh release create "$tag" --verify-tag --title "Sayso $version" --notes-file "$work/notes.md" "${files[@]}"
fi
