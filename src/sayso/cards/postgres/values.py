"""The values that go between the application's rows, the leases and the queue."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sayso.cards.records import JobStatus


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """A job that a worker may take.

    Attributes:
        job_id: of the row.
        is_small: whether it has few phrases.
        app_now: the application's clock, before any lease of the job was taken.
        is_ours: whether its last worker was one of ours, whose lease has ended: it may be ``processing``.
        state: the visible state of a job that another worker abandoned; None for others.
        created_at: its place in the queue; None where it has none.
    """

    job_id: str
    is_small: bool
    app_now: datetime
    is_ours: bool = False
    state: str | None = None
    created_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class TakenJob:
    """A job that was set to ``processing``.

    Attributes:
        token: the time of that, in microseconds of Unix time; None where the table has no "startedAt".
        age_seconds: since it was created.
        deck_id: of its deck; None where there is none.
    """

    token: int | None
    age_seconds: float
    deck_id: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class SeenJob:
    """A job as it is now.

    Attributes:
        status: which may be unknown to Sayso.
        is_small: whether it has few phrases.
        token: see `TakenJob`.
        app_now: the application's clock.
    """

    status: str
    is_small: bool
    token: int | None
    app_now: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Ending:
    """What becomes of a job.

    Attributes:
        status: ``completed`` or ``failed``.
        error: for "errorMessage"; None for none.
        keeps_error: whether "errorMessage" stays as it is.
        processed: for "processedCount"; None to leave it.
        urls: for "resultUrls"; None to leave them.
        cards: an entry for each card: ``id``, and its URLs by their columns.
        digest: of the phrases that the results are for; None for any.
    """

    status: JobStatus
    error: str | None = None
    keeps_error: bool = False
    processed: int | None = None
    urls: Sequence[Any] | None = None
    cards: Sequence[Mapping[str, Any]] = ()
    digest: str | None = None
