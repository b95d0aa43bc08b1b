"""The way from the bucket to the queue, on which events are lost, come twice, and overtake one another."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_plus

from chaos.sync.faults import Counts, Fault

if TYPE_CHECKING:
    from chaos.sync.bucket import ChaoticBucket

_LOST_SHARE = 0.1
_DUPLICATED_SHARE = 0.2
_LATE_SHARE = 0.2


@dataclass
class Feeder:
    """Takes the events of a bucket, and says which come when.

    Attributes:
        lost: the keys whose latest event was lost.
    """

    bucket: ChaoticBucket
    seed: str
    counts: Counts
    lost: set[str] = field(default_factory=set)
    _late: list[str] = field(default_factory=list)
    _sequence: int = 0

    def __post_init__(self) -> None:
        self._chance = random.Random(self.seed)  # noqa: S311 -- moments, not secrets

    def take(self, *, is_last: bool = False) -> list[str]:
        """The bodies of the messages that come now, in the order in which they come.

        Args:
            is_last: whether none is late any more.
        """
        bodies = [*self._late]
        self._late = []
        for event in self.bucket.events():
            key, body = self._sequenced(event)
            if self._chance.random() < _LOST_SHARE:
                self.counts.add(Fault.LOST)
                self.lost.add(key)
                continue
            self.lost.discard(key)
            bodies.append(body)
            if self._chance.random() < _DUPLICATED_SHARE:
                self.counts.add(Fault.DUPLICATED)
                self._later(bodies, body, is_last=is_last)
            if self._chance.random() < _LATE_SHARE:
                bodies.remove(body)
                self._later(bodies, body, is_last=is_last)
        order = list(bodies)
        self._chance.shuffle(bodies)
        self.counts.add(Fault.REORDERED, _overtaken(order, bodies))
        return bodies

    def _later(self, bodies: list[str], body: str, *, is_last: bool) -> None:
        (bodies if is_last else self._late).append(body)

    def _sequenced(self, event: dict[str, Any]) -> tuple[str, str]:
        """The key of an event, and its body with a sequencer, which moto does not have."""
        self._sequence += 1
        described = event["Records"][0]["s3"]["object"]
        described["sequencer"] = f"{self._sequence:016X}"
        return unquote_plus(described["key"]), json.dumps(event)


def _overtaken(before: list[str], after: list[str]) -> int:
    """How many messages come before one that was sent earlier."""
    places = {body: place for place, body in enumerate(before)}
    count, latest = 0, -1
    for body in after:
        count += places[body] < latest
        latest = max(latest, places[body])
    return count
