"""What there is of cards when all is over: rows, cards, files, and what the provider was asked for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from chaos.cards_record import CardsRecord
from chaos.evidence import Evidence

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

BASE_URL = "https://cards.example.com/tts"
"""The public address of the files."""

VOICES = {"en": "alloy", "fr": "verse"}
"""The provider's voices by language, which are the defaults."""

LANGUAGES = {"en": ("textEn", "audioUrlEn"), "fr": ("textFr", "audioUrlFr")}
"""The keys of a text and of its URL by language."""

Phrases = list[dict[str, str]]


@dataclass(frozen=True, kw_only=True, slots=True)
class JobNow:
    """A job's row at the end.

    Attributes:
        status: as it is in the table.
        phrases: as they are in the table.
        results: its "resultUrls".
        processed: its "processedCount".
        error: its "errorMessage".
        is_dated: whether it has "startedAt" and "completedAt".
    """

    status: str
    phrases: Phrases
    results: Any
    processed: int
    error: str | None
    is_dated: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Purchase:
    """A request for speech that the provider answered completely, with the audio.

    Attributes:
        text: that was spoken.
        voice: that spoke it.
        worker: that asked.
        began: when the request had arrived, in Unix seconds.
        ended: when the response was sent.
    """

    text: str
    voice: str
    worker: str
    began: float
    ended: float


@dataclass(frozen=True, kw_only=True, slots=True)
class CardsEvidence(Evidence):
    """See `Evidence`; its URIs are the names of files, and its orders the jobs.

    Attributes:
        jobs: the rows that there are, by id.
        cards: the URLs of each card by its id, as they are keyed in results.
        drafts: every list of phrases that the application gave a job, by its id.
        deleted: jobs that the application deleted, perhaps.
        cancelled: jobs that it cancelled, perhaps.
        purchases: by workers of Sayso.
        stored: how many entries of the store of speech there are with each stamp.
        replaced: the names of workers that are not Sayso's, and work as those that it replaces.
    """

    record: CardsRecord = field(default_factory=CardsRecord)
    jobs: Mapping[str, JobNow]
    cards: Mapping[str, Mapping[str, str | None]]
    drafts: Mapping[str, Sequence[Phrases]]
    deleted: frozenset[str] = frozenset()
    cancelled: frozenset[str] = frozenset()
    purchases: Sequence[Purchase] = ()
    stored: Mapping[str, int] = field(default_factory=dict)
    replaced: frozenset[str] = frozenset()


def file_name(job: str, index: int, phrase: Mapping[str, str], language: str) -> str:
    """The name of the file of a phrase."""
    stem = phrase.get("cardId") or f"{job}_{index}"
    return f"{stem}_{language}.mp3"
