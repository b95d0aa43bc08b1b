"""`make lint-deploy` finds a mistake in each kind of file, in a repository that has one of each."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from support.missing_parts import missing

ROOT = Path(__file__).resolve().parents[3]
SCRIPT = Path("deploy/scripts/lint.sh")
TOOLS = ("shellcheck", "hadolint", "actionlint", "zizmor")

PINNED = "actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1"
GOOD = {
    "run": '#!/bin/bash\necho "$1"\n',
    "deploy/docker/Dockerfile": "FROM debian:12\nUSER 1000\n",
    ".github/workflows/some.yml": f"""\
name: Some
on: push
permissions: {{}}
jobs:
  some:
    runs-on: ubuntu-24.04
    steps:
      - uses: {PINNED} # v7.0.1
        with:
          persist-credentials: false
      - run: make test
""",
}
BAD = {
    "shellcheck": ("run", '"$1"', "$1"),
    "hadolint": ("deploy/docker/Dockerfile", "debian:12", "debian"),
    "actionlint": (".github/workflows/some.yml", "runs-on", "runs-in"),
    "zizmor": (".github/workflows/some.yml", PINNED, "actions/checkout@v7"),
}
"""For each program: a file, and a mistake in it."""


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with one good file of each kind, not yet committed."""
    for tool in TOOLS:
        if not (ROOT / ".venv/bin" / tool).exists():
            missing(f"{tool}: make lint-deploy installs it")
    for name, text in GOOD.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / SCRIPT).parent.mkdir(parents=True)
    shutil.copy(ROOT / SCRIPT, tmp_path / SCRIPT)
    (tmp_path / ".venv").symlink_to(ROOT / ".venv")
    (tmp_path / ".gitignore").write_text(".venv\n")
    subprocess.run((shutil.which("git") or "git", "init", "--quiet", str(tmp_path)), check=True)
    return tmp_path


def lint(repository: Path) -> subprocess.CompletedProcess[str]:
    """Run the script of `make lint-deploy` there."""
    return subprocess.run((str(repository / SCRIPT),), capture_output=True, text=True, check=False)


def test_good_files_pass(repository: Path) -> None:
    """The script ends with 0, and says how many files each program looked at."""
    done = lint(repository)
    assert done.returncode == 0, done.stderr
    counts = [line for line in done.stdout.splitlines() if line.endswith("files")]
    assert counts == ["shellcheck: 2 files", "hadolint: 1 files", "actionlint: 1 files", "zizmor: 1 files"]


@pytest.mark.parametrize("tool", TOOLS)
def test_a_mistake_is_found(repository: Path, tool: str) -> None:
    """The script ends with 1, and names the program that found the mistake."""
    name, right, wrong = BAD[tool]
    path = repository / name
    path.write_text(path.read_text().replace(right, wrong))
    done = lint(repository)
    assert done.returncode == 1
    assert f"{tool}: see above" in done.stderr
