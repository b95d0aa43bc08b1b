"""The handler of cards jobs: all phrases in parallel, problems of single ones named, and nothing without the lease."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Literal

import pytest

from sayso.cards.handler import CardsHandler
from sayso.cards.records import JobStatus
from sayso.errors import Busy, EngineFailed, EverythingFailed, InvalidInput, LeaseLost, ServiceUnavailable
from sayso.resilience.retry_policies import RetryPolicy
from sayso.testing import FakePhraseSpeaker, InMemoryJobRows, InMemoryQueue, MemoryCardJob
from sayso.workers import Job
from support.jobs.workers import quick, working
from support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sayso.cards.base import SpokenPhrase
    from sayso.cards.file_names import FileName
    from sayso.jobs import Delivery


class Files:
    """Published files by name; the URL is the name."""

    def __init__(self) -> None:
        self.content: dict[str, bytes] = {}
        self.failure: Exception | None = None

    async def publish(self, delivery: Delivery, name: FileName, spoken: SpokenPhrase) -> str:  # noqa: ARG002
        if self.failure is not None:
            raise self.failure
        self.content[name.name] = spoken.mp3
        return f"https://cards.example.com/{name.name}"


class Cards:
    """A handler with fakes around it."""

    def __init__(self, *, at_once: int = 8, complete_if: Literal["any", "all"] = "any") -> None:
        self.rows = InMemoryJobRows()
        self.queue = InMemoryQueue()
        self.speaker = FakePhraseSpeaker()
        self.files = Files()
        self.failed = 0
        self.handler = CardsHandler(
            rows=self.rows,
            speaker=self.speaker,
            files=self.files,
            phrases_at_once=at_once,
            complete_if=complete_if,
            progress_seconds=0.01,
            service_policy=RetryPolicy(first_seconds=0.001, longest_seconds=0.001, attempts=4),
            on_failed=self._on_failed,
        )

    def _on_failed(self) -> None:
        self.failed += 1

    async def add(self, phrases: Any) -> MemoryCardJob:
        job_id = await self.queue.enqueue("")
        self.rows.jobs[job_id] = MemoryCardJob(phrases=phrases)
        return self.rows.jobs[job_id]

    async def received(self, *, max_attempts: int = 5) -> Job:
        (delivery,) = await self.queue.receive(1, wait_seconds=0)
        return Job(delivery=delivery, queue=self.queue, max_attempts=max_attempts)


def phrases_of(*texts: str) -> list[dict[str, str]]:
    return [{"textEn": text, "textFr": f"{text} (fr)"} for text in texts]


def urls_of(job_id: str, count: int) -> list[dict[str, str]]:
    base = f"https://cards.example.com/{job_id}"
    return [{"audioUrlEn": f"{base}_{n}_en.mp3", "audioUrlFr": f"{base}_{n}_fr.mp3"} for n in range(count)]


async def test_a_job_is_spoken_in_both_languages() -> None:
    """Its row has the URLs in the order of the phrases, and its cards have them, too."""
    cards = Cards()
    cards.rows.cards["c1"] = {}
    row = await cards.add([*phrases_of("One", "Two"), {"textEn": "Three", "textFr": "Trois", "cardId": "c1"}])
    await cards.handler.work(await cards.received())
    assert row.status == JobStatus.COMPLETED
    assert row.error is None
    assert row.processed == 3
    of_card = {
        "audioUrlEn": "https://cards.example.com/c1_en.mp3",
        "audioUrlFr": "https://cards.example.com/c1_fr.mp3",
    }
    assert row.result_urls == [*urls_of("1", 2), {**of_card, "cardId": "c1"}]
    assert cards.rows.cards["c1"] == of_card
    assert cards.files.content["1_1_fr.mp3"] == b"fr: Two (fr)"


async def test_phrases_are_spoken_in_parallel_within_the_bound() -> None:
    """In both languages at once, for all jobs together."""
    cards = Cards(at_once=3)
    proceed = asyncio.Event()

    async def wait(_text: str, _language: str) -> None:
        await proceed.wait()

    cards.speaker.before = wait
    rows = [await cards.add(phrases_of(*map(str, range(10)))) for _ in range(2)]
    async with working(cards.queue, cards.handler, quick(at_once=2)):
        await until(lambda: cards.speaker.most_at_once == 6)
        proceed.set()
        await until(lambda: all(row.status == JobStatus.COMPLETED for row in rows))
    assert cards.speaker.most_at_once == 6


async def test_progress_is_stored_without_a_write_for_each_phrase() -> None:
    """It grows meanwhile, and the end has all of it."""
    cards = Cards(at_once=1)
    seen: list[int] = []

    async def look(_text: str, _language: str) -> None:
        seen.append(row.processed)
        await asyncio.sleep(0.002)

    cards.speaker.before = look
    row = await cards.add(phrases_of(*map(str, range(60))))
    await cards.handler.work(await cards.received())
    assert seen == sorted(seen)
    assert 0 < max(seen) < row.processed == 60
    assert row.writes < 60


async def test_progress_that_cannot_be_stored_fails_no_job(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next write has it."""
    cards = Cards(at_once=1)
    failures = 0

    async def fail(*_: object) -> None:
        nonlocal failures
        failures += 1
        raise ServiceUnavailable("The database restarts.")

    async def wait(_text: str, _language: str) -> None:
        await asyncio.sleep(0.002)

    monkeypatch.setattr(cards.rows, "store_progress", fail)
    cards.speaker.before = wait
    row = await cards.add(phrases_of(*map(str, range(30))))
    await cards.handler.work(await cards.received())
    assert failures > 1
    assert (row.status, row.processed) == (JobStatus.COMPLETED, 30)


async def test_a_bad_phrase_does_not_fail_the_others() -> None:
    """It is null in the results, without keys that the application does not know, and named in the message."""
    cards = Cards()
    row = await cards.add([{"textEn": "Good", "textFr": "Bon"}, {"textEn": "", "textFr": "Vide"}, None])
    await cards.handler.work(await cards.received())
    assert row.status == JobStatus.COMPLETED
    assert row.processed == 3
    assert row.result_urls == [
        *urls_of("1", 1),
        {"audioUrlEn": None, "audioUrlFr": "https://cards.example.com/1_1_fr.mp3"},
        {"audioUrlEn": None, "audioUrlFr": None},
    ]
    assert row.error is not None
    assert "phrases[1].textEn" in row.error
    assert "phrases[2]" in row.error


@pytest.mark.parametrize("error", [InvalidInput("It is a riddle."), EngineFailed("Broken.")])
async def test_a_text_that_cannot_be_spoken_is_a_problem_at_once(error: Exception) -> None:
    """It is not tried again, and what goes wrong inside is not shown."""
    cards = Cards()

    async def refuse(text: str, _language: str) -> None:
        if text == "Two":
            raise error

    cards.speaker.before = refuse
    row = await cards.add(phrases_of("One", "Two"))
    await cards.handler.work(await cards.received())
    assert row.status == JobStatus.COMPLETED
    assert row.error is not None
    assert "phrases[1].textEn" in row.error
    assert "Broken" not in row.error
    assert cards.failed == 1


async def test_by_setting_a_job_with_problems_is_not_completed() -> None:
    """It is failed, with the results that there are."""
    cards = Cards(complete_if="all")
    row = await cards.add([*phrases_of("One"), {"textEn": "Two"}])
    async with working(cards.queue, cards.handler):
        await until(lambda: cards.queue.jobs["1"].state == "dead")
    assert row.status == JobStatus.FAILED
    assert row.result_urls is not None
    assert row.result_urls[0] == urls_of("1", 1)[0]
    assert row.error is not None
    assert "phrases[1].textFr" in row.error


@pytest.mark.parametrize("phrases", [None, [], "Hello", {"textEn": "Hello"}, [{"textEn": "One"}] * 201])
async def test_phrases_that_are_none_fail_the_job(phrases: Any) -> None:
    """At once, with the reason."""
    cards = Cards()
    row = await cards.add(phrases)
    async with working(cards.queue, cards.handler):
        await until(lambda: cards.queue.jobs["1"].state == "dead")
    assert row.status == JobStatus.FAILED
    assert row.error
    assert cards.queue.jobs["1"].attempts == 1


async def test_a_job_none_of_whose_phrases_can_be_spoken_fails() -> None:
    """At once, and every phrase is null."""
    cards = Cards()
    row = await cards.add([{"textEn": " "}, {}])
    async with working(cards.queue, cards.handler):
        await until(lambda: cards.queue.jobs["1"].state == "dead")
    assert row.status == JobStatus.FAILED
    assert row.result_urls == [{"audioUrlEn": None, "audioUrlFr": None}] * 2
    assert cards.queue.jobs["1"].attempts == 1


async def test_engines_that_fail_for_now_are_asked_again_by_the_next_attempt() -> None:
    """What was spoken meanwhile is there then."""
    cards = Cards()
    failures = 3

    async def fail(text: str, _language: str) -> None:
        nonlocal failures
        if text == "Two" and failures:
            failures -= 1
            raise EverythingFailed("No engine answers.")

    cards.speaker.before = fail
    row = await cards.add(phrases_of("One", "Two"))
    async with working(cards.queue, cards.handler):
        await until(lambda: cards.queue.jobs["1"].state == "done")
    assert row.status == JobStatus.COMPLETED
    assert row.error is None
    assert cards.queue.jobs["1"].errors == ["No engine answers."] * 3


async def test_the_last_attempt_completes_with_what_there_is() -> None:
    """The texts whose engines still fail are problems then."""
    cards = Cards()

    async def fail(text: str, _language: str) -> None:
        if text == "Two":
            raise EverythingFailed("No engine answers.")

    cards.speaker.before = fail
    row = await cards.add(phrases_of("One", "Two"))
    async with working(cards.queue, cards.handler, quick(max_attempts=3)):
        await until(lambda: cards.queue.jobs["1"].state == "done")
    assert row.status == JobStatus.COMPLETED
    assert row.error is not None
    assert "phrases[1].textEn: No engine answers." in row.error
    assert len(cards.queue.jobs["1"].errors) == 2


async def test_a_job_is_not_drawn_out_while_all_engines_fail() -> None:
    """After some texts no more are tried in an attempt."""
    cards = Cards(at_once=1)

    async def fail(_text: str, _language: str) -> None:
        cards.speaker.spoken.append(("tried", ""))
        raise EverythingFailed("No engine answers.")

    cards.speaker.before = fail
    await cards.add(phrases_of(*map(str, range(200))))
    with pytest.raises(EverythingFailed):
        await cards.handler.work(await cards.received())
    assert len(cards.speaker.spoken) < 10


async def test_a_full_day_is_waited_for_without_an_attempt() -> None:
    """Even if it would be the last one; the longest pause decides."""
    cards = Cards()

    async def refuse(text: str, _language: str) -> None:
        raise Busy("Enough for today.", retry_after_seconds=float(text.split(maxsplit=1)[0]))

    cards.speaker.before = refuse
    await cards.add(phrases_of("60", "7200"))
    with pytest.raises(Busy) as caught:
        await cards.handler.work(await cards.received(max_attempts=1))
    assert caught.value.retry_after_seconds == 7200


async def test_a_service_that_is_back_in_a_moment_is_waited_for() -> None:
    """The job is kept, and its other phrases are spoken meanwhile; after a longer time it is released."""
    cards = Cards()
    failures = 3

    async def fail(text: str, _language: str) -> None:
        nonlocal failures
        if text == "Two" and failures:
            failures -= 1
            raise ServiceUnavailable("The database restarts.")

    cards.speaker.before = fail
    row = await cards.add(phrases_of("One", "Two"))
    job = await cards.received()
    await cards.handler.work(job)
    assert (row.status, row.error) == (JobStatus.COMPLETED, None)
    failures = 100
    row.status = JobStatus.PENDING
    with pytest.raises(ServiceUnavailable):
        await cards.handler.work(job)


@pytest.mark.parametrize("error", [ServiceUnavailable("The disk is full."), LeaseLost("Another worker has it.")])
async def test_what_ends_an_attempt_ends_it_at_once(error: Exception) -> None:
    """No phrase is spoken in vain, and the row stays as it is."""
    cards = Cards(at_once=1)
    cards.files.failure = error
    row = await cards.add(phrases_of(*map(str, range(100))))
    with pytest.raises(type(error)):
        await cards.handler.work(await cards.received())
    assert len(cards.speaker.spoken) <= 4
    assert row.status == JobStatus.PROCESSING


async def test_a_job_that_was_edited_is_begun_again() -> None:
    """With the new phrases; what is the same is spoken once by the speaker."""
    cards = Cards()

    async def edit(text: str, _language: str) -> None:
        if text == "Old":
            row.phrases = phrases_of("One", "New", "More")

    cards.speaker.before = edit
    row = await cards.add(phrases_of("One", "Old"))
    await cards.handler.work(await cards.received())
    assert row.status == JobStatus.COMPLETED
    assert row.result_urls == urls_of("1", 3)
    assert cards.files.content["1_1_en.mp3"] == b"en: New"


async def test_a_job_that_was_cancelled_is_left_alone() -> None:
    """Its worker stops when it stores the progress, at the latest."""
    cards = Cards(at_once=1)

    async def cancel(_text: str, _language: str) -> None:
        row.status = JobStatus.FAILED
        await asyncio.sleep(0.001)

    cards.speaker.before = cancel
    row = await cards.add(phrases_of(*map(str, range(2000)))[:200])
    with pytest.raises(LeaseLost):
        await cards.handler.work(await cards.received())
    assert row.result_urls is None


async def test_a_job_whose_workers_died_is_given_up_with_the_reason() -> None:
    """There is no result then, and it says so."""
    cards = Cards()
    row = await cards.add(phrases_of("One"))
    job = await cards.received()
    await cards.rows.begin(job.delivery)
    assert not await cards.handler.give_up(job, "It was begun 5 times and came to no end.")
    assert row.status == JobStatus.FAILED
    assert row.error == "It was begun 5 times and came to no end."


async def test_nothing_is_kept_of_jobs_that_ended() -> None:
    """Whatever became of them."""
    cards = Cards()
    await cards.add(phrases_of("One"))
    await cards.add([])
    await cards.add([{}])
    async with working(cards.queue, cards.handler):
        await until(lambda: all(job.state != "open" for job in cards.queue.jobs.values()))
    kept: Sequence[object] = list(cards.handler._unfinished)
    assert kept == []
