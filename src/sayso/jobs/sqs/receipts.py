"""How often this process has attempted a message: SQS counts every receipt, whatever its outcome.

SQS's count is not the number of attempts. It includes receipts after which the message was released, a
duplicate that waited for its twin, and every consumer that the queue had before this one. So a process counts for
itself the messages that it received and did not release. The attempts of all workers are counted by the task store
(`sayso.jobs.Claim.attempt`).
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

_MOST = 10_000
"""How many messages are remembered; one that is forgotten is counted from the start."""


@dataclass(kw_only=True, slots=True)
class Receipt:
    """The state of a known message.

    Attributes:
        attempts: how often it was started here.
        count: SQS's count, at the latest receipt.
        releases: how often it was released here without an attempt.
        is_open: whether it was received, and not settled since.
        is_suspect: whether a worker received it and may have died of it.
    """

    attempts: int
    count: int
    is_open: bool
    is_suspect: bool
    releases: int = 0


class Receipts:
    """The messages that a process has received; queues on one event loop may share them.

    Args:
        most: how many are remembered.
    """

    def __init__(self, *, most: int = _MOST) -> None:
        self._most = most
        self._known: OrderedDict[str, Receipt] = OrderedDict()

    def record(self, job_id: str, count: int) -> Receipt:
        """Record the receipt of a message.

        Args:
            job_id: SQS's name for it.
            count: how often it was received by any consumer, including this time.
        """
        known = self._known.pop(job_id, None)
        if known is None:
            known = Receipt(attempts=0, count=count, is_open=False, is_suspect=count > 1)
        elif known.is_open or count > known.count + 1:
            # This process's lease has ended, or another consumer had it: how that ended is not known.
            known.is_suspect = True
        known.attempts += 1
        known.count, known.is_open = count, True
        self._known[job_id] = known
        if len(self._known) > self._most:
            self._known.popitem(last=False)
        return known

    def released(self, job_id: str, *, is_counted: bool) -> None:
        """Note that it will be delivered again; ``is_counted`` is whether it had been tried."""
        known = self._known.get(job_id)
        if known is not None and known.is_open:
            known.is_open = False
            known.attempts -= not is_counted
            known.releases += not is_counted

    def ended(self, job_id: str) -> None:
        """Note that it never comes again."""
        self._known.pop(job_id, None)
