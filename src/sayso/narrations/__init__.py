"""Narrations as jobs: the store's interface, the service, its events, webhooks and retention."""

from sayso.narrations.records import (
    Callback,
    CallbackAttempt,
    CallbackStatus,
    NarrationRecord,
    NarrationRequest,
    NarrationStatus,
    Page,
    Submitted,
)
from sayso.narrations.store import (
    CALLBACKS_QUEUE,
    SHARED_OWNER,
    STORIES_QUEUE,
    NarrationRemover,
    NarrationStore,
    callback_message,
    cannot_remove,
    cannot_retry,
    is_narration_id,
    new_narration_id,
)

__all__ = [
    "CALLBACKS_QUEUE",
    "SHARED_OWNER",
    "STORIES_QUEUE",
    "Callback",
    "CallbackAttempt",
    "CallbackStatus",
    "NarrationRecord",
    "NarrationRemover",
    "NarrationRequest",
    "NarrationStatus",
    "NarrationStore",
    "Page",
    "Submitted",
    "callback_message",
    "cannot_remove",
    "cannot_retry",
    "is_narration_id",
    "new_narration_id",
]
