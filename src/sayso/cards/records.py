"""The values of a cards job: its phrases, what became of each, and the row that the application sees."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime


class JobStatus(StrEnum):
    """The states of a job in the application's table; a row with another one is left alone."""

    PENDING = "pending"
    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"


LARGE_COLUMNS = ("phrases", "resultUrls")
"""The columns that lists of jobs do without."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Phrase:
    """One entry of a job's phrases.

    Attributes:
        index: its place in the job, from 0.
        card_id: the card that gets its URLs; None without a card.
        texts: what is to be spoken, by language: ``en``, ``fr``, in lower case; languages with a problem are not in it.
        problems: why a text cannot be spoken, in a sentence, by language; ``""`` for a problem of the whole phrase.
    """

    index: int
    card_id: str | None
    texts: Mapping[str, str]
    problems: Mapping[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class PhraseResult:
    """What became of one phrase.

    Attributes:
        phrase: which.
        urls: of its audio, by language; None where it could not be spoken.
        problems: why, in a sentence, by language; also those of `Phrase.problems`.
    """

    phrase: Phrase
    urls: Mapping[str, str | None]
    problems: Mapping[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class CardJob:
    """A job as it was read from the application's table.

    Attributes:
        job_id: of the row.
        deck_id: of its deck; None where the application gave none.
        phrases: the ``jsonb`` as it came; `sayso.cards.phrases` makes sense of it.
        phrases_digest: of the phrases as the database has them; another one means that they were edited.
        total_phrases: as the application counted them.
        created_at: in UTC.
    """

    job_id: str
    deck_id: str | None
    phrases: Any
    phrases_digest: str
    total_phrases: int
    created_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class JobRow:
    """A row as clients of the HTTP API and the command line see it.

    Attributes:
        columns: every column of the application's table by its own name; times are in ISO 8601, UTC with ``Z``.
    """

    columns: Mapping[str, Any]

    @property
    def status(self) -> str:
        """The state, which may be one that Sayso does not know."""
        return str(self.columns["status"])

    @property
    def is_final(self) -> bool:
        """Whether it has ended; a failed one may be retried."""
        return self.status in {JobStatus.COMPLETED, JobStatus.FAILED}


@dataclass(frozen=True, kw_only=True, slots=True)
class JobResults:
    """The results of a job, so far or in the end.

    Attributes:
        results: one for each phrase, in the order of the phrases; None for those that are not finished.
    """

    results: Sequence[PhraseResult | None]

    @property
    def processed(self) -> int:
        """How many phrases are finished, with or without problems."""
        return sum(result is not None for result in self.results)
