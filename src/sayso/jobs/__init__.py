"""Jobs, from whatever queue they come: leased, retried, dead-lettered, and seen by others as tasks."""

from sayso.jobs.base import (
    BEAT_SECONDS,
    LEASE_SECONDS,
    Backlog,
    Claim,
    Delivery,
    Finished,
    Held,
    JobQueue,
    TaskProgress,
    TaskStore,
)

__all__ = [
    "BEAT_SECONDS",
    "LEASE_SECONDS",
    "Backlog",
    "Claim",
    "Delivery",
    "Finished",
    "Held",
    "JobQueue",
    "TaskProgress",
    "TaskStore",
]
