"""OpenAI's client for Node.js."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from support.openai_server.conformance import Target

pytestmark = pytest.mark.engine


def test_the_node_client_is_served(node_directory: Path, target: Target) -> None:
    """It makes speech, streams it, transcribes it whole and streamed, and sees typed errors."""
    ran = subprocess.run(
        ["node", str(node_directory / "client.mjs")],  # noqa: S607 -- whichever node the developer has
        env=os.environ | {"OPENAI_BASE_URL": target.base_url, "OPENAI_API_KEY": target.key},
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert ran.returncode == 0, ran.stderr
    assert "boats" in json.loads(ran.stdout.splitlines()[-1])["transcript"]
