#!/usr/bin/env bash
# Writes a comment on a pull request, or changes the one that an earlier run wrote: there is one for each title.
#
#   comment.sh NUMBER TITLE FILE     the number of the pull request; the comment is Markdown, from the file
#   comment.sh --commit SHA TITLE FILE     on the pull request that brought this commit, if one did
#
# Needs gh with GH_TOKEN and GH_REPO.
set -euo pipefail
limit=60000 # GitHub refuses comments of more than 65,536 characters

if [[ ${1:-} == --commit ]]; then
  number=$(gh api "repos/$GH_REPO/commits/$2/pulls" --jq '.[0].number // empty')
  [[ -n $number ]] || { echo "No pull request brought $2: no comment."; exit 0; }
  shift 2
else
  number=${1:?the number of the pull request}
  shift
fi
title=${1:?the title of the comment}
file=${2:?the file with the text}
[[ $number =~ ^[0-9]+$ ]] || { echo "comment.sh: not the number of a pull request: $number" >&2; exit 2; }

mark="<!-- sayso: $title -->"
body=$(mktemp)
trap 'rm -f "$body"' EXIT
{
  echo "$mark"
  echo "### $title"
  echo
  head -c "$limit" "$file" | iconv -c -t utf-8
  if (($(wc -c <"$file") > limit)); then
    echo
    echo "… The rest is in the log of the run."
  fi
} >"$body"

existing=$(MARK=$mark gh api "repos/$GH_REPO/issues/$number/comments" --paginate \
  --jq '.[] | select(.body | startswith(env.MARK)) | .id' | head -n 1)
if [[ -n $existing ]]; then
  gh api --method PATCH "repos/$GH_REPO/issues/comments/$existing" --field "body=@$body" --silent
else
  gh api --method POST "repos/$GH_REPO/issues/$number/comments" --field "body=@$body" --silent
fi
