"""OpenAI's client for Node.js."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from support.missing_parts import missing

if TYPE_CHECKING:
    from support.openai_server.conformance import Target

pytestmark = pytest.mark.engine

PROGRAM = Path(__file__).parent / "node"


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The script beside OpenAI's client, which npm installs as it is configured."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        missing("node and npm are not installed")
    assert npm is not None
    directory = tmp_path_factory.mktemp("node")
    shutil.copy(PROGRAM / "package.json", directory)
    shutil.copy(PROGRAM / "client.mjs", directory)
    installed = subprocess.run(
        [npm, "install", "--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts"],
        cwd=directory,
        capture_output=True,
        text=True,
        check=False,
    )
    if installed.returncode:
        missing(f"npm cannot install the openai package: {installed.stderr.strip()[-300:]}")
    return directory / "client.mjs"


def test_the_node_client_is_served(program: Path, target: Target) -> None:
    """It makes speech, streams it, transcribes it whole and streamed, and sees typed errors."""
    ran = subprocess.run(
        ["node", str(program)],  # noqa: S607 -- whichever node the developer has
        env=os.environ | {"OPENAI_BASE_URL": target.base_url, "OPENAI_API_KEY": target.key},
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert ran.returncode == 0, ran.stderr
    assert "boats" in json.loads(ran.stdout.splitlines()[-1])["transcript"]
