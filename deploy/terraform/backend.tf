# The state is in a bucket of your own; environments/NAME/backend.hcl names it. docs/how-to/ecs.md has the commands that make it:
# versioned, encrypted, with a lock file beside the state.
terraform {
  backend "s3" {
    encrypt      = true
    use_lockfile = true
  }
}
