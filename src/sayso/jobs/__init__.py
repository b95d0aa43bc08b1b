"""Jobs, from whatever queue they come: leased, retried, dead-lettered, and seen by others as tasks."""

from sayso.jobs.attempt import Handler, Job, Outcome, Policy
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
from sayso.jobs.untracked import UntrackedTasks
from sayso.jobs.worker import Worker

__all__ = [
    "BEAT_SECONDS",
    "LEASE_SECONDS",
    "Backlog",
    "Claim",
    "Delivery",
    "Finished",
    "Handler",
    "Held",
    "Job",
    "JobQueue",
    "Outcome",
    "Policy",
    "TaskProgress",
    "TaskStore",
    "UntrackedTasks",
    "Worker",
]
