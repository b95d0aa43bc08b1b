"""Processes that pull at once, and processes that are killed while they pull."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING

from sayso.models import FileState, ModelStore
from sayso.models.sources.directory import DirectorySource
from support.models.toy import put, toy_file, toy_model
from support.waiting import wait_until

if TYPE_CHECKING:
    from pathlib import Path

PARTS = [bytes([number]) * 200_000 for number in range(1, 5)]
MODEL = toy_model(toy_file("model.bin", b"".join(PARTS), {f"slow:{number}": part for number, part in enumerate(PARTS)}))

# Each part comes from a source that logs its name, then takes its time.
PULL = textwrap.dedent("""
    import sys, time
    from pathlib import Path

    from sayso.models import ModelStore
    from test_models_processes import MODEL, PARTS

    root, pause_seconds = Path(sys.argv[1]), float(sys.argv[2])

    class Slow:
        needs_network = False

        def fetch(self, address, model_name, staging):
            with (root / "asked.log").open("a") as log:
                log.write(address)
            time.sleep(pause_seconds)
            path = staging.work_directory("slow") / "part"
            path.write_bytes(PARTS[int(address)])
            staging.adopt(path)

    ModelStore(root, sources={"slow": Slow}, catalogue={"toy": MODEL}).pull(["toy"])
""")


def start_pull(root: Path, pause_seconds: float) -> subprocess.Popen[bytes]:
    """Start a process that pulls the toy model below ``root``."""
    path = os.pathsep.join([os.path.dirname(__file__), *sys.path])  # noqa: PTH120 -- a search path is text
    return subprocess.Popen(
        [sys.executable, "-c", PULL, str(root), str(pause_seconds)], env={**os.environ, "PYTHONPATH": path}
    )


def asked(root: Path) -> str:
    """The parts that were asked for so far, in order."""
    log = root / "asked.log"
    return log.read_text() if log.exists() else ""


def is_sound(root: Path) -> bool:
    """Whether the model is complete, and nothing else is left in its directory."""
    store = ModelStore(root, sources={"directory": DirectorySource}, catalogue={"toy": MODEL})
    only_file = [path.name for path in (root / "toy").iterdir()] == ["model.bin"]
    return only_file and all(status.state is FileState.SOUND for status in store.verify())


def test_two_processes_that_pull_at_once_fetch_each_part_once(tmp_path: Path) -> None:
    """The second process waits for the first, and then finds everything done."""
    pulls = [start_pull(tmp_path, 0.1) for _ in range(2)]
    assert [pull.wait(timeout=60) for pull in pulls] == [0, 0]
    assert asked(tmp_path) == "0123"
    assert is_sound(tmp_path)


def test_a_pull_killed_in_the_middle_resumes_with_the_part_in_hand(tmp_path: Path) -> None:
    """After kill -9 no half file shows, no lock stays, and the parts that had arrived are not fetched again."""
    killed = start_pull(tmp_path, 10)  # for each part: it is killed within the third
    wait_until(lambda: len(asked(tmp_path)) == 3)
    killed.send_signal(signal.SIGKILL)
    killed.wait(timeout=60)
    assert not (tmp_path / "toy/model.bin").exists()
    assert start_pull(tmp_path, 0).wait(timeout=60) == 0
    assert asked(tmp_path) == "012" + "23"
    assert is_sound(tmp_path)


def test_leftovers_of_a_killed_pull_are_cleared(tmp_path: Path) -> None:
    """Half-written files of an earlier attempt disappear with the next complete pull."""
    put(tmp_path, {"toy/.partial/work-slow/x": b"half", "toy/.partial/joined.arriving": b"half", "toy/.partial/y": b""})
    assert start_pull(tmp_path, 0).wait(timeout=60) == 0
    assert is_sound(tmp_path)
