"""What is sent to the builder, and so could be in a layer: code, locks and scripts, and no secret."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from support.containers.engine import ContainerEngine

pytestmark = pytest.mark.containers

ROOT = Path(__file__).parents[3]

SECRETS = (
    ".env",
    ".env.prod",
    "src/.env",
    "src/sayso/.env.local",
    "deploy/docker/.env.staging",
    "src/sayso/server.key",
    "src/sayso/tls.pem",
    "id_ed25519",
    ".npmrc",
    "deploy/compose/tls/private.pem",
    "storage/signing-secret",
)


def test_no_secret_reaches_the_builder(engine: ContainerEngine, tmp_path: Path) -> None:
    """A working directory with secrets is built with all that it sends, and what arrived is looked at."""
    tree = tmp_path / "tree"
    tree.mkdir()
    git = shutil.which("git") or pytest.skip("git is not installed")
    files = subprocess.run([git, "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, files.split("\0")):
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, tree / name)
    for name in SECRETS:
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text("planted-secret\n")
    dockerfile = tmp_path / "Dockerfile"
    dockerfile.write_text(f"FROM {engine.image('slim')}\nCOPY . /context\n")
    tag = f"{engine.repository}-test:context"
    engine.build_image(tree, dockerfile, tag)
    try:
        found = engine.call("run", "--rm", "--no-healthcheck", tag, "find", "/context", "-type", "f").output
        planted = engine.call("run", "--rm", "--no-healthcheck", tag, "grep", "-rl", "planted-secret", "/context")
    finally:
        engine.call("image", "rm", tag)
    assert planted.output == ""
    names = {line.removeprefix("/context/") for line in found.splitlines()}
    assert "src/sayso/cli/app.py" in names
    assert {name.partition("/")[0] for name in names} == {
        *("src", "native", "deploy", "requirements", "pyproject.toml", "hatch_build.py", "README.md", "LICENSE"),
    }
