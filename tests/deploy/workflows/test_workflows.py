"""The workflows call what is there, with the secrets of the contract, and with no more rights than they use."""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[3]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
PAGE = ROOT / "docs" / "operations" / "pipelines.md"

SECRETS = {
    *("SERVER_HOST", "SERVER_USER", "CI_SSH_KEY", "OPENAI_API_KEY"),
    *(
        "SERVER_PORT",
        "PROJECT_PATH",
        "TELEGRAM_BOT_TOKEN",
        "TELEGRAM_CHAT_ID",
        "SLACK_WEBHOOK_URL",
        "SAYSO_NOTIFY_URLS",
    ),
    *("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"),
    "GITHUB_TOKEN",
}
"""Those of the systems that Sayso replaces; GitHub makes the last."""

PINNED = {
    "actions/attest": ("1e69f48acb82d1966a394da916b4c1698aa569d6", "v4.2.2"),
    "actions/checkout": ("3d3c42e5aac5ba805825da76410c181273ba90b1", "v7.0.1"),
    "actions/download-artifact": ("3e5f45b2cfb9172054b4087a40e8e0b5a5461e7c", "v8.0.1"),
    "actions/setup-python": ("5fda3b95a4ea91299a34e894583c3862153e4b97", "v7.0.0"),
    "actions/upload-artifact": ("bbbca2ddaa5d8feaa63e36b76fdaad77386f024f", "v7.0.0"),
    "aquasecurity/trivy-action": ("ed142fd0673e97e23eac54620cfb913e5ce36c25", "v0.36.0"),
    "aws-actions/amazon-ecr-login": ("03f1aad4c6c7ffd436567f42f9384779290529bd", "v2.1.7"),
    "aws-actions/configure-aws-credentials": ("e6de054238d6b7531b4efff3b6587d9aade6a06c", "v6.2.3"),
    "docker/login-action": ("4907a6ddec9925e35a0a9e82d7399ccc52663121", "v4.1.0"),
    "hashicorp/setup-terraform": ("dfe3c3f87815947d99a8997f908cb6525fc44e9e", "v4.0.1"),
}
"""Each action with the commit that its repository's tag named when it was read."""

WRITES = {
    "build-and-push.yml": {"id-token"},
    "deploy-ecs.yml": {"id-token", "pull-requests"},
    "release.yml": {"attestations", "contents", "id-token", "packages"},
    "terraform.yml": {"id-token", "pull-requests"},
}
"""What each workflow may write; the others may write nothing."""


def jobs_of(path: Path) -> dict[str, dict[str, Any]]:
    """The jobs of a workflow."""
    jobs: dict[str, dict[str, Any]] = yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"]
    return jobs


def steps_of(path: Path) -> Iterator[dict[str, Any]]:
    """Every step of a workflow."""
    for job in jobs_of(path).values():
        yield from job.get("steps", ())


def targets_of(makefile: Path) -> set[str]:
    """The targets of a Makefile."""
    lines = makefile.read_text(encoding="utf-8").splitlines()
    return {name for line in lines if (rule := _RULE.match(line)) for name in rule[1].split()}


def problem_of(command: str) -> str | None:
    """Why a step's command is not one call of the repository; None if it is one."""
    if "\n" in command.strip() or re.search(r"[;&|<>`]|\$\(", command):
        return "it is shell, not one call"
    words = shlex.split(command)
    if words[0] != "make":
        path = ROOT / words[0]
        return None if path.is_file() and os.access(path, os.X_OK) else "there is no such program in the repository"
    directory = ROOT
    if words[1] == "-C":
        directory, words = ROOT / words[2], words[2:]
    unknown = {word for word in words[1:] if "=" not in word} - targets_of(directory / "Makefile")
    return f"there is no target {', '.join(unknown)}" if unknown else None


_RULE = re.compile(r"([a-z][a-z -]*):(?!=)")

workflows = pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)


@workflows
def test_each_step_calls_the_repository(path: Path) -> None:
    """A `run` is a make target or a program of the repository that exists, so that it can be run anywhere."""
    problems = {step["run"]: problem_of(step["run"]) for step in steps_of(path) if "run" in step}
    assert {command: problem for command, problem in problems.items() if problem} == {}


@workflows
def test_actions_are_pinned(path: Path) -> None:
    """Each action is the commit that was read, with its tag beside it; a workflow of ours is of the same commit."""
    for action, commit, tag in re.findall(r"uses: ([^@\s]+)(?:@(\S+))?(?: # (\S+))?", path.read_text(encoding="utf-8")):
        if action.startswith("$/"):
            assert (ROOT / action.removeprefix("$/")).is_file()
        else:
            assert (commit, tag) == PINNED[action]


@workflows
def test_secrets_are_those_of_the_contract(path: Path) -> None:
    """No workflow needs a secret that the replaced systems did not have, and the page describes each."""
    used = set(re.findall(r"secrets\.(\w+)", path.read_text(encoding="utf-8")))
    assert used <= SECRETS
    page = PAGE.read_text(encoding="utf-8")
    assert {name for name in used | {path.name} if f"`{name}`" not in page} == set()


@workflows
def test_variables_are_described(path: Path) -> None:
    """Each variable of the repository that a workflow reads is on the page."""
    used = set(re.findall(r"vars\.(\w+)", path.read_text(encoding="utf-8")))
    page = PAGE.read_text(encoding="utf-8")
    assert {name for name in used if f"`{name}`" not in page} == set()


@workflows
def test_rights_are_least(path: Path) -> None:
    """A workflow begins with no right to write; each that a job asks for is known here."""
    workflow = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert workflow["permissions"] in ({}, {"contents": "read"})
    rights = [job.get("permissions", {}) for job in workflow["jobs"].values()]
    writes = {name for of_job in rights for name, right in of_job.items() if right == "write"}
    assert writes == WRITES.get(path.name, set())


@workflows
def test_nothing_runs_for_ever_or_twice(path: Path) -> None:
    """Each job has a time limit, and each workflow says which of its runs may run beside one another."""
    workflow = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert {"group", "cancel-in-progress"} <= workflow["concurrency"].keys()
    assert {name for name, job in workflow["jobs"].items() if "steps" in job and "timeout-minutes" not in job} == set()


@workflows
def test_checkouts_keep_no_credentials(path: Path) -> None:
    """The token of a run does not stay in the work tree, where later steps could read it."""
    checkouts = [step for step in steps_of(path) if step.get("uses", "").startswith("actions/checkout@")]
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)


@workflows
def test_what_changes_a_system_is_not_interrupted(path: Path) -> None:
    """A run that deploys, pushes or publishes ends by itself, whatever is pushed meanwhile."""
    if path.name in {"ci.yml", "test.yml"}:
        return
    workflow = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert workflow["concurrency"]["cancel-in-progress"] is False


@pytest.mark.parametrize(
    ("command", "problem"),
    [
        ("make lint", None),
        ("make lint nothing-of-this-name", "there is no target nothing-of-this-name"),
        ("deploy/scripts/lint.sh", None),
        ("deploy/scripts/none.sh", "there is no such program in the repository"),
        ("echo $(date)", "it is shell, not one call"),
    ],
)
def test_problems_are_found(command: str, problem: str | None) -> None:
    """What these tests look for, they find."""
    assert problem_of(command) == problem
