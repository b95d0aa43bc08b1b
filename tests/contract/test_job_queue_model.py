"""The lease protocol, step for step against a model that fits on a page, whatever workers do in whatever order."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from sayso.errors import LeaseLost
from support.jobs.backends import LEASE_SECONDS, QUEUES, QueueBackend

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from contextlib import AbstractAsyncContextManager

    from sayso.jobs import Delivery

DELAY_SECONDS = 3 * LEASE_SECONDS
WORDS = ("finish", "hand back", "fail", "put aside")


@dataclass
class Job:
    """What the model knows of a job."""

    is_open: bool = True
    attempts: int = 0
    available: float = 0.0
    lease: str | None = None
    lease_until: float = 0.0

    def is_held(self, now: float) -> bool:
        return self.is_open and self.lease is not None and now < self.lease_until

    def can_be_had(self, now: float) -> bool:
        return self.is_open and not self.is_held(now) and self.available <= now


class LeaseModel(RuleBasedStateMachine):
    """Several workers on a queue; time passes only when a rule says so, give or take the moments that a test takes."""

    def __init__(self, opened: AbstractAsyncContextManager[QueueBackend]) -> None:
        super().__init__()
        self._runner = asyncio.Runner()
        self._opened = opened
        self._backend = self._run(opened.__aenter__())
        self._now = 0.0
        self._enqueued = 0
        self._jobs: dict[str, Job] = {}
        """Those that were delivered, by body."""
        self._deliveries: list[Delivery] = []
        self._last_words: dict[str, str] = {}

    def teardown(self) -> None:
        self._run(self._opened.__aexit__(None, None, None))
        self._runner.close()

    def _run(self, call: Awaitable[Any]) -> Any:
        async def run() -> Any:
            return await call

        return self._runner.run(run())

    def _holds(self, delivery: Delivery) -> bool:
        job = self._jobs[delivery.body]
        return job.is_open and job.lease == delivery.lease

    @rule()
    def enqueue(self) -> None:
        self._run(self._backend.enqueue(f"job {self._enqueued}"))
        self._jobs[f"job {self._enqueued}"] = Job(available=self._now)
        self._enqueued += 1

    @rule(limit=st.integers(1, 3))
    def receive(self, limit: int) -> None:
        to_be_had = {body for body, job in self._jobs.items() if job.can_be_had(self._now)}
        received = self._run(self._backend.another().receive(limit, wait_seconds=0))
        assert len(received) == min(limit, len(to_be_had))
        assert {delivery.body for delivery in received} <= to_be_had
        for delivery in received:
            job = self._jobs[delivery.body]
            job.attempts += 1
            assert delivery.attempt == job.attempts
            assert delivery.lease not in {other.lease for other in self._deliveries}
            job.lease, job.lease_until = delivery.lease, self._now + LEASE_SECONDS
            self._deliveries.append(delivery)

    @rule(seconds=st.sampled_from([LEASE_SECONDS / 2 - 1, LEASE_SECONDS + 1, DELAY_SECONDS + 1]))
    def pass_time(self, seconds: float) -> None:
        self._run(self._backend.pass_time(seconds))
        self._now += seconds

    @precondition(lambda self: self._deliveries)
    @rule(data=st.data())
    def heartbeat(self, data: st.DataObject) -> None:
        chosen = data.draw(st.lists(st.sampled_from(self._deliveries), unique_by=id, max_size=4))
        lost = self._run(self._backend.another().heartbeat(chosen))
        assert {delivery.lease for delivery in lost} == {each.lease for each in chosen if not self._holds(each)}
        for delivery in chosen:
            if self._holds(delivery):
                self._jobs[delivery.body].lease_until = self._now + LEASE_SECONDS

    @precondition(lambda self: self._deliveries)
    @rule(data=st.data())
    def say_the_last_word(self, data: st.DataObject) -> None:
        delivery = data.draw(st.sampled_from(self._deliveries))
        # The same word said twice is as good as once, or refused.
        word = data.draw(st.sampled_from([each for each in WORDS if each != self._last_words.get(delivery.lease)]))
        if {word, self._last_words.get(delivery.lease)} == {"hand back", "fail"}:
            return
        queue = self._backend.another()
        saying: Callable[[], Awaitable[None]] = {
            "finish": lambda: queue.finish(delivery),
            "hand back": lambda: queue.retry(delivery, delay_seconds=0),
            "fail": lambda: queue.retry(delivery, delay_seconds=DELAY_SECONDS, error="no"),
            "put aside": lambda: queue.dead_letter(delivery, reason="no"),
        }[word]
        if not self._holds(delivery):
            with pytest.raises(LeaseLost):
                self._run(saying())
            return
        self._run(saying())
        self._last_words[delivery.lease] = word
        job = self._jobs[delivery.body]
        job.lease = None
        job.is_open = word in {"hand back", "fail"}
        job.attempts -= word == "hand back"
        job.available = self._now + DELAY_SECONDS * (word == "fail")

    @precondition(lambda self: self._deliveries)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        delivery = data.draw(st.sampled_from(self._deliveries))
        job = self._jobs[delivery.body]
        if job.is_open:
            self._run(self._backend.cancel(delivery.job_id))
            job.is_open, job.lease = False, None

    @invariant()
    def the_backlog_is_what_is_open(self) -> None:
        backlog = self._run(self._backend.queue.backlog())
        in_flight = sum(job.is_held(self._now) for job in self._jobs.values())
        waiting = sum(job.is_open for job in self._jobs.values()) - in_flight
        assert (backlog.waiting, backlog.in_flight) == (waiting, in_flight)


@pytest.mark.parametrize(("name", "examples"), [("memory", 50), ("postgres-deaf", 8), ("cards", 15)])
def test_workers_can_do_nothing_that_the_model_does_not_allow(
    request: pytest.FixtureRequest, name: str, examples: int
) -> None:
    """Deliveries, beats, last words and cancellations, stale ones among them, have the model's outcome and no other."""
    run_state_machine_as_test(
        cast("type[LeaseModel]", lambda: LeaseModel(QUEUES[name](request))),  # any factory will do
        settings=settings(max_examples=examples, stateful_step_count=25, deadline=None),
    )
