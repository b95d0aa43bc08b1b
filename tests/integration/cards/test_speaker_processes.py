"""Speakers of several processes: one limit, one purchase for each text, and no text that a dead process keeps."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import ExitStack
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from sayso.postgres.pool import Database
from sayso.testing.openai_server import FaultKind
from support.cards.speakers import Options, speaking
from support.cards.speaking_process import Task, process, results
from support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sayso.testing.openai_server import OpenAIServer

INTERVAL_SECONDS = 0.2


def task(
    database_url: str, server: OpenAIServer, store: Path, texts: Sequence[str], *, job: str, **options: Any
) -> Task:
    return Task(
        database_url=database_url,
        base_url=server.base_url,
        key=server.key,
        store=str(store),
        texts=list(texts),
        job_id=job,
        options={"local": None, **options},
    )


def bought(server: OpenAIServer) -> Counter[str]:
    """How often each text was answered with audio."""
    return Counter(request.fields["input"] for request in server.requests if request.status == 200)


def test_three_processes_keep_one_interval_and_buy_each_text_once(
    database_url: str, server: OpenAIServer, store: Path
) -> None:
    """Their texts are partly the same, and some requests fail."""
    server.faults(None, None, FaultKind.SERVER_ERROR, None, FaultKind.RATE_LIMITED, None, FaultKind.CUT)
    common = [f"Common text {number}" for number in range(10)]
    tasks = [
        task(
            database_url,
            server,
            store,
            [*common, *(f"Text {number} of {job}" for number in range(4))],
            job=job,
            interval_seconds=INTERVAL_SECONDS,
        )
        for job in ("a", "b", "c")
    ]
    with ExitStack() as stack:
        started = [stack.enter_context(process(each)) for each in tasks]
        made = [results(each) for each in started]
    assert set(bought(server)) == {text for each in tasks for text in each.texts}
    # A request whose answer was cut was bought twice, as far as the provider knows.
    assert sum(bought(server).values()) == 22 + 1
    assert len({digest for each in made for digest, _ in each}) == 22
    assert sum(not is_cached for each in made for _, is_cached in each) == 22
    times = sorted(request.began_at for request in server.requests)
    assert len(times) == 22 + 3
    # The server is a thread of this busy process: one request may be noted late, and the next in time.
    gaps = sorted(later - earlier for earlier, later in pairwise(times))
    assert gaps[len(gaps) // 2] >= INTERVAL_SECONDS
    assert times[-1] - times[0] >= 0.75 * INTERVAL_SECONDS * len(gaps)


async def test_the_texts_of_a_killed_process_are_taken_over(
    database_url: str, server: OpenAIServer, store: Path
) -> None:
    """It is killed between its request and the answer; one more purchase is what that costs."""
    server.faults(FaultKind.HANG)
    killed = task(database_url, server, store, ["Good morning"], job="a", claim_seconds=2, extend_seconds=0.5)
    with process(killed) as started:
        await until(lambda: bool(server.requests))
        options = Options(local=None, claim_seconds=2, extend_seconds=0.5)
        async with speaking(database_url, server, store, options) as one:
            speaking_too = asyncio.create_task(one.speaker.speak("Good morning", "en", job_id="b"))
            await asyncio.sleep(3)  # longer than a claim: it is extended while its owner lives
            assert not speaking_too.done()
            started.kill()
            spoken = await speaking_too
    assert not spoken.is_cached
    assert len(server.requests) == 2


async def test_decks_that_share_phrases_buy_them_once(database_url: str, server: OpenAIServer, store: Path) -> None:
    """Ten decks of 50 phrases; 80 % of each are the same in all of them."""
    decks = {
        f"deck {number}": [f"Shared phrase {phrase}" for phrase in range(40)]
        + [f"Phrase {phrase} of deck {number}" for phrase in range(10)]
        for number in range(10)
    }
    async with (
        speaking(database_url, server, store, Options(local=None)) as one,
        speaking(database_url, server, store, Options(local=None)) as two,
    ):
        spoken = await asyncio.gather(
            *(
                each.speaker.speak(text, "en", job_id=deck)
                for each, deck in zip([one, two] * 5, decks, strict=True)
                for text in decks[deck]
            )
        )
        totals = await one.purchases.totals()
    assert len(spoken) == 500
    assert set(bought(server).values()) == {1}
    assert len(bought(server)) == 40 + 10 * 10
    assert totals == {"openai": sum(map(len, bought(server)))}
    assert sum(not each.is_cached for each in spoken) == 140
    async with Database(database_url, listen=False) as database:
        rows = await database.fetch("select phrases, cached from sayso.card_purchases", {}, is_repeatable=True)
    assert (sum(row["phrases"] for row in rows), sum(row["cached"] for row in rows)) == (500, 360)


async def test_two_workers_together_never_exceed_the_daily_limit(
    database_url: str, server: OpenAIServer, store: Path
) -> None:
    """The local engine speaks the rest."""
    options = Options(daily_limit=100)
    async with (
        speaking(database_url, server, store, options) as one,
        speaking(database_url, server, store, options) as two,
    ):
        spoken = await asyncio.gather(
            *(each.speaker.speak(f"Text {n:02d}ab", "en", job_id="j") for each in (one, two) for n in range(40))
        )
        assert await one.purchases.totals() == {"openai": 99}
    assert Counter(each.engine for each in spoken if not each.is_cached)["openai"] == 11
    assert sum(bought(server).values()) == 11


async def test_a_small_job_does_not_wait_for_large_ones(database_url: str, server: OpenAIServer, store: Path) -> None:
    """1600 phrases wait, and the one phrase that comes last is among the next to be sent."""
    options = Options(local=None, interval_seconds=0.05, phrases_at_once=32)
    async with speaking(database_url, server, store, options) as one:
        large = [
            asyncio.create_task(one.speaker.speak(f"Phrase {phrase} of {job}", "en", job_id=f"large {job}"))
            for job in range(8)
            for phrase in range(200)
        ]
        await until(lambda: len(server.requests) > 5)
        before = len(server.requests)
        await one.speaker.speak("Small", "en", job_id="small")
        sent = [request.fields.get("input") for request in server.requests[before:]]
        for each in large:
            each.cancel()
        await asyncio.wait(large)
    # A place is free after the next request, at the turn of the job; so is a permit, and some requests were on the way.
    assert sent.index("Small") < 40
