"""The work of one story: claim its tasks, narrate, publish its files, and complete the tasks.

Everything here runs on the worker's loop, except the narration itself, which runs on a thread. Two workers may have the
same story at once, but it is done once, visibly:

- The tasks are claimed before anything is made, and the claim is extended beside the queue's lease. When either is
  lost, the narration is cancelled, and nothing is published (`sayso.workers.claims`).
- A file is published only over the version that was there when the tasks were claimed (`sayso.workers.publishing`).
- The tasks are completed last. When a worker dies between the files and this, the next one makes the same files again,
  from the speech cache, and does not write those again that exist already.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import structlog

from sayso.errors import InvalidInput
from sayso.jobs import HEARTBEAT_SECONDS, LEASE_SECONDS, Claim, Finished, TaskProgress
from sayso.scheduling import Priority
from sayso.stories.messages import read_message, tasks_of
from sayso.threads import on_thread
from sayso.workers.availability import retry_until_available
from sayso.workers.claims import TaskClaims
from sayso.workers.publishing import FilePublisher
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
    from sayso.workers import ClaimHeartbeat, Job

_log = structlog.get_logger(__name__)

SCRATCH_KIND = "story"
"""What the scratch directories of stories are called."""


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
        narrator: makes the files.
        isolated: makes the files in a separate process, if an earlier worker may have died of the story; None to use
            the narrator in any case.
        scheduler: grants the compute permits.
        output_root: the URI below which files go that a message does not name; None without one.
        work_directory: where scratch directories are made.
        lease_seconds: how long a claim lasts without a heartbeat, as the store gives it.
        heartbeat_seconds: how often claims are extended.
        on_made: called with each story that was narrated.
        enqueue_callback: called with the parent of each story that has ended, before its job ends; more than once if
            a job runs again.
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
        enqueue_callback: Callable[[str], Awaitable[None]] | None = None,
    ) -> None:
        self._claims = TaskClaims(tasks, lease_seconds=lease_seconds, heartbeat_seconds=heartbeat_seconds)
        self._storages = storages
        self._narrator = narrator
        self._isolated = isolated or narrator
        self._scheduler = scheduler
        self._output_root = output_root
        self._work_directory = work_directory
        self._on_made = on_made
        self._enqueue_callback = enqueue_callback

    async def work(self, job: Job) -> None:
        """See `Handler.work`."""
        story = read_message(job.delivery.body, output_root=self._output_root)
        structlog.contextvars.bind_contextvars(parent_id=story.parent_id, task_ids=list(story.task_ids))
        claim = None if story.parent_id is None else await self._claims.claim(story.parent_id, story.task_ids)
        if isinstance(claim, Finished):
            _log.info("the story was told already")
        else:
            async with self._claims.held(claim, job) as heartbeat:
                await self._narrate_and_publish(story, job, claim, heartbeat)
        await self._announce_finished(story.parent_id)

    async def give_up(self, job: Job, error: str) -> bool:
        """See `Handler.give_up`: also for an invalid message, if it names its tasks."""
        named = tasks_of(job.delivery.body)
        if named is None:
            return False
        parent_id, task_ids = named
        is_done = False
        refusal: InvalidInput | None = None
        try:
            is_done = await self._claims.fail(parent_id, task_ids, error, code=job.error_code)
        except InvalidInput as caught:
            refusal = caught
        await self._announce_finished(parent_id)
        if refusal is not None:
            raise refusal
        return is_done

    async def _narrate_and_publish(
        self, story: Story, job: Job, claim: Claim | None, heartbeat: ClaimHeartbeat
    ) -> None:
        # Tasks that were completed before are not in the claim, and their files stay as they are.
        outputs = [output for output in story.outputs if claim is None or output.task_id in claim.lease_ids]
        publisher = FilePublisher(self._storages, partial(self._claims.confirm, claim, job))
        await publisher.note_versions(output.uri for output in outputs)
        with ScratchDirectory(self._work_directory, kind=SCRATCH_KIND) as scratch:
            narration = await self._narrate(story, job, scratch, heartbeat)
            for output in outputs:
                await publisher.publish(narration.files[output.format], output.uri)
        await heartbeat.end()
        if claim is not None:
            progress = TaskProgress(share=1.0, audio_seconds=narration.audio_seconds)
            await self._claims.complete(claim, _media_urls(outputs), progress=progress)
        _log.info("the story is told", audio_seconds=round(narration.audio_seconds, 1))

    async def _narrate(self, story: Story, job: Job, scratch: ScratchDirectory, heartbeat: ClaimHeartbeat) -> Narration:
        """Narrate on a thread, which ends at its next compute permit when the job was cancelled."""
        began = time.monotonic()
        slot = self._scheduler.admit(job.delivery.job_id, priority=Priority.BATCH)

        def on_progress(progress: Progress) -> None:
            share = progress.done_characters / max(progress.total_characters, 1)
            heartbeat.progress = TaskProgress(share=share, audio_seconds=progress.audio_seconds)

        maker = self._isolated if job.delivery.is_suspect else self._narrator

        def make() -> Narration:
            with slot.working(), scratch.entered() as directory:
                return maker.make(story, directory, slot, on_progress)

        with slot:
            narration = await on_thread(make)
        self._on_made(CompletedStory(narration=narration, elapsed_seconds=time.monotonic() - began))
        return narration

    async def _announce_finished(self, parent_id: str | None) -> None:
        if self._enqueue_callback is not None and parent_id is not None:
            await retry_until_available(partial(self._enqueue_callback, parent_id))


def _media_urls(outputs: Sequence[Output]) -> dict[str, str]:
    return {output.task_id: output.uri for output in outputs if output.task_id is not None}
