"""The programs that workflows call, against stand-ins of `gh`, `docker`, `aws` and `terraform` that record their calls.

GitHub, AWS and an image registry cannot be had on a developer's machine; what is sent to them can be seen.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
DIGEST = "sha256:" + "a" * 64

STAND_IN = """\
#!{python} -ISE
import json, os, sys
from pathlib import Path
here = Path(__file__).resolve().parent
name, arguments = Path(sys.argv[0]).name, sys.argv[1:]
with (here / "calls").open("a") as calls:
    calls.write(json.dumps([name, *arguments]) + "\\n")
for argument in arguments:
    if argument.startswith("body=@"):
        (here / "body").write_text(Path(argument.removeprefix("body=@")).read_text())
for words, answer, code in json.loads((here / "answers").read_text()):
    if all(word in arguments for word in words):
        print(answer)
        sys.exit(code)
"""
"""Prints the first answer all of whose words are among the arguments; nothing, and 0, if there is none."""


class Standins:
    """Programs on a PATH of their own."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        directory.mkdir()
        for name in ("gh", "docker", "aws", "terraform"):
            (directory / name).write_text(STAND_IN.replace("{python}", sys.executable))
            (directory / name).chmod(0o755)
        self.answers()

    def answers(self, *answers: tuple[list[str], str, int]) -> None:
        """Words of a call, what it prints, and its exit code."""
        (self.directory / "answers").write_text(json.dumps(answers))

    @property
    def calls(self) -> list[list[str]]:
        """What was called, in order."""
        path = self.directory / "calls"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    @property
    def body(self) -> str:
        """The last comment that was sent."""
        return (self.directory / "body").read_text()


@pytest.fixture
def programs(tmp_path: Path) -> Standins:
    """The stand-ins, with nothing to answer."""
    return Standins(tmp_path / "bin")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """The parts of the repository that the programs read, in a place of their own."""
    tree = tmp_path / "tree"
    for name in ("deploy/scripts", "deploy/terraform"):
        shutil.copytree(ROOT / name, tree / name)
    for name in ("src/sayso/__init__.py", "CHANGELOG.md"):
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tree / name)
    return tree


def run(tree: Path, programs: Standins, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a program of the tree with the stand-ins first on its PATH."""
    path = f"{programs.directory}:{os.environ['PATH']}"
    return subprocess.run(
        (str(tree / "deploy/scripts" / command[0]), *command[1:]),
        cwd=tree,
        env={"PATH": path, "HOME": str(tree), "GH_REPO": "o/r", "AWS_REGION": "eu-west-1", **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def plan(tree: Path) -> str:
    """A file with what Terraform printed."""
    path = tree / "plan.txt"
    path.write_text("Plan: 1 to add\n" + "x" * 70_000)
    return str(path)


def test_a_comment_is_written_once(tree: Path, programs: Standins, plan: str) -> None:
    """The first run writes a comment with its title, shortened to what GitHub takes."""
    done = run(tree, programs, "comment.sh", "7", "Terraform plan, dev", plan)
    assert done.returncode == 0, done.stderr
    assert programs.calls[-1][1:4] == ["api", "--method", "POST"]
    assert "repos/o/r/issues/7/comments" in programs.calls[-1]
    assert programs.body.startswith("<!-- sayso: Terraform plan, dev -->\n### Terraform plan, dev\n\nPlan: 1 to add")
    assert programs.body.endswith("The rest is in the log of the run.\n")
    assert len(programs.body) < 65_536


def test_a_later_run_changes_its_comment(tree: Path, programs: Standins, plan: str) -> None:
    """There is one comment for each title, however often the plan is made."""
    programs.answers((["--paginate"], "4711", 0))
    assert run(tree, programs, "comment.sh", "7", "Terraform plan, dev", plan).returncode == 0
    assert "PATCH" in programs.calls[-1]
    assert "repos/o/r/issues/comments/4711" in programs.calls[-1]


def test_a_commit_without_a_pull_request_has_no_comment(tree: Path, programs: Standins, plan: str) -> None:
    """A push without a pull request is not a failure."""
    done = run(tree, programs, "comment.sh", "--commit", "abc", "ECS, dev", plan)
    assert done.returncode == 0
    assert "no comment" in done.stdout
    assert len(programs.calls) == 1


@pytest.mark.parametrize("number", ["", "1/../2", "x"])
def test_a_number_is_a_number(tree: Path, programs: Standins, plan: str, number: str) -> None:
    """Nothing is sent for what is not the number of a pull request."""
    assert run(tree, programs, "comment.sh", number, "t", plan).returncode != 0
    assert programs.calls == []


def test_images_are_pushed_and_their_digests_kept(tree: Path, programs: Standins) -> None:
    """Each image of an architecture goes to the registry; the digests are in the files that are signed."""
    programs.answers((["inspect", "{{.Manifest.Digest}}"], DIGEST, 0), (["inspect"], "not found", 1))
    done = run(tree, programs, "push-images.sh", "push", "arm64", SAYSO_IMAGE="r.example/sayso", SAYSO_VERSION="v1")
    assert done.returncode == 0, done.stderr
    names = [call[2] for call in programs.calls if call[1] == "push"]
    assert names == [f"r.example/sayso:{name}-v1-arm64" for name in ("full", "api", "stories", "slim", "cards", "sync")]
    slim = (tree / "out/slim-arm64.sha256").read_text().splitlines()
    assert slim == [f"{'a' * 64}  r.example/sayso:{name}-v1-arm64" for name in ("slim", "cards", "sync")]


def test_an_image_that_is_there_stays(tree: Path, programs: Standins) -> None:
    """A version in the registry is never replaced: a run that is repeated goes on with what is there."""
    programs.answers((["inspect"], DIGEST, 0))
    done = run(tree, programs, "push-images.sh", "push", "arm64", SAYSO_IMAGE="r.example/sayso", SAYSO_VERSION="v1")
    assert done.returncode == 0, done.stderr
    assert [call for call in programs.calls if call[1] == "push"] == []
    assert done.stdout.count("is there already") == 6


def test_architectures_are_joined(tree: Path, programs: Standins) -> None:
    """Each name becomes a list of both architectures."""
    programs.answers((["inspect", "{{.Manifest.Digest}}"], DIGEST, 0), (["inspect"], "not found", 1))
    done = run(
        tree, programs, "push-images.sh", "join", "amd64", "arm64", SAYSO_IMAGE="r.example/sayso", SAYSO_VERSION="v1"
    )
    assert done.returncode == 0, done.stderr
    created = [call[4:] for call in programs.calls if "create" in call]
    assert created[1] == [
        "--tag",
        "r.example/sayso:api-v1",
        "r.example/sayso:api-v1-amd64",
        "r.example/sayso:api-v1-arm64",
    ]
    assert len((tree / "out/images.sha256").read_text().splitlines()) == 6


def test_no_digest_is_a_failure(tree: Path, programs: Standins) -> None:
    """What cannot be signed is not published silently."""
    programs.answers((["inspect", "{{.Manifest.Digest}}"], "<none>", 0), (["inspect"], "not found", 1))
    done = run(tree, programs, "push-images.sh", "push", "amd64", SAYSO_IMAGE="r.example/sayso", SAYSO_VERSION="v1")
    assert done.returncode == 1
    assert "no digest" in done.stderr


def test_a_tag_must_be_the_version(tree: Path, programs: Standins) -> None:
    """A release whose tag is not the code's version, or that the change log does not have, is refused."""
    version = next(
        line.split('"')[1]
        for line in (tree / "src/sayso/__init__.py").read_text().splitlines()
        if line.startswith("__version__")
    )
    assert "it would have to be" in run(tree, programs, "release-version.sh", "v99.0.0").stderr
    log = tree / "CHANGELOG.md"
    log.write_text("## [Unreleased]\n")
    assert "no section" in run(tree, programs, "release-version.sh", f"v{version}").stderr
    log.write_text(f"## [{version}] - 2026-12-01\n")
    assert run(tree, programs, "release-version.sh", f"v{version}").returncode == 0


def test_a_release_has_its_notes_and_files(tree: Path, programs: Standins) -> None:
    """The section of the change log, the wheel, the digests, and an SBOM of each image and architecture."""
    (tree / "CHANGELOG.md").write_text(
        "## [Unreleased]\n\n## [1.2.3] - 2026-12-01\n\n- Speaks.\n\n## [1.2.2]\n\n- Old.\n"
    )
    for name in ("dist/sayso-1.2.3-py3-none-any.whl", "out/images.sha256", "out/sbom/sbom-arm64/full.cdx.json"):
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text("{}")
    programs.answers((["view"], "", 1))
    done = run(tree, programs, "release.sh", "v1.2.3")
    assert done.returncode == 0, done.stderr
    call = programs.calls[-1]
    assert call[:5] == ["gh", "release", "create", "v1.2.3", "--verify-tag"]
    names = [Path(word).name for word in call[-3:]]
    assert names == ["sayso-1.2.3-py3-none-any.whl", "images.sha256", "full-arm64.cdx.json"]


def environment_of(tree: Path) -> None:
    """Give the environment dev its values."""
    (tree / "deploy/terraform/environments/dev/terraform.tfvars").write_text("")


RUNNING = (
    (["describe-services", "services[?status==`ACTIVE`].taskDefinition"], "story-tts:4", 0),
    (["describe-task-definition"], "111.example/story-tts:stories-abc123", 0),
)


def test_a_plan_keeps_the_image(tree: Path, programs: Standins) -> None:
    """A plan is made with the image that runs, and what it printed is kept for the comment."""
    environment_of(tree)
    programs.answers(*RUNNING, (["plan"], "Plan: 0 to add", 0))
    done = run(tree, programs, "terraform.sh", "plan", "dev")
    assert done.returncode == 0, done.stderr + done.stdout
    call = next(call for call in programs.calls if call[0] == "terraform" and "plan" in call)
    assert "-var=app_image_tag=stories-abc123" in call
    assert "Plan: 0 to add" in (tree / "out/terraform-dev.txt").read_text()


def test_nothing_is_applied_without_a_service(tree: Path, programs: Standins) -> None:
    """The first deployment names its version; a plan alone cannot know it."""
    environment_of(tree)
    programs.answers((["describe-services"], "", 0))
    done = run(tree, programs, "terraform.sh", "apply", "dev")
    assert done.returncode == 1
    assert "first deployment" in done.stderr
    assert all(call[0] == "aws" for call in programs.calls)


def test_a_deployment_that_ecs_rolled_back_fails(tree: Path, programs: Standins) -> None:
    """When the old image runs in the end, the run fails and says so in the comment's file."""
    environment_of(tree)
    programs.answers(*RUNNING)
    done = run(tree, programs, "terraform.sh", "deploy", "dev", "new")
    assert done.returncode != 0
    assert "ECS rolled back" in (tree / "out/terraform-dev.txt").read_text()


def test_values_may_come_from_a_variable(tree: Path, programs: Standins) -> None:
    """Without a file of values the repository's variable is written to it; without both, nothing is called."""
    done = run(tree, programs, "terraform.sh", "plan", "dev")
    assert "TERRAFORM_TFVARS" in done.stderr
    assert programs.calls == []
    programs.answers(*RUNNING)
    assert run(tree, programs, "terraform.sh", "plan", "dev", TERRAFORM_TFVARS="app_count = 2").returncode == 0
    assert (tree / "deploy/terraform/environments/dev/terraform.tfvars").read_text() == "app_count = 2\n"


@pytest.mark.parametrize("command", [(), ("plan",), ("plan", "../x"), ("destroy", "dev"), ("deploy", "dev")])
def test_wrong_use_changes_nothing(tree: Path, programs: Standins, command: tuple[str, ...]) -> None:
    """A wrong call ends with an error before any program is called."""
    assert run(tree, programs, "terraform.sh", *command).returncode != 0
    assert programs.calls == []
