"""Work that several jobs wait for."""

from __future__ import annotations

import asyncio

import pytest

from sayso.cards.base import SpokenPhrase
from sayso.cards.engines import EngineVoice, SpeechRequest
from sayso.cards.flights import Flights
from sayso.errors import Cancelled, EngineFailed
from support.waiting import until

VOICE = EngineVoice(name="voice", fingerprint="1")
SPOKEN = SpokenPhrase(mp3=b"mp3", speech_key="0" * 64, engine="fake", is_cached=False)


class Work:
    """Work that ends when the test says so."""

    def __init__(self) -> None:
        self.begun: list[SpeechRequest] = []
        self.may_end = asyncio.Event()
        self.ended: list[str] = []
        self.error: Exception | None = None

    async def __call__(self, request: SpeechRequest) -> SpokenPhrase:
        self.begun.append(request)
        try:
            await self.may_end.wait()
        except asyncio.CancelledError:
            self.ended.append("cancelled")
            await asyncio.sleep(0)
            raise
        self.ended.append("done")
        if self.error is not None:
            raise self.error
        return SPOKEN


def request(job_id: str) -> SpeechRequest:
    return SpeechRequest("text", "en", VOICE, job_id=job_id)


def joined(flights: Flights, work: Work, job_id: str) -> asyncio.Task[SpokenPhrase]:
    return asyncio.create_task(flights.join("key", request(job_id), work))


async def begun(work: Work) -> None:
    await until(lambda: bool(work.begun))


async def test_several_jobs_wait_for_one_work() -> None:
    flights, work = Flights(), Work()
    tasks = [joined(flights, work, job) for job in ("a", "b", "b")]
    await begun(work)
    await asyncio.sleep(0)
    work.may_end.set()
    assert [(await task).is_cached for task in tasks] == [False, True, True]
    assert len(work.begun) == 1


async def test_an_error_is_for_all_that_wait_and_the_next_begins_anew() -> None:
    flights, work = Flights(), Work()
    work.error = EngineFailed("broken")
    work.may_end.set()
    for result in await asyncio.gather(*(joined(flights, work, job) for job in "ab"), return_exceptions=True):
        assert result is work.error
    work.error = None
    assert await joined(flights, work, "c") == SPOKEN
    assert len(work.begun) == 2


async def test_the_work_ends_when_no_job_waits() -> None:
    flights, work = Flights(), Work()
    first, second = joined(flights, work, "a"), joined(flights, work, "b")
    await begun(work)
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.wait({first})
    assert work.begun[0].job_id == "b"
    assert not work.ended
    second.cancel()
    await asyncio.wait({second})
    await asyncio.sleep(0)
    assert work.ended == ["cancelled"]


@pytest.mark.parametrize("yields", [0, 1, 2, 3])
async def test_a_job_that_comes_while_the_work_is_being_cancelled_begins_anew(yields: int) -> None:
    """Also when the work was cancelled before it began."""
    flights, work = Flights(), Work()
    first = joined(flights, work, "a")
    for _ in range(yields):
        await asyncio.sleep(0)
    first.cancel()
    second = joined(flights, work, "b")
    work_may_end = asyncio.get_running_loop().call_later(0.05, work.may_end.set)
    assert await second == SPOKEN
    work_may_end.cancel()
    assert work.begun[-1].job_id == "b"


async def test_kept_work_goes_on_without_a_job() -> None:
    flights, work = Flights(), Work()
    task = joined(flights, work, "a")
    await begun(work)
    work.begun[0].is_kept = True
    task.cancel()
    await asyncio.wait({task})
    later = joined(flights, work, "b")
    await asyncio.sleep(0)
    work.may_end.set()
    assert (await later).is_cached
    assert len(work.begun) == 1


async def test_closing_ends_the_work_and_those_that_wait() -> None:
    flights, work = Flights(), Work()
    task = joined(flights, work, "a")
    await begun(work)
    await flights.close(grace_seconds=0)
    assert work.ended == ["cancelled"]
    for waiting in (task, joined(flights, work, "b")):
        with pytest.raises(Cancelled):
            await waiting


async def test_closing_waits_for_kept_work() -> None:
    flights, work = Flights(), Work()
    task = joined(flights, work, "a")
    await begun(work)
    work.begun[0].is_kept = True
    closing = asyncio.create_task(flights.close(grace_seconds=60))
    await asyncio.sleep(0)
    work.may_end.set()
    await closing
    assert await task == SPOKEN
