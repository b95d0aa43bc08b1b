"""``sayso up``: everything in one process, whose jobs survive it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2
import pytest

from sayso.audio import decode
from sayso.subtitles import parse_subtitles
from support.stories.process import StoriesProcess
from support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.engine

WAIT_SECONDS = 400  # of a busy machine, too: a whole story after a lease has ended
SENTENCES = [f"Keeper number {number} counted {number * 7} gulls at dawn." for number in range(40)]
LONG = " ".join(SENTENCES)


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoriesProcess]:
    with StoriesProcess(tmp_path_factory.mktemp("up"), {}, command=("up",)) as process:
        yield process


def submit(up: StoriesProcess, **fields: Any) -> dict[str, Any]:
    answer = httpx2.post(f"{up.url}/v1/narrations", json=fields, timeout=30)
    assert answer.status_code == 202, answer.text
    narration: dict[str, Any] = answer.json()
    assert answer.headers["location"] == f"/v1/narrations/{narration['id']}"
    return narration


def narration_of(up: StoriesProcess, narration_id: str) -> dict[str, Any]:
    status, found = up.get(f"/v1/narrations/{narration_id}")
    assert status == 200
    result: dict[str, Any] = found
    return result


def until(up: StoriesProcess, narration_id: str, condition: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    give_up = time.monotonic() + WAIT_SECONDS
    while not condition(found := narration_of(up, narration_id)):
        assert time.monotonic() < give_up, found
        time.sleep(0.1)
    return found


def is_over(narration: dict[str, Any]) -> bool:
    return narration["status"] in {"completed", "failed", "cancelled"}


def test_a_text_becomes_files_that_anybody_with_the_link_can_have(up: StoriesProcess, tmp_path: Path) -> None:
    """A narration is told, and its links give whole files under its name, without a key."""
    asked = submit(up, text="It was late. The keeper lit the lamp.", name="the lamp", audio=["mp3"], subtitles=["srt"])
    told = until(up, asked["id"], is_over)
    assert told["status"] == "completed"
    assert told["progress"] == 1
    assert [file["file_name"] for file in told["files"]] == ["the lamp.mp3", "the lamp.srt"]
    for file in told["files"]:
        answer = httpx2.get(file["url"], timeout=30)
        assert answer.status_code == 200
        (tmp_path / file["file_name"]).write_bytes(answer.content)
    assert decode(tmp_path / "the lamp.mp3", sample_rate_hz=24_000).duration_seconds > 1
    cues = parse_subtitles((tmp_path / "the lamp.srt").read_text())
    assert "lamp" in " ".join(line for cue in cues for line in cue.lines)


def test_events_tell_how_it_goes(up: StoriesProcess) -> None:
    """The events of a narration begin with how it stands, and end with its end."""
    asked = submit(up, text="Nobody came. The rain began. It fell all night long.", audio=["wav"], subtitles=[])
    with httpx2.stream("GET", f"{up.url}/v1/narrations/{asked['id']}/events", timeout=WAIT_SECONDS) as answer:
        data = [line.removeprefix("data:") for line in answer.iter_lines() if line.startswith("data:")]
    seen = [json.loads(line) for line in data]
    assert seen[-1]["status"] == "completed"
    assert [one["progress"] for one in seen] == sorted(one["progress"] for one in seen)


def test_a_cancelled_narration_ends_at_once(up: StoriesProcess) -> None:
    """What is cancelled while it is told is cancelled from that moment, and has no files."""
    asked = submit(up, text=LONG)
    until(up, asked["id"], lambda narration: narration["status"] == "running")
    answer = httpx2.delete(f"{up.url}/v1/narrations/{asked['id']}", timeout=30)
    assert (answer.status_code, answer.json()["status"]) == (200, "cancelled")
    wait_until(lambda: up.get("/backlog")[1]["in_flight"] == 0)
    assert narration_of(up, asked["id"])["status"] == "cancelled"
    assert narration_of(up, asked["id"])["files"] == []


def test_a_second_one_with_the_same_data_is_refused(up: StoriesProcess) -> None:
    """Two processes never share a data directory: the second says so, and the first goes on."""
    command = [sys.executable, "-m", "sayso", "up", "--port", "0"]
    second = subprocess.run(command, env=up.environment, capture_output=True, text=True, timeout=60, check=False)
    assert second.returncode == 2
    assert "is up already" in second.stderr
    assert up.get("/healthz") == (200, {"ok": True})


def test_its_database_is_restarted_when_it_is_killed(up: StoriesProcess) -> None:
    """After kill -9 of the database in the middle of a story, it is back, the story is told, and more are taken."""
    text = "The tide was out. The gulls were loud. Nobody saw the boat. It came in without a light."
    asked = submit(up, text=text, audio=["mp3"], subtitles=[])
    until(up, asked["id"], lambda narration: narration["status"] == "running")
    record = Path(up.environment["SAYSO_DATA"]) / "postgres" / "postmaster.pid"
    killed = int(record.read_text().split()[0])
    os.kill(killed, signal.SIGKILL)

    give_up = time.monotonic() + WAIT_SECONDS
    while httpx2.get(f"{up.url}/v1/narrations/{asked['id']}", timeout=30).status_code != 200 or (
        "runs again" not in up.log
    ):
        assert time.monotonic() < give_up, up.log
        time.sleep(0.1)
    assert until(up, asked["id"], is_over)["status"] == "completed"
    assert int(record.read_text().split()[0]) != killed
    assert up.get("/healthz") == (200, {"ok": True})
    another = submit(up, text="The lamp was lit again.", audio=["wav"], subtitles=[])
    assert until(up, another["id"], is_over)["status"] == "completed"


def test_a_killed_one_goes_on_where_it_was(tmp_path: Path) -> None:
    """After kill -9 in the middle of a story, the next start finishes it, out of the cache and without new work."""
    process = StoriesProcess(tmp_path, {}, command=("up",))
    with process:
        asked = submit(process, text=" ".join(SENTENCES[:20]), audio=["mp3"], subtitles=["json"])
        until(process, asked["id"], lambda narration: narration["progress"] > 0.5)
        process.process.kill()
        process.process.wait()
        process.start()
        process.wait_until_ready()
        told = until(process, asked["id"], is_over)
        metrics = httpx2.get(f"{process.url}/metrics", timeout=30).text
    assert told["status"] == "completed"
    hits = next(
        line for line in metrics.splitlines() if line.startswith('sayso_speech_cache_requests_total{result="hit"}')
    )
    assert float(hits.split()[-1]) >= 10
    assert process.process.returncode == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_told_twice_to_stop_it_hands_back_at_once(tmp_path: Path, number: signal.Signals) -> None:
    """The second signal ends the wait for what is in hand: the job is released, and nothing of it is lost."""
    process = StoriesProcess(tmp_path, {"SAYSO_SHUTDOWN_SECONDS": "3600"}, command=("up",))
    with process:
        asked = submit(process, text=LONG, audio=["mp3"], subtitles=[])
        until(process, asked["id"], lambda narration: narration["status"] == "running")
        process.process.send_signal(number)
        wait_until(lambda: "finishing what is in hand" in process.log)
        process.process.send_signal(number)
        assert process.process.wait(WAIT_SECONDS) == (130 if number is signal.SIGINT else 0)
        assert "the job is handed back" in process.log
        assert "Traceback" not in process.log
        listed = subprocess.run(
            [sys.executable, "-m", "sayso", "jobs", "list", "--json"],
            env=process.environment,
            capture_output=True,
            text=True,
            check=True,
        )
        (job,) = json.loads(listed.stdout)["jobs"]
        assert (job["state"], job["attempts"]) == ("waiting", 0)
