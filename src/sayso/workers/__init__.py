"""The runtime of any service: workers on a loop of their own, heartbeats, scratch directories, health and backlog."""

from sayso.workers.attempts import Handler, Job, Outcome, Policy
from sayso.workers.heartbeat import ClaimHeartbeat
from sayso.workers.scratch import ScratchDirectory, remove_stale
from sayso.workers.service import Consumer, WorkerService
from sayso.workers.worker import Worker

__all__ = [
    "ClaimHeartbeat",
    "Consumer",
    "Handler",
    "Job",
    "Outcome",
    "Policy",
    "ScratchDirectory",
    "Worker",
    "WorkerService",
    "remove_stale",
]
