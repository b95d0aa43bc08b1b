"""Following jobs: one query for all, every change once, and the end of deleted jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sayso.cards.following import JobChanges, state_of
from sayso.cards.service import Cards
from sayso.errors import Cancelled, InvalidInput, ServiceUnavailable
from sayso.testing import InMemoryClientJobs
from support.waiting import WAIT_SECONDS, until

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from sayso.broadcaster import Subscription
    from sayso.cards.following import FollowedJob
    from sayso.cards.records import JobRow

PHRASES = [{"textEn": "the lamp", "textFr": "la lampe"}]


async def inserted(jobs: InMemoryClientJobs) -> tuple[str, JobRow]:
    row = await jobs.insert("deck-1", PHRASES, user_id=None)
    return str(row.columns["id"]), row


async def no_check() -> None:
    """The tables can be used."""


async def next_of(subscription: Subscription[FollowedJob]) -> FollowedJob:
    job = await subscription.next(WAIT_SECONDS)
    assert job is not None
    return job


async def test_every_change_is_delivered_whole() -> None:
    """The state as it is, then its changes with phrases and URLs, until the end."""
    jobs = InMemoryClientJobs()
    job_id, row = await inserted(jobs)
    cards = Cards(jobs, poll_seconds=0.001)
    with cards.follow(job_id, row, is_known=False) as subscription:
        assert (await next_of(subscription)).row == row
        jobs.update(job_id, status="processing")
        changed = (await next_of(subscription)).row
        assert changed is not None
        assert changed.columns == jobs.rows[job_id]
        jobs.update(job_id, status="completed", processedCount=1, resultUrls=[{"audioUrlEn": "/a", "audioUrlFr": "/b"}])
        last = (await next_of(subscription)).row
        assert last is not None
        assert last.is_final
        assert last.columns["resultUrls"] == [{"audioUrlEn": "/a", "audioUrlFr": "/b"}]


async def test_a_known_state_is_not_delivered_again() -> None:
    """What comes after it is."""
    jobs = InMemoryClientJobs()
    job_id, row = await inserted(jobs)
    with Cards(jobs, poll_seconds=0.001).follow(job_id, row, is_known=True) as subscription:
        assert await subscription.next(0.05) is None
        jobs.update(job_id, processedCount=1)
        changed = (await next_of(subscription)).row
        assert changed is not None
        assert changed.columns["processedCount"] == 1


async def test_many_followers_cost_one_query() -> None:
    """Of many jobs, each with many followers; none is left when they go."""
    jobs = InMemoryClientJobs()
    cards = Cards(jobs, poll_seconds=3600.0)
    followed = [await inserted(jobs) for _ in range(10)]
    subscriptions = [cards.follow(job_id, row, is_known=True) for job_id, row in followed for _ in range(50)]
    await until(lambda: jobs.finds > 0)
    assert [await subscription.next(0.0) for subscription in subscriptions[:3]] == [None, None, None]
    assert jobs.finds == 1
    for subscription in subscriptions:
        subscription.__exit__(None, None, None)


async def test_a_deleted_job_ends() -> None:
    """Its followers learn that there is no row."""
    jobs = InMemoryClientJobs()
    job_id, row = await inserted(jobs)
    with Cards(jobs, poll_seconds=0.001).follow(job_id, row, is_known=True) as subscription:
        del jobs.rows[job_id]
        assert (await next_of(subscription)).row is None


async def test_an_outage_is_waited_for() -> None:
    """The followers stay, and get what changed meanwhile."""
    jobs = InMemoryClientJobs()
    job_id, row = await inserted(jobs)
    with Cards(jobs, poll_seconds=0.001).follow(job_id, row, is_known=True) as subscription:
        jobs.outage = ServiceUnavailable("The database does not answer.")
        jobs.update(job_id, status="processing")
        changed = (await next_of(subscription)).row
        assert changed is not None
        assert changed.status == "processing"


async def test_tables_that_cannot_be_used_are_waited_for() -> None:
    """As an outage is."""
    jobs = InMemoryClientJobs()
    job_id, row = await inserted(jobs)
    errors = [InvalidInput("The table has no column.")]

    async def check() -> None:
        if errors:
            raise errors.pop()

    with Cards(jobs, check=check, poll_seconds=0.001).follow(job_id, row, is_known=True) as subscription:
        jobs.update(job_id, status="processing")
        changed = (await next_of(subscription)).row
        assert changed is not None
        assert changed.status == "processing"


async def test_the_end_of_the_process_ends_subscriptions() -> None:
    """Those that there are, and later ones are refused."""
    jobs = InMemoryClientJobs()
    job_id, row = await inserted(jobs)
    cards = Cards(jobs)
    with cards.follow(job_id, row, is_known=True) as subscription:
        cards.close()
        with pytest.raises(Cancelled):
            await subscription.next(WAIT_SECONDS)
    with pytest.raises(Cancelled):
        cards.follow(job_id, row, is_known=True)


class SlowJobs(InMemoryClientJobs):
    """A row changes, and is read by another client, while the query for changes is on its way."""

    changes: JobChanges

    async def find(self, job_ids: Collection[str]) -> Mapping[str, JobRow]:
        before = await super().find(job_ids)
        for job_id in job_ids:
            self.update(job_id, processedCount=9)
            self.changes.observe(job_id, await self.get(job_id))
        return before


async def test_an_older_state_is_not_delivered_after_a_newer_one() -> None:
    """What a query read before is dropped."""
    jobs = SlowJobs()
    jobs.changes = JobChanges(jobs, no_check)
    job_id, row = await inserted(jobs)
    first = jobs.changes.observe(job_id, row)
    jobs.update(job_id, processedCount=5)
    assert await jobs.changes.changes({job_id: first.event_id}) == []


async def test_the_state_is_that_of_what_clients_see() -> None:
    """The same for a whole row and for one of a list; another one when a column changes."""
    jobs = InMemoryClientJobs()
    job_id, row = await inserted(jobs)
    assert state_of((await jobs.find([job_id]))[job_id]) == state_of(row)
    jobs.update(job_id, processedCount=1)
    assert state_of(await jobs.get(job_id)) != state_of(row)
