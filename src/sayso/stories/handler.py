"""The work of one story: claim its tasks, narrate, publish its files, and say that it is done.

Everything here is on the worker's loop, but for the narration itself, which is on a thread. What keeps two workers from
doing a story twice, visibly:

- The tasks are claimed before anything is made, and their claim is kept alive beside the queue's lease. When either is
  lost, the narration is cancelled, and nothing is published.
- A file is published only over the version that was there when the tasks were claimed, after the lease was confirmed
  once more. If another version is there, somebody else wrote it: whoever still holds the claim replaces it.
- The tasks are completed last, and only by the holder of the claim. A worker that died between the files and this makes
  the same files again, out of the speech cache, and leaves alone what is there already.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import structlog

from sayso.errors import (
    Busy,
    InvalidInput,
    LeaseLost,
    OutputChanged,
    ResourceMissing,
    SaysoError,
    ServiceUnavailable,
)
from sayso.files import digest_of
from sayso.jobs import HEARTBEAT_SECONDS, LEASE_SECONDS, Claim, ClaimHeldElsewhere, Finished, TaskProgress
from sayso.resilience.backoff import backoff_seconds
from sayso.scheduling import Priority
from sayso.storage import content_type_of
from sayso.stories.messages import read_message, tasks_of
from sayso.threads import on_thread
from sayso.workers.heartbeat import ClaimHeartbeat
from sayso.workers.scratch import ScratchDirectory

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from pathlib import Path

    from sayso.jobs import TaskStore
    from sayso.narration import Narration, Progress
    from sayso.scheduling import Scheduler
    from sayso.storage import Storages
    from sayso.stories.messages import Output, Story
    from sayso.stories.narrator import Maker
    from sayso.workers import Job

_log = structlog.get_logger(__name__)

T = TypeVar("T")

_PATIENCE_SECONDS = 600.0
"""For how long a story is held while its store or its storage does not answer: a finished narration was expensive, and
a queue that counts every delivery would soon put the story aside."""

_HELD_SECONDS = 60.0
"""When to look again at tasks that somebody else is alive with."""

_LONGEST_HELD_SECONDS = 3600.0

_MARGIN_SECONDS = 1.0
"""How long after its end a lease is looked at again: some clocks count whole seconds."""

_TRIES = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class CompletedStory:
    """A story that was narrated.

    Attributes:
        narration: what was made.
        elapsed_seconds: how long that took.
    """

    narration: Narration
    elapsed_seconds: float


class StoryHandler:
    """The `Handler` of stories, for one loop.

    Args:
        tasks: where the status of stories is kept.
        storages: where files go.
        narrator: who makes them.
        isolated: who makes them in a process of its own, where an earlier worker may have died of the story; None for
            the narrator all the same.
        scheduler: whose turn it is to compute.
        output_root: the URI below which files go that a message does not name; None where there is no such place.
        work_directory: where stories are made.
        lease_seconds: as the store gives them.
        heartbeat_seconds: how often claims are beaten for.
        on_made: told of each that was narrated.
        announce: told the parent of each that came to its end, before its job does; may be told more than once.
    """

    def __init__(
        self,
        *,
        tasks: TaskStore,
        storages: Storages,
        narrator: Maker,
        isolated: Maker | None = None,
        scheduler: Scheduler,
        output_root: str | None,
        work_directory: Path,
        lease_seconds: float = LEASE_SECONDS,
        heartbeat_seconds: float = HEARTBEAT_SECONDS,
        on_made: Callable[[CompletedStory], None] = lambda _: None,
        announce: Callable[[str], Awaitable[None]] | None = None,
    ) -> None:
        self._tasks = tasks
        self._storages = storages
        self._narrator = narrator
        self._isolated = isolated or narrator
        self._scheduler = scheduler
        self._output_root = output_root
        self._work_directory = work_directory
        self._lease_seconds = lease_seconds
        self._heartbeat_seconds = heartbeat_seconds
        self._on_made = on_made
        self._announce = announce

    async def work(self, job: Job) -> None:
        """See `Handler.work`."""
        story = read_message(job.delivery.body, output_root=self._output_root)
        structlog.contextvars.bind_contextvars(parent_id=story.parent_id, task_ids=list(story.task_ids))
        claim = None if story.parent_id is None else await self._claim(story.parent_id, story.task_ids, job)
        if isinstance(claim, Finished):
            _log.info("the story was told already")
        else:
            try:
                if claim is not None:
                    job.count(claim.attempt)
                async with self._keeping(claim) as keeping:
                    await self._narrate_and_publish(story, job, claim, keeping)
            except LeaseLost:
                raise
            except BaseException as error:
                is_attempt = isinstance(error, Exception) and not isinstance(error, Busy | ServiceUnavailable)
                await asyncio.shield(self._release(claim, is_counted=is_attempt))
                raise
        await self._announce_finished(story.parent_id)

    def _keeping(self, claim: Claim | None) -> ClaimHeartbeat:
        return ClaimHeartbeat(
            self._tasks, claim, lease_seconds=self._lease_seconds, heartbeat_seconds=self._heartbeat_seconds
        )

    async def give_up(self, job: Job, error: str) -> bool:
        """See `Handler.give_up`: also of a message that is not understood, where it names its tasks."""
        named = tasks_of(job.delivery.body)
        if named is None:
            return False
        parent_id, task_ids = named
        is_done = False
        refusal: InvalidInput | None = None
        try:
            is_done = await self._fail(parent_id, task_ids, job, error)
        except InvalidInput as caught:
            refusal = caught
        if refusal is not None and len(task_ids) > 1:
            # One of them takes no change; others may.
            for task_id in task_ids:
                with suppress(InvalidInput):
                    await self._fail(parent_id, [task_id], job, error)
        await self._announce_finished(parent_id)
        if refusal is not None:
            raise refusal
        return is_done

    async def _fail(self, parent_id: str, task_ids: Sequence[str], job: Job, error: str) -> bool:
        """Fail what is not completed, and return whether everything is."""
        claim = await self._claim(parent_id, task_ids, job)
        if isinstance(claim, Finished):
            return bool(claim.media_urls)
        try:
            await self._tasks.fail(claim, error=error)
        except InvalidInput:
            await self._release(claim)
            raise
        return False

    async def _claim(self, parent_id: str, task_ids: Sequence[str], job: Job) -> Claim | Finished:
        """The tasks, as soon as nobody else lives who has them.

        Raises:
            Busy: somebody else is alive with them.
        """
        claim_tasks = partial(self._tasks.claim, parent_id, task_ids)
        claim = await retry_until_available(claim_tasks)
        if isinstance(claim, ClaimHeldElsewhere):
            # Whoever had them may be dead, which shows when the lease ends.
            await asyncio.sleep(min(claim.retry_after_seconds, self._lease_seconds) + _MARGIN_SECONDS)
            claim = await retry_until_available(claim_tasks)
        if isinstance(claim, ClaimHeldElsewhere):
            # A queue may count every delivery and end the job after some: it comes back later and later.
            seconds = min(_HELD_SECONDS * 2 ** min(job.delivery.deliveries - 1, 10), _LONGEST_HELD_SECONDS)
            raise Busy("Another worker is processing this story.", retry_after_seconds=seconds)
        return claim

    async def _release(self, claim: Claim | None, *, is_counted: bool = False) -> None:
        if claim is not None:
            try:
                await self._tasks.release(claim, is_counted=is_counted)
            except SaysoError as error:
                _log.info("the tasks stay claimed until their lease ends", reason=error.message)

    async def _narrate_and_publish(self, story: Story, job: Job, claim: Claim | None, keeping: ClaimHeartbeat) -> None:
        versions = {output.uri: await self._version(output) for output in self._open(story, claim)}
        with ScratchDirectory(self._work_directory) as workshop:
            narration = await self._narrated(story, job, workshop, keeping)
            for output, path in zip(story.outputs, narration.files, strict=True):
                if output.uri in versions:
                    await self._publish(output, path, versions[output.uri], job, claim)
        await keeping.end()
        if claim is not None:
            done = TaskProgress(share=1.0, audio_seconds=narration.audio_seconds)
            await retry_until_available(lambda: self._tasks.heartbeat(claim, done))
            urls = {output.task_id: output.uri for output in self._open(story, claim) if output.task_id is not None}
            await retry_until_available(lambda: self._tasks.complete(claim, urls))
        _log.info("the story is told", audio_seconds=round(narration.audio_seconds, 1))

    @staticmethod
    def _open(story: Story, claim: Claim | None) -> list[Output]:
        """The outputs that are still to be made: not those of tasks that were completed before."""
        return [output for output in story.outputs if claim is None or output.task_id in claim.lease_ids]

    async def _narrated(self, story: Story, job: Job, workshop: ScratchDirectory, keeping: ClaimHeartbeat) -> Narration:
        """Narrate on a thread, which ends at its next turn when nobody waits for it any more."""
        began = time.monotonic()
        place = self._scheduler.take_place(job.delivery.job_id, priority=Priority.BATCH)

        def on_progress(progress: Progress) -> None:
            share = progress.done_characters / max(progress.total_characters, 1)
            keeping.progress = TaskProgress(share=share, audio_seconds=progress.audio_seconds)

        maker = self._isolated if job.delivery.is_suspect else self._narrator

        def make() -> Narration:
            with place.working(), workshop.entered() as directory:
                return maker.make(story, directory, place, on_progress)

        with place:
            narration = await on_thread(make)
        self._on_made(CompletedStory(narration=narration, elapsed_seconds=time.monotonic() - began))
        return narration

    async def _version(self, output: Output) -> str | None:
        storage = self._storages.of(output.uri)
        found = await retry_until_available(lambda: storage.find(output.uri))
        return None if found is None else found.version

    async def _publish(self, output: Output, path: Path, version: str | None, job: Job, claim: Claim | None) -> None:
        storage = self._storages.of(output.uri)
        digest = await on_thread(lambda: digest_of(path))
        for _ in range(_TRIES):
            found = await retry_until_available(lambda: storage.find(output.uri))
            if found is not None and found.sha256 == digest:
                return  # it was published before a worker died, or by one that was as far
            await retry_until_available(lambda: self._confirm(job, claim))
            publish = partial(storage.publish, path, output.uri, content_type=content_type_of(path.name), over=version)
            try:
                await retry_until_available(publish)
            except OutputChanged:
                _log.warning("the file is not what it was", uri=output.uri)
                version = await self._version(output)
            else:
                return
        raise ServiceUnavailable(f"{output.uri} changes whenever it is to be written.")

    async def _confirm(self, job: Job, claim: Claim | None) -> None:
        """Make sure that the story is still ours.

        Raises:
            LeaseLost: it is not.
        """
        await job.confirm()
        if claim is not None:
            await self._tasks.heartbeat(claim)

    async def _announce_finished(self, parent_id: str | None) -> None:
        if self._announce is not None and parent_id is not None:
            announce = self._announce
            await retry_until_available(lambda: announce(parent_id))


async def retry_until_available(call: Callable[[], Awaitable[T]]) -> T:
    """What a call gives, once the service behind it answers.

    Raises:
        ResourceMissing: what is asked for does not exist: that is not waited for here, but by the worker.
        ServiceUnavailable: it has not answered for a long time.
    """
    give_up = time.monotonic() + _PATIENCE_SECONDS
    failures = 0
    while True:
        try:
            return await call()
        except ResourceMissing:
            raise
        except ServiceUnavailable as error:
            failures += 1
            if time.monotonic() > give_up:
                raise
            _log.warning("waiting for a service", reason=error.message)
            await asyncio.sleep(backoff_seconds(failures, first_seconds=1, longest_seconds=30))
