"""A server that speaks OpenAI's audio API, asked by OpenAI's own client.

By default the server is ours, a process of its own with the real models, no cloud and one API key. The suite can be
pointed at any other server, for its score:

    SAYSO_CONFORMANCE_URL           its address, with /v1
    SAYSO_CONFORMANCE_KEY           its key; "none" by default
    SAYSO_CONFORMANCE_SPEECH_MODEL  the name of a local model for speech, "kokoro" by default
    SAYSO_CONFORMANCE_STT_MODEL     the name of a local model for transcription, "whisper-base" by default
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from openai import OpenAI

from bench.server import ServerProcess
from support.missing_parts import missing
from support.openai_server.conformance import Target, speech_of

if TYPE_CHECKING:
    from collections.abc import Iterator

PROGRAMS = Path(__file__).parent / "node"

SPOKEN = "The keeper lit the lamp."
LATER = "In the morning the boats went out."


@pytest.fixture(scope="session")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """The server that the suite asks."""
    url = os.environ.get("SAYSO_CONFORMANCE_URL")
    if url:
        yield Target(
            base_url=url.rstrip("/"),
            key=os.environ.get("SAYSO_CONFORMANCE_KEY", "none"),
            speech_model=os.environ.get("SAYSO_CONFORMANCE_SPEECH_MODEL", "kokoro"),
            transcription_model=os.environ.get("SAYSO_CONFORMANCE_STT_MODEL", "whisper-base"),
            is_ours=False,
        )
        return
    with ServerProcess(tmp_path_factory.mktemp("server")) as server:
        yield Target(base_url=server.base_url, key=server.key)


@pytest.fixture(scope="session")
def client(target: Target) -> Iterator[OpenAI]:
    """OpenAI's client, which does not ask twice."""
    with OpenAI(base_url=target.base_url, api_key=target.key, max_retries=0, timeout=120) as opened:
        yield opened


@pytest.fixture(scope="session")
def recording() -> bytes:
    """`SPOKEN`, a pause, and `LATER`, spoken by Kokoro: a WAV file of about 5 seconds."""
    return speech_of(SPOKEN, LATER)


@pytest.fixture(scope="session")
def french_recording() -> bytes:
    """A French sentence, spoken by Kokoro."""
    return speech_of("Le gardien du phare allume la lampe chaque soir. Il fait froid.", voice="ff_siwis")


@pytest.fixture(scope="session")
def node_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The scripts beside OpenAI's client, which npm installs as it is configured."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        missing("node and npm are not installed")
    assert npm is not None
    directory = tmp_path_factory.mktemp("node")
    for script in PROGRAMS.iterdir():
        shutil.copy(script, directory)
    installed = subprocess.run(
        [npm, "install", "--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts"],
        cwd=directory,
        capture_output=True,
        text=True,
        check=False,
    )
    if installed.returncode:
        missing(f"npm cannot install the openai package: {installed.stderr.strip()[-300:]}")
    return directory
