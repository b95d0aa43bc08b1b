"""Jobs from any queue: leased, retried, dead-lettered, and visible as tasks."""

from sayso.jobs.base import Backlog, Claim, ClaimHeldElsewhere, Delivery, Finished, JobQueue, TaskProgress, TaskStore
from sayso.jobs.lease_times import HEARTBEAT_SECONDS, LEASE_SECONDS
from sayso.jobs.null_tasks import NullTaskStore

__all__ = [
    "HEARTBEAT_SECONDS",
    "LEASE_SECONDS",
    "Backlog",
    "Claim",
    "ClaimHeldElsewhere",
    "Delivery",
    "Finished",
    "JobQueue",
    "NullTaskStore",
    "TaskProgress",
    "TaskStore",
]
