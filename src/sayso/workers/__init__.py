"""The runtime of any service: workers on a loop of their own, claims, scratch directories, publishing, health."""

from sayso.workers.attempts import Handler, Job, Outcome, Policy
from sayso.workers.availability import retry_until_available
from sayso.workers.claims import TaskClaims
from sayso.workers.group import WorkerGroup
from sayso.workers.heartbeat import ClaimHeartbeat
from sayso.workers.publishing import FilePublisher
from sayso.workers.scratch import ScratchDirectory, remove_stale
from sayso.workers.service import Consumer, WorkerService
from sayso.workers.worker import Worker

__all__ = [
    "ClaimHeartbeat",
    "Consumer",
    "FilePublisher",
    "Handler",
    "Job",
    "Outcome",
    "Policy",
    "ScratchDirectory",
    "TaskClaims",
    "Worker",
    "WorkerGroup",
    "WorkerService",
    "remove_stale",
    "retry_until_available",
]
