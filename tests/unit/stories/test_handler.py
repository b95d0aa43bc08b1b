"""The work of a story: its files and its tasks are what the message asked for."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from sayso.errors import (
    AttemptsUsedUp,
    FetchRefused,
    InvalidInput,
    NothingToSay,
    OutputFailed,
    ServiceUnavailable,
    UnknownVoice,
)
from sayso.jobs import Claim, ClaimHeldElsewhere, Finished
from sayso.testing.jobs import MemoryTask
from support.stories.parts import TASKS, TEXT, Scene

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sayso.scheduling import RequestContext


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


async def test_a_story_becomes_its_files_and_its_tasks_are_completed(scene: Scene) -> None:
    """Sound and subtitles are in their places, both tasks say where, and nothing is left in the workshop."""
    await scene.stories.work(await scene.job())
    assert scene.files == ["p", "p/a.wav", "p/b.srt"]
    assert scene.statuses == {"a": "COMPLETED", "b": "COMPLETED"}
    assert scene.tasks.tasks["p", "a"].media_url == f"{scene.out.as_uri()}/p/a.wav"
    assert (scene.out / "p" / "b.srt").read_text().count("-->") >= 1
    assert scene.announced == ["p"]
    assert scene.leftovers == []


async def test_what_is_told_already_is_not_told_again(scene: Scene) -> None:
    """A message that comes once more costs nothing; whoever waits is told once more, in case it was not."""
    await scene.stories.work(await scene.job())
    calls = scene.engine.calls
    written = (scene.out / "p" / "a.wav").stat().st_mtime_ns
    await scene.stories.work(await scene.job())
    assert scene.engine.calls == calls
    assert (scene.out / "p" / "a.wav").stat().st_mtime_ns == written
    assert scene.announced == ["p", "p"]


async def test_only_what_is_open_is_published(scene: Scene) -> None:
    """When one task was completed before, its file is left alone."""
    claim = await scene.tasks.claim("p", ["a"])
    await scene.tasks.complete(claim, {"a": "file:///elsewhere"})  # type: ignore[arg-type]
    await scene.stories.work(await scene.job())
    assert scene.files == ["p", "p/b.srt"]
    assert scene.tasks.tasks["p", "a"].media_url == "file:///elsewhere"


async def test_without_alignment_a_sentence_shares_its_time_out(scene: Scene) -> None:
    """``use_alignment: false`` gives naive times, and the subtitles' JSON says so."""
    message = {
        "text": TEXT,
        "audio_out": f"{scene.out.as_uri()}/k.mp3",
        "subs_out": f"{scene.out.as_uri()}/k.json",
        "use_alignment": False,
    }
    await scene.stories.work(await scene.job(message))
    timeline = json.loads((scene.out / "k.json").read_text())
    assert timeline["timing"] == "naive"
    assert math.isclose(timeline["words"][-1]["end"], timeline["segments"][-1]["end"], abs_tol=0.001)


@pytest.mark.parametrize(
    ("message", "error"),
    [
        ("not json", InvalidInput),
        (TASKS | {"voice": "nobody"}, UnknownVoice),
        (TASKS | {"text": "…"}, NothingToSay),
        (TASKS | {"parent_id": "../../etc"}, InvalidInput),
        ({"text": TEXT, "audio_out": "s3://b/k.wav", "subs_out": "s3://b/k.srt"}, InvalidInput),
        (
            {"narration_id": "n", "name": "n", "url": "http://host/", "audio": ["mp3"], "subtitles": []},
            FetchRefused,
        ),
    ],
)
async def test_a_mistake_of_the_sender_is_an_error_that_no_retry_mends(
    scene: Scene, message: object, error: type[InvalidInput]
) -> None:
    """What cannot be done is told as such, and what is somewhere else is never touched."""
    with pytest.raises(error) as caught:
        await scene.stories.work(await scene.job(message))
    assert not caught.value.retryable
    assert scene.files == []


async def test_giving_up_fails_the_tasks(scene: Scene) -> None:
    """Whoever waits sees that the story failed, and why."""
    job = await scene.job(TASKS | {"voice": "nobody"})
    job.error_code = "unknown_voice"
    await scene.stories.give_up(job, "There is no voice nobody.")
    await scene.stories.give_up(await scene.job("not json"), "It is not JSON.")
    assert scene.statuses == {"a": "FAILED", "b": "FAILED"}
    assert scene.tasks.tasks["p", "a"].error == "There is no voice nobody."
    assert scene.tasks.tasks["p", "a"].error_code == "unknown_voice"
    assert scene.announced == ["p"]


@pytest.mark.parametrize(
    "mistake",
    [{"speed": 0}, {"text": None}, {"voice": {"id": "x"}}, {"use_alignment": "maybe"}, {"text": "a\0"}],
)
async def test_a_message_with_good_ids_and_one_bad_field_fails_its_tasks(
    scene: Scene, mistake: dict[str, object]
) -> None:
    """Whoever waits for the tasks is told, although nobody can say what was to be narrated."""
    job = await scene.job(TASKS | mistake)
    with pytest.raises(InvalidInput, match="cannot be understood") as caught:
        await scene.stories.work(job)
    await scene.stories.give_up(job, caught.value.message)
    assert scene.statuses == {"a": "FAILED", "b": "FAILED"}
    assert "cannot be understood" in (scene.tasks.tasks["p", "a"].error or "")


async def test_a_narration_of_another_version_fails_all_its_tasks(scene: Scene) -> None:
    """What a newer version asks for and this one does not know ends, with a reason, for whoever reads it."""
    message = {"narration_id": "n", "name": "n", "text": TEXT, "audio": ["smell"], "subtitles": ["srt"]}
    for task_id in ("smell", "srt"):
        scene.tasks.tasks["n", task_id] = MemoryTask(status="PENDING")
    job = await scene.job(message)
    with pytest.raises(InvalidInput, match="audio"):
        await scene.stories.work(job)
    await scene.stories.give_up(job, "It cannot be understood.")
    assert scene.statuses == {"smell": "FAILED", "srt": "FAILED"}
    assert scene.announced == ["n"]


async def test_a_task_that_takes_no_change_does_not_keep_the_others_from_failing(scene: Scene) -> None:
    """An item that is full stays as it is, which is told; its sibling is failed."""
    fail = scene.tasks.fail

    async def full(claim: Claim, *, error: str, code: str | None = None) -> None:
        if "b" in claim.lease_ids:
            raise InvalidInput("The item is too large.")
        await fail(claim, error=error, code=code)

    scene.tasks.fail = full  # type: ignore[method-assign]
    with pytest.raises(InvalidInput, match="too large"):
        await scene.stories.give_up(await scene.job(), "no")
    assert scene.statuses["a"] == "FAILED"


async def test_attempts_that_a_store_counts_are_heeded(scene: Scene) -> None:
    """A story that died in other processes is not begun again here; what it had claimed is given back."""
    claim_tasks = scene.tasks.claim

    async def counted(parent_id: str, task_ids: Sequence[str]) -> Claim | ClaimHeldElsewhere | Finished:
        claim = await claim_tasks(parent_id, task_ids)
        return replace(claim, attempt=6) if isinstance(claim, Claim) else claim

    scene.tasks.claim = counted  # type: ignore[method-assign]
    job = await scene.job()
    with pytest.raises(AttemptsUsedUp, match="begun 5 times"):
        await scene.stories.work(job)
    assert scene.engine.calls == 0
    assert scene.tasks.tasks["p", "a"].lease_until == 0.0


async def test_giving_up_does_not_undo_what_is_told(scene: Scene) -> None:
    """A completed task is never set back."""
    await scene.stories.work(await scene.job())
    assert await scene.stories.give_up(await scene.job(), "too late")
    assert scene.statuses == {"a": "COMPLETED", "b": "COMPLETED"}


async def test_a_full_disk_is_no_fault_of_the_story(scene: Scene) -> None:
    """Where this worker cannot write, another may tell the story."""

    def full(*_: object, **__: object) -> None:
        raise OutputFailed("Cannot write: No space left on device.")

    scene.engine.synthesise = full  # type: ignore[assignment, method-assign]
    with pytest.raises(ServiceUnavailable, match="No space left"):
        await scene.stories.work(await scene.job())
    assert scene.leftovers == []


async def test_a_text_is_fetched_where_the_message_names_a_url(tmp_path: Path) -> None:
    """A narration of a URL is made of what is there, Markdown where its name says so."""

    def fetch(url: str, directory: Path, _context: RequestContext) -> Path:
        assert url == "https://host/tale.md"
        file = directory / "fetched.md"
        file.write_text("# A Title\n\nIt was *late*.")
        return file

    scene = Scene(tmp_path, fetch=fetch)
    message = {
        "narration_id": "n",
        "name": "tale",
        "url": "https://host/tale.md",
        "audio": ["mp3"],
        "subtitles": ["json"],
    }
    await scene.stories.work(await scene.job(message))
    timeline = json.loads((scene.out / "narrations" / "n" / "narration.json").read_text())
    assert [chapter["title"] for chapter in timeline["chapters"]] == ["A Title"]
    assert scene.statuses == {"mp3": "COMPLETED", "json": "COMPLETED"}
