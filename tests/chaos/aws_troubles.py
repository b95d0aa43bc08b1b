"""The troubles of AWS, made by the proxy before it: outages, refusals, requests obeyed late, kills at a step."""

from __future__ import annotations

import threading
import time
from collections import Counter
from typing import TYPE_CHECKING

from chaos.crew import End
from chaos.storm import Trouble
from support.aws.troubles import NO_BUCKET, REFUSALS, Fault

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Mapping, Sequence

    from chaos.crew import Crew
    from support.aws.faults import AwsFaults

FAULT_SHARE = 0.015
"""How many requests fail at any time; in an outage, all."""

_OUTAGE_SECONDS = (2.0, 8.0)
_LATE_SECONDS = (5.0, 12.0)  # after the client has given up
_SERVICES = {
    "S3": ("S3:HEAD", "S3:PUT", "S3:POST", "S3:GET"),
    "DynamoDB": ("GetItem", "UpdateItem"),
    "SQS": (
        "ReceiveMessage",
        "DeleteMessageBatch",
        "ChangeMessageVisibility",
        "ChangeMessageVisibilityBatch",
        "SendMessage",
        "GetQueueAttributes",
    ),
}
_STEPS = ("ReceiveMessage", "GetItem", "UpdateItem", "S3:HEAD", "S3:PUT", "DeleteMessageBatch")
_CHANGES = ("UpdateItem", "S3:PUT", "DeleteMessageBatch", "ChangeMessageVisibility", "ChangeMessageVisibilityBatch")


class AwsTroubles:
    """Makes them; any thread may ask.

    Args:
        faults: the proxy.
        chance: decides what goes wrong in quiet times.
    """

    def __init__(self, faults: AwsFaults, chance: random.Random) -> None:
        self._faults = faults
        self._chance = chance
        self._armed: list[tuple[str, bool]] = []  # steps at which whoever comes is killed; guarded by the lock
        self._late: list[tuple[str, float]] = []  # and operations of which the next is kept back
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()

    @property
    def counts(self) -> Mapping[str, int]:
        """How often each fault was injected; refusals are counted together."""
        counts = Counter(self._counts)
        for kind, times in self._faults.troubles.items():
            counts[str(kind) if kind in set(Fault) else "refused"] += times
        return counts

    def make(self, trouble: Trouble, chance: random.Random, crew: Crew) -> Sequence[tuple[float, Callable[[], None]]]:
        """See `storm.Place.trouble`."""
        self._faults.watch = lambda operation, headers, is_obeyed: self._watch(operation, headers, is_obeyed, crew)
        if trouble is Trouble.KILL_AT_STEP:
            with self._lock:
                self._armed.append((chance.choice(_STEPS), chance.random() < 0.5))
            return []
        if trouble is Trouble.LATE:
            with self._lock:
                self._late.append((chance.choice(_CHANGES), chance.uniform(*_LATE_SECONDS)))
            return []
        seconds, seed = chance.uniform(*_OUTAGE_SECONDS), chance.getrandbits(32)
        if trouble is Trouble.NO_BUCKET:
            self._faults.refuse_all(seed, dict.fromkeys(_SERVICES["S3"], NO_BUCKET))
            return [(seconds, self._faults.relent)]
        services = chance.choice([*([name] for name in _SERVICES), list(_SERVICES)])
        if trouble is Trouble.REFUSAL:
            refusals = {operation: REFUSALS[service] for service in services for operation in _SERVICES[service]}
            self._faults.refuse_all(seed, refusals)
            return [(seconds, self._faults.relent)]
        operations = [operation for service in services for operation in _SERVICES[service]]
        fault = chance.choice((Fault.ERROR, Fault.UNAVAILABLE, Fault.HANG))
        self._faults.at_random(seed, 1.0, faults=[fault], operations=operations)
        return [(seconds, self.be_usual)]

    def be_usual(self) -> None:
        """Let a few requests fail, as they always do."""
        self._faults.at_random(self._chance.getrandbits(32), FAULT_SHARE)

    def calm(self) -> None:
        """Let everything through."""
        with self._lock:
            self._armed.clear()
            self._late.clear()
        self._faults.calm()

    def _watch(self, operation: str, headers: Mapping[str, str], is_obeyed: bool, crew: Crew) -> None:
        with self._lock:
            is_last = (operation, is_obeyed) in self._armed
            if is_last:
                self._armed.remove((operation, is_obeyed))
            late = next((pair for pair in self._late if pair[0] == operation and not is_obeyed), None)
            if late is not None:
                self._late.remove(late)
        if is_last:
            worker = crew.named(headers.get("User-Agent", "").partition("app/")[2].partition(" ")[0])
            if worker is not None:
                crew.kill(worker, restart_seconds=1.0, how=End.KILLED_AT_STEP)
        if late is not None:
            self._counts["obeyed late"] += 1
            time.sleep(late[1])
