"""The order of permits: fair between clients, and between the requests of one client.

It is fair queueing by virtual time (Demers, Keshav, Shenker: "Analysis and simulation of a fair queueing algorithm",
1989). The virtual time of a client or a slot is what it has computed. Their clock advances by what is computed, divided
by the number of those that need a permit, so it goes on while short requests come and go. A slot or client that comes,
or comes back after a pause, starts `HEAD_START_SECONDS` before the clock: it is ahead of the others, but only until the
clock has passed them. Clients share the processors in this way, and the slots of a client share its part.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection

HEAD_START_SECONDS = 1.0
"""About the computation of a sentence: a new request gets its first sentence before older ones their next."""


class Sharer(Protocol):
    """A slot, as far as its order is concerned; it can be hashed."""

    client: str
    fair_seconds: float
    """Its virtual time, which `FairOrder` changes; `NEVER` at first."""


NEVER = -math.inf
"""The virtual time of what has never asked for a permit."""


@dataclass(kw_only=True, slots=True)
class _Client:
    number: int
    fair_seconds: float = NEVER
    clock_seconds: float = 0.0
    slots: int = 0


class FairOrder:
    """See the module; the scheduler's lock guards it."""

    def __init__(self) -> None:
        self._clock_seconds = 0.0
        self._clients: dict[str, _Client] = {}
        self._numbers = count()

    def enter(self, slot: Sharer) -> None:
        """Add a slot."""
        if slot.client not in self._clients:
            self._clients[slot.client] = _Client(number=next(self._numbers))
        self._clients[slot.client].slots += 1

    def leave(self, slot: Sharer) -> None:
        """Remove a slot that was added."""
        client = self._clients[slot.client]
        client.slots -= 1
        if not client.slots:
            del self._clients[slot.client]

    def ask(self, slot: Sharer, active: Collection[Sharer]) -> None:
        """Note that a slot asks for a permit.

        Args:
            slot: it was added.
            active: the other slots that wait for a permit or hold one, or this one if it does so already.
        """
        client = self._clients[slot.client]
        if slot not in active:
            slot.fair_seconds = max(slot.fair_seconds, client.clock_seconds - HEAD_START_SECONDS)
        if all(other.client != slot.client for other in active):
            client.fair_seconds = max(client.fair_seconds, self._clock_seconds - HEAD_START_SECONDS)

    def computed(self, slot: Sharer, seconds: float, active: Collection[Sharer]) -> None:
        """Note that a slot has computed.

        Args:
            slot: it was added.
            seconds: for so long.
            active: the slots, each once, that waited for a permit or held one meanwhile, with this one.
        """
        client = self._clients[slot.client]
        sharers = Counter(other.client for other in active)
        slot.fair_seconds += seconds
        client.fair_seconds += seconds
        client.clock_seconds += seconds / max(1, sharers[slot.client])
        self._clock_seconds += seconds / max(1, len(sharers))

    def time(self, slot: Sharer) -> tuple[float, int, float]:
        """The smaller it is, the sooner the slot gets a permit; where two are equal, the older is first."""
        client = self._clients[slot.client]
        return (client.fair_seconds, client.number, slot.fair_seconds)
