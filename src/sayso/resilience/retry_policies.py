"""When failed calls are tried again: every policy of Sayso; `sayso.resilience.retry` follows them.

After each failure the pause doubles, less up to half of it by chance, so that callers who failed together do not come
back together ("equal jitter": AWS Architecture Blog, "Exponential Backoff And Jitter", 2015). An error that says when
to come back (``retry_after_seconds``) is obeyed.
"""

from __future__ import annotations

import random
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, kw_only=True, slots=True)
class RetryPolicy:
    """When a failed call is retried.

    Attributes:
        first_seconds: the longest pause after the first failure.
        longest_seconds: the upper bound of all pauses.
        attempts: the largest number of attempts.
        total_seconds: no attempt begins later than this after the first; None for no such limit.
        longest_asked_seconds: if the service asks for a longer pause than this, there is no retry; None for any pause.
    """

    first_seconds: float
    longest_seconds: float
    attempts: int = sys.maxsize
    total_seconds: float | None = None
    longest_asked_seconds: float | None = None

    def pause_seconds(self, failures: int, *, chance: Callable[[], float] = random.random) -> float:
        """The pause before the next attempt.

        Args:
            failures: the number of failures so far, at least 1.
            chance: returns a new random number from 0 to 1 at each call.
        """
        doublings = min(failures - 1, 32)  # more than any bound needs, without an overflow
        return float(min(self.first_seconds * 2**doublings, self.longest_seconds) * (1 - chance() / 2))


JOB = RetryPolicy(first_seconds=2, longest_seconds=900)
"""The next attempt at a job; SAYSO_MAX_ATTEMPTS bounds how many there are."""

SETTLE = RetryPolicy(first_seconds=0.5, longest_seconds=5)
"""Reporting the end of a job to its queue, for as long as the lease lasts."""

RECEIVE = RetryPolicy(first_seconds=1, longest_seconds=10)
"""Receiving jobs from a queue that fails; no limit."""

SERVICE_OF_A_JOB = RetryPolicy(first_seconds=1, longest_seconds=30, total_seconds=600)
"""A task store or a storage that a running job needs: finished work was expensive, and a queue that counts every
delivery would soon dead-letter the job."""

CARD_SERVICE = RetryPolicy(first_seconds=0.5, longest_seconds=5, total_seconds=15)
"""What a phrase of a card needs: its storage, and the database of permits, claims and records. Many phrases wait at
once, and an attempt that begins again finds its speech in the store."""

REDRIVE = RetryPolicy(first_seconds=30, longest_seconds=900)
"""Sending to the dead-letter queue, until the queue's own redrive policy takes over."""

SQS_BATCH = RetryPolicy(first_seconds=0.1, longest_seconds=1, attempts=3)
"""The entries of a batch that failed one by one."""

AWS_CALL = RetryPolicy(first_seconds=0.1, longest_seconds=2, attempts=5, total_seconds=6)
"""A call of AWS; including the last attempt, much shorter than a lease."""

S3_READ = RetryPolicy(first_seconds=0.2, longest_seconds=10, attempts=8, total_seconds=120)
"""A page of a bucket's listing, or a range of an object; what was received of a file is kept between the attempts."""

OPENAI_REQUEST = RetryPolicy(first_seconds=0.5, longest_seconds=8, longest_asked_seconds=10)
"""A request to OpenAI, with the pauses of its own SDK. After a longer Retry-After the next engine is tried, or the
client retries. SAYSO_OPENAI_RETRIES bounds the attempts."""

CARD_REQUEST = RetryPolicy(first_seconds=1, longest_seconds=30, longest_asked_seconds=60)
"""A request to OpenAI for a phrase of a card, which no person waits for. SAYSO_OPENAI_RETRIES bounds the attempts."""

STATEMENT = RetryPolicy(first_seconds=0.1, longest_seconds=1, attempts=4, total_seconds=5)
"""A statement of PostgreSQL that may run twice."""

LISTEN = RetryPolicy(first_seconds=0.5, longest_seconds=5)
"""The connection that listens for notifications; no limit."""

DATABASE_START = RetryPolicy(first_seconds=1, longest_seconds=1, total_seconds=60)
"""A database that is not up yet when Sayso starts."""

EMBEDDED_START = RetryPolicy(first_seconds=0.05, longest_seconds=0.05, total_seconds=60)
"""The first connection to the embedded database."""

EMBEDDED_RESTART = RetryPolicy(first_seconds=0.5, longest_seconds=30)
"""Restarting the embedded database after a crash; no limit."""
