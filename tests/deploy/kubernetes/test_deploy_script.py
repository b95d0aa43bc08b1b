"""deploy/kubernetes/deploy.sh: what it does in which order, and what a failure leaves behind.

kubectl, docker and make are stand-ins that record how they are called, and fail where a test says so; `kubectl
kustomize` is the real one.
"""

from __future__ import annotations

import os
import stat
import subprocess
from typing import TYPE_CHECKING

import pytest

from support.deploy.kubernetes import KUBERNETES, kubectl

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_KUBECTL = """#!/bin/bash
if [[ $1 == kustomize ]]; then
  [[ -z $WITHOUT ]] || sed -i "/- $WITHOUT/d" "$2/../../base/kustomization.yaml"
  exec {real} "$@"
fi
echo "kubectl $*" >>"$RECORD"
case "$*" in
  *revision*) cat "$REVISIONS" ;;
  *"get job"*) echo "${{JOB_STATE:-Complete}}" ;;
esac
if [[ -n $FAIL && "$*" == *$FAIL* ]]; then
  [[ "$*" != *rollout* ]] || echo 8 >"$REVISIONS"
  exit "${{FAIL_CODE:-1}}"
fi
"""
_OTHER = """#!/bin/bash
echo "$(basename "$0") $*" >>"$RECORD"
if [[ -n $FAIL && "$*" == *$FAIL* ]]; then exit 1; fi
"""


class Outcome:
    """What a run did."""

    def __init__(self, done: subprocess.CompletedProcess[str], record: Path) -> None:
        self.code = done.returncode
        self.words = done.stderr
        self.calls = record.read_text().splitlines() if record.exists() else []

    def position(self, *words: str) -> int:
        """Of the first call that has these words."""
        return next(number for number, call in enumerate(self.calls) if all(word in call for word in words))


@pytest.fixture
def deploy(tmp_path: Path) -> Callable[..., Outcome]:
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, text in (("kubectl", _KUBECTL.format(real=kubectl())), ("docker", _OTHER), ("make", _OTHER)):
        path = programs / name
        path.write_text(text)
        path.chmod(path.stat().st_mode | stat.S_IXUSR)

    def run(*arguments: str, fail: str = "", **environment: str) -> Outcome:
        record = tmp_path / "record"
        record.unlink(missing_ok=True)
        (tmp_path / "revisions").write_text("7\n")
        done = subprocess.run(
            [str(KUBERNETES / "deploy.sh"), *arguments],
            env=os.environ
            | {"PATH": f"{programs}:{os.environ['PATH']}", "RECORD": str(record), "FAIL": fail}
            | {"REVISIONS": str(tmp_path / "revisions"), "WITHOUT": ""}
            | environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        return Outcome(done, record)

    return run


def test_a_release_is_built_pushed_migrated_and_rolled_out(deploy: Callable[..., Outcome]) -> None:
    """In this order; the workers before the API, and every image with the version of the command line."""
    done = deploy("-e", "prod", "-b", "-p", "-t", "1.4.0")
    assert done.code == 0, done.words
    order = [
        done.position("make", "TARGETS=full", "SAYSO_VERSION=1.4.0"),
        done.position("make", "TARGETS=slim"),
        done.position("docker push", "sayso:full-1.4.0"),
        done.position("docker push", "sayso:slim-1.4.0"),
        done.position("delete job sayso-migrate"),
        done.position("apply", "sayso/applied-with=migration"),
        done.position("get job sayso-migrate"),
        done.position("apply", "sayso/applied-by!=administrator"),
        done.position("rollout status deployment/worker-model-sync-tts"),
        done.position("rollout status deployment/sayso-api"),
    ]
    assert order == sorted(order)
    assert not any("rollout undo" in call for call in done.calls)
    assert "full-1.4.0" in done.words


def test_a_dry_run_changes_nothing(deploy: Callable[..., Outcome]) -> None:
    """The difference to the cluster is shown: kubectl diff ends with 1 when there is one."""
    done = deploy("-e", "dev", "-b", "-p", "-d", "-t", "1.4.0", fail="diff")
    assert done.code == 0, done.words
    assert [call.split()[1] for call in done.calls if call.startswith("kubectl")] == ["diff"]
    assert not any(call.startswith(("make", "docker")) for call in done.calls)
    assert "would build" in done.words
    assert "would migrate the database first" in done.words
    assert "nothing was changed" in done.words


def test_a_dry_run_asks_nothing_about_the_job_of_before(deploy: Callable[..., Outcome]) -> None:
    """A job cannot be changed: the server would refuse the difference while the last one is there."""
    (call,) = deploy("-e", "prod", "-t", "1.4.0", "-d").calls
    assert call.endswith("--selector=sayso/applied-by!=administrator,app.kubernetes.io/name!=sayso-migrate")


def test_without_a_database_nothing_is_migrated(deploy: Callable[..., Outcome]) -> None:
    """No job is waited for where the base has none."""
    done = deploy("-e", "prod", "-t", "1.4.0", WITHOUT="migration")
    assert done.code == 0, done.words
    assert not any("sayso-migrate" in call for call in done.calls)
    assert done.position("rollout status deployment/sayso-api")


def test_a_roll_out_that_fails_goes_back(deploy: Callable[..., Outcome]) -> None:
    """Only what had a new revision, to the revision of before; the exit code says so."""
    done = deploy("-e", "prod", "-t", "1.4.0", fail="rollout status deployment/sayso-stories")
    assert done.code == 1
    undone = [call for call in done.calls if "rollout undo" in call]
    assert undone
    assert all("--to-revision=7" in call for call in undone)
    assert "going back: sayso-stories to revision 7" in done.words


@pytest.mark.parametrize(
    ("fail", "environment", "said", "never"),
    [
        ("TARGETS=full", {}, "the build failed", "docker"),
        ("push", {}, "the push failed", "apply"),
        ("get deployments", {}, "an administrator runs once", "apply"),
        ("", {"JOB_STATE": "Failed"}, "the migration failed", "rollout"),
    ],
)
def test_what_fails_before_the_roll_out_changes_no_deployment(
    deploy: Callable[..., Outcome], fail: str, environment: dict[str, str], said: str, never: str
) -> None:
    done = deploy("-e", "prod", "-b", "-p", "-t", "1.4.0", fail=fail, **environment)
    assert done.code == 3
    assert said in done.words
    assert not any(never in call for call in done.calls)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "Usage"),
        (["-e", "production"], "dev prod staging"),
        (["-e", "dev", "-w", "soon"], "number of seconds"),
        (["-e", "dev", "-t", "a b"], "the version of an image"),
        (["-e", "dev", "now"], "unknown argument: now"),
        (["-e", "prod"], "name the version for prod"),
    ],
)
def test_wrong_use_is_refused_before_anything_is_done(
    deploy: Callable[..., Outcome], arguments: list[str], said: str
) -> None:
    done = deploy(*arguments)
    assert (done.code, done.calls) == (2, [])
    assert said in done.words


def test_the_checkout_is_not_changed(deploy: Callable[..., Outcome]) -> None:
    """The version is set in a copy."""
    before = {path: path.read_bytes() for path in KUBERNETES.rglob("*") if path.is_file()}
    assert deploy("-e", "staging", "-t", "9.9.9").code == 0
    assert {path: path.read_bytes() for path in KUBERNETES.rglob("*") if path.is_file()} == before
