"""Narrations as jobs: what a store of them promises, and what it tells of each."""

from sayso.jobs.narrations.base import (
    CALLBACKS_QUEUE,
    SHARED_OWNER,
    STORIES_QUEUE,
    NarrationStore,
    announcement,
    is_narration_id,
    new_narration_id,
)
from sayso.jobs.narrations.records import (
    Callback,
    CallbackAttempt,
    CallbackStatus,
    NarrationRecord,
    NarrationRequest,
    NarrationStatus,
    Page,
    Submitted,
)

__all__ = [
    "CALLBACKS_QUEUE",
    "SHARED_OWNER",
    "STORIES_QUEUE",
    "Callback",
    "CallbackAttempt",
    "CallbackStatus",
    "NarrationRecord",
    "NarrationRequest",
    "NarrationStatus",
    "NarrationStore",
    "Page",
    "Submitted",
    "announcement",
    "is_narration_id",
    "new_narration_id",
]
