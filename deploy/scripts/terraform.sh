#!/usr/bin/env bash
# Plans and applies deploy/terraform without questions, for pipelines; what Terraform prints is also in out/terraform-ENV.txt.
#
#   terraform.sh validate                format and consistency; needs no credentials
#   terraform.sh plan ENV                what would change, with the image that runs now
#   terraform.sh apply ENV               change it, with the image that runs now
#   terraform.sh deploy ENV VERSION      change it, with the images stories-VERSION
#
# TERRAFORM_TFVARS, where set, becomes environments/ENV/terraform.tfvars if there is no such file.
set -euo pipefail
cd "$(dirname "$0")/../.."
stack=deploy/terraform
export TF_IN_AUTOMATION=1 TF_INPUT=0 TF_CLI_ARGS=-no-color

usage() { sed -n '4,7s/^# *//p' "$0" >&2; exit 2; }
refuse() { echo "terraform.sh: $1" >&2; exit 1; }

# deploy-ecs.yml may hold the state.
export TF_CLI_ARGS_plan=-lock-timeout=20m TF_CLI_ARGS_apply=-lock-timeout=20m

running_version() { # of the image of the service, from AWS; nothing if there is no service yet
  local definition image
  # shellcheck disable=SC2016 # the backticks are of the query language
  definition=$(aws ecs describe-services --region "$AWS_REGION" --cluster "${ECS_CLUSTER:-story-tts-cluster}" \
    --services "${ECS_SERVICE:-story-tts-service}" --query 'services[?status==`ACTIVE`].taskDefinition' --output text)
  [[ -n $definition && $definition != None ]] || return 0
  image=$(aws ecs describe-task-definition --region "$AWS_REGION" --task-definition "$definition" \
    --query 'taskDefinition.containerDefinitions[0].image' --output text)
  [[ $image == *:stories-* ]] || refuse "the service runs $image, whose tag is not stories-VERSION"
  echo "${image##*:stories-}"
}

run() { # make's arguments
  mkdir -p out
  make -C "$stack" "$@" 2>&1 | tee -a "out/terraform-$environment.txt"
}

action=${1:-}
case $action in
  validate)
    (($# == 1)) || usage
    terraform -chdir="$stack" fmt -check -diff -recursive
    terraform -chdir="$stack" init -backend=false
    terraform -chdir="$stack" validate
    exit
    ;;
  plan | apply) (($# == 2)) || usage ;;
  deploy) (($# == 3)) || usage ;;
  *) usage ;;
esac

environment=$2
directory=$stack/environments/$environment
[[ $environment =~ ^[a-z][a-z0-9-]*$ && -d $directory ]] || refuse "there is no environment $environment in $stack/environments"
: "${AWS_REGION:?the region}"
if [[ ! -f $directory/terraform.tfvars ]]; then
  [[ -n ${TERRAFORM_TFVARS:-} ]] || refuse "neither $directory/terraform.tfvars nor the variable TERRAFORM_TFVARS is there"
  printf '%s\n' "$TERRAFORM_TFVARS" >"$directory/terraform.tfvars"
fi
rm -f "out/terraform-$environment.txt"

version=${3:-}
if [[ $action != deploy ]]; then
  version=$(running_version)
  if [[ -z $version ]]; then
    [[ $action == plan ]] || refuse "no service runs yet: deploy-ecs.yml, or terraform.sh deploy, makes the first deployment"
    version=$(git rev-parse HEAD)
  fi
fi

case $action in
  plan) run plan ENV="$environment" VERSION="$version" ;;
  apply | deploy)
    run deploy ENV="$environment" VERSION="$version" APPROVED=1
    run info ENV="$environment"
    ;;
esac
