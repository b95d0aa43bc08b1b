"""`make build push deploy info` of deploy/terraform: what is done in which order, and what a failure leaves behind.

terraform, aws, docker and the make of the repository are stand-ins that record how they are called.
"""

from __future__ import annotations

import os
import stat
import subprocess
from typing import TYPE_CHECKING

import pytest

from support.deploy.terraform import TERRAFORM

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_STAND_IN = """#!/bin/bash
echo "$(basename "$0") $*" >>"$RECORD"
[[ "$*" != *get-login-password* ]] || echo "hush-hush"
case "$*" in
  *get-caller-identity*) echo 111111111111 ;;
  *"output -raw cluster_name"*) echo story-tts-cluster ;;
  *"output -raw service_name"*) echo story-tts-service ;;
  *describe-services*) echo arn:aws:ecs:us-east-1:111111111111:task-definition/story-tts:8 ;;
  *describe-task-definition*) echo "111111111111.dkr.ecr.us-east-1.amazonaws.com/story-tts:${RUNNING:-stories-1.4.0}" ;;
  *login*) cat >>"$RECORD" ;;
esac
[[ -z $FAIL || "$*" != *$FAIL* ]]
"""


class Outcome:
    """What a run did."""

    def __init__(self, done: subprocess.CompletedProcess[str], record: Path) -> None:
        self.code = done.returncode
        self.words = done.stdout + done.stderr
        self.calls = record.read_text().splitlines() if record.exists() else []


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., Outcome]:
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("terraform", "aws", "docker", "repository-make"):
        path = programs / name
        path.write_text(_STAND_IN)
        path.chmod(path.stat().st_mode | stat.S_IXUSR)

    def run(*targets: str, fail: str = "", version: str = "1.4.0", **environment: str) -> Outcome:
        record = tmp_path / "record"
        record.unlink(missing_ok=True)
        options = [f"VERSION={version}", "ENV=prod", f"MAKE={programs / 'repository-make'}"]
        done = subprocess.run(
            ["/usr/bin/env", "make", "-C", str(TERRAFORM), *options, *targets],
            env=os.environ
            | {"PATH": f"{programs}:{os.environ['PATH']}", "RECORD": str(record), "FAIL": fail, "MAKEFLAGS": ""}
            | environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        return Outcome(done, record)

    return run


def words(calls: list[str]) -> list[str]:
    """The calls without the long options of Terraform."""
    return [" ".join(word for word in call.split() if not word.startswith("-chdir")) for call in calls]


def test_a_release_is_built_pushed_and_deployed(make: Callable[..., Outcome]) -> None:
    """In this order; the deployment is done when ECS runs exactly this image."""
    done = make("build", "push", "deploy")
    assert done.code == 0, done.words
    registry = "111111111111.dkr.ecr.us-east-1.amazonaws.com"
    calls = words(done.calls)
    assert "image TARGETS=stories SAYSO_VERSION=1.4.0" in calls[0]
    order = [
        next(number for number, call in enumerate(calls) if part in call)
        for part in (
            "TARGETS=stories",
            "get-login-password",
            f"docker tag sayso:stories-1.4.0 {registry}/story-tts:stories-1.4.0",
            f"docker push {registry}/story-tts:stories-1.4.0",
            "init -reconfigure -backend-config=environments/prod/backend.hcl",
            "apply -var-file=environments/prod/terraform.tfvars -var=environment=prod -var=app_image_tag=stories-1.4.0",
            "ecs wait services-stable",
            "describe-task-definition",
        )
    ]
    assert order == sorted(order)
    assert "deployed" in done.words


def test_the_password_of_the_registry_is_on_no_command_line(make: Callable[..., Outcome]) -> None:
    done = make("push")
    assert done.code == 0
    assert [call for call in done.calls if "hush-hush" in call] == ["hush-hush"]  # from standard input
    assert "hush-hush" not in done.words


def test_a_roll_back_by_ecs_is_a_failure(make: Callable[..., Outcome]) -> None:
    """The circuit breaker leaves the service stable, with the image of before: that is not what was deployed."""
    done = make("deploy", RUNNING="stories-1.3.0")
    assert done.code != 0
    assert "ECS rolled back: " in done.words
    assert "stories-1.3.0 runs, not stories-1.4.0" in done.words


@pytest.mark.parametrize("fail", ["get-login-password", "docker push", "init", "apply", "services-stable"])
def test_what_fails_ends_it(make: Callable[..., Outcome], fail: str) -> None:
    """Nothing after it is done."""
    done = make("push", "deploy", fail=fail.removeprefix("docker "))
    assert done.code != 0
    assert "deployed" not in done.words
    last = words(done.calls)[-1] if fail != "get-login-password" else fail
    assert fail.removeprefix("docker ") in last or fail in last


def test_tasks_that_narrate_have_half_an_hour(make: Callable[..., Outcome]) -> None:
    """The AWS command waits for ten minutes, and a protected task may take longer; at the end it is said why."""
    done = make("deploy", fail="services-stable")
    assert sum("services-stable" in call for call in done.calls) == 3
    assert "Tasks that narrate end first" in done.words


def test_the_repository_is_made_before_the_first_push(make: Callable[..., Outcome]) -> None:
    """Alone: the image that the service needs is not there yet."""
    done = make("repository")
    assert done.code == 0, done.words
    assert words(done.calls)[-1].endswith("-target=module.stories.aws_ecr_repository.app")


def test_changes_that_are_not_committed_are_not_pushed(make: Callable[..., Outcome]) -> None:
    """A tag is never overwritten, so two images of one commit could not be told apart."""
    done = make("push", version="1.4.0-3-gabcdef-dirty")
    assert done.code != 0
    assert "commit them first" in done.words
    assert done.calls == []


def test_info_changes_nothing(make: Callable[..., Outcome]) -> None:
    done = make("info")
    assert done.code == 0
    assert not any(part in call for call in done.calls for part in ("apply", "update", "push"))
