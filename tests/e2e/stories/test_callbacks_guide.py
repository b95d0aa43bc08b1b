"""The guide to callbacks works when it is followed to the letter."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bench.server import free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.engine

GUIDE = Path(__file__).parents[3] / "docs" / "how-to" / "callbacks.md"
WAIT_SECONDS = 120


def blocks(language: str, text: str) -> list[str]:
    """The guide's code in a language, in order."""
    return re.findall(rf"```{language}\n(.*?)```", text, flags=re.DOTALL)


@contextmanager
def terminal(directory: Path, commands: str, environment: dict[str, str]) -> Iterator[Path]:
    """A shell in which somebody pasted commands, and closes in the end; gives what it has printed so far."""
    printed = directory / f"terminal-{len(list(directory.glob('terminal-*')))}"
    with printed.open("wb") as output:
        shell = subprocess.Popen(
            ["/bin/bash", "-euo", "pipefail", "-c", commands],
            cwd=directory,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield printed
    finally:
        os.killpg(shell.pid, signal.SIGTERM)
        shell.wait(WAIT_SECONDS)


def until(printed: Path, condition: Callable[[str], bool]) -> str:
    """Wait for what a terminal is to show."""
    give_up = time.monotonic() + WAIT_SECONDS
    while not condition(text := printed.read_text()):
        assert time.monotonic() < give_up, text
        time.sleep(0.05)
    return text


def test_the_guide_works_as_it_stands(tmp_path: Path) -> None:
    """Its commands, pasted into three terminals one after another, end with what it promises, but for the ports."""
    ports = {"8000": str(free_port()), "9000": str(free_port())}
    guide = re.sub("8000|9000", lambda found: ports[found[0]], GUIDE.read_text(encoding="utf-8"))
    up, secret, run, submit = blocks("sh", guide)
    (tmp_path / "receiver.py").write_text(blocks("python", guide)[0], encoding="utf-8")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("SAYSO_", "DATABASE_URL"))}
    environment = inherited | {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PORT": ports["8000"],
        "SAYSO_DATA": str(tmp_path / "data"),
        "SAYSO_CACHE_DIR": str(tmp_path / "cache"),
        "SAYSO_SYNTHESIS_WORKERS": "2",
    }
    with terminal(tmp_path, up, environment) as sayso:
        until(sayso, lambda text: "Sayso is up" in text)
        with terminal(tmp_path, f"{secret}\n{run}", environment) as receiver:
            subprocess.run(  # it takes a moment until the receiver listens
                ["/bin/bash", "-c", f"until (: </dev/tcp/localhost/{ports['9000']}) 2>/dev/null; do sleep 0.1; done"],
                timeout=WAIT_SECONDS,
                check=True,
            )
            with terminal(tmp_path, submit, environment) as submitted:
                text = until(receiver, lambda text: "lamp" in text)
                assert '"status":"queued"' in submitted.read_text().replace(" ", "")
            assert "lamp: completed" in text
