"""Fakes of the Protocols that need no model, for tests of Sayso and of programs that use it."""

from sayso.testing.card_jobs import InMemoryClientJobs
from sayso.testing.cards import FakePhraseSpeaker, InMemoryFileRecords, InMemoryJobRows, MemoryCardJob
from sayso.testing.engine import FakeG2P, FakeSpeechEngine
from sayso.testing.jobs import InMemoryQueue, InMemoryTaskStore
from sayso.testing.narrations import InMemoryNarrationStore
from sayso.testing.permits import InMemoryPermits
from sayso.testing.storage import InMemoryStorage
from sayso.testing.transcriber import FakeTranscriber

__all__ = [
    "FakeG2P",
    "FakePhraseSpeaker",
    "FakeSpeechEngine",
    "FakeTranscriber",
    "InMemoryClientJobs",
    "InMemoryFileRecords",
    "InMemoryJobRows",
    "InMemoryNarrationStore",
    "InMemoryPermits",
    "InMemoryQueue",
    "InMemoryStorage",
    "InMemoryTaskStore",
    "MemoryCardJob",
]
