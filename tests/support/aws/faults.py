"""A proxy in front of moto that injects faults: an error status, a hang, a cut response, before or after the operation.

Any thread of the test may control it.
"""

from __future__ import annotations

import json
import random
import threading
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from support.aws.proxy import FaultyServer
from support.aws.troubles import Fault, Trouble

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.aws.troubles import Refusal

__all__ = ["GONE", "HANG_SECONDS", "AwsFaults", "Fault", "Rewrite", "Rule", "Watch", "aws_faults", "failing"]

HANG_SECONDS = 60.0
"""The time limit of a hanging request; `AwsFaults.calm` ends all of them."""

Rewrite = Callable[[dict[str, Any]], dict[str, Any]]
"""Changes the JSON of a response."""

Watch = Callable[[str, Mapping[str, str], bool], None]
"""Called with a request: its operation, its headers under names like ``User-Agent``, and whether it was executed."""

GONE = "ReceiptHandleIsInvalid"
"""SQS's code for an unknown receipt."""


def failing(codes: Mapping[int, str]) -> Rewrite:
    """A change of the response to a batch: the entries at these positions failed, for these reasons."""

    def change(answer: dict[str, Any]) -> dict[str, Any]:
        failed = [
            {"Id": str(place), "Code": code, "SenderFault": code == GONE, "Message": ""}
            for place, code in codes.items()
        ]
        names = {entry["Id"] for entry in failed}
        return {"Successful": [entry for entry in answer["Successful"] if entry["Id"] not in names], "Failed": failed}

    return change


@dataclass(kw_only=True)
class Rule:
    """The fault of the next requests for an operation."""

    operation: str
    left: int
    trouble: Trouble | None = None
    rewrite: Rewrite | None = None
    answer: tuple[int, dict[str, Any]] | None = None
    refusal: Refusal | None = None


@dataclass(frozen=True, kw_only=True)
class _Chance:
    share: float
    troubles: tuple[Trouble, ...]
    random: random.Random
    operations: Collection[str] | None


@dataclass(frozen=True, kw_only=True)
class _Refusing:
    refusals: Mapping[str, Sequence[Refusal]]
    random: random.Random


class AwsFaults:
    """The plan and the log of the proxy; its lock guards all of it.

    Operations have AWS's names, as ``ReceiveMessage``; those of S3, which has no such header, its methods, as
    ``S3:PUT``.
    """

    def __init__(self, target_url: str) -> None:
        self.target = urlsplit(target_url)
        self.url = ""
        self._lock = threading.Lock()
        self._rules: list[Rule] = []
        self._chance: _Chance | None = None
        self._refusing: _Refusing | None = None
        self._seen: list[tuple[str, bytes]] = []
        self._done: Counter[str] = Counter()
        self._released = threading.Event()
        self.watch: Watch = lambda _operation, _headers, _is_obeyed: None
        """Called before each request that is passed on, and after it; it may block, which delays the request."""

    def next(self, operation: str, fault: Fault, *, times: int = 1, is_obeyed: bool = False) -> None:
        """Make the next requests for an operation fail; with ``is_obeyed`` they are executed, and only the response is
        lost.
        """
        trouble = Trouble(fault=fault, is_obeyed=is_obeyed)
        with self._lock:
            self._rules.append(Rule(operation=operation, left=times, trouble=trouble))

    def rewrite(self, operation: str, change: Rewrite, *, times: int = 1) -> None:
        """Change the JSON of the next responses of an operation."""
        with self._lock:
            self._rules.append(Rule(operation=operation, left=times, rewrite=change))

    def answer(self, operation: str, answer: dict[str, Any], *, status: int = 200, times: int = 1) -> None:
        """Answer the next requests for an operation, without passing them on."""
        with self._lock:
            self._rules.append(Rule(operation=operation, left=times, answer=(status, answer)))

    def refuse(self, operation: str, code: str, *, times: int = 1) -> None:
        """Refuse the next requests for an operation."""
        self.answer(operation, {"__type": code, "message": "The proxy says so."}, status=400, times=times)

    def at_random(
        self,
        seed: int,
        share: float,
        *,
        faults: Collection[Fault] = tuple(Fault),
        operations: Collection[str] | None = None,
    ) -> None:
        """Make a share of the requests fail until `calm`, half of them after they were executed.

        Args:
            seed: the same seed gives the same sequence of faults, in whatever order requests come.
            share: 0 to 1.
            faults: the possible faults.
            operations: affected ones; None for all.
        """
        troubles = tuple(Trouble(fault=fault, is_obeyed=obeyed) for fault in faults for obeyed in (False, True))
        with self._lock:
            self._chance = _Chance(
                share=share,
                troubles=troubles,
                random=random.Random(seed),  # noqa: S311 -- faults, not secrets
                operations=operations,
            )

    def refuse_all(self, seed: int, refusals: Mapping[str, Sequence[Refusal]]) -> None:
        """Refuse every request for these operations until `relent` or `calm`, each for any of its reasons."""
        chance = random.Random(seed)  # noqa: S311 -- reasons, not secrets
        with self._lock:
            self._refusing = _Refusing(refusals=refusals, random=chance)

    def relent(self) -> None:
        """Refuse no more requests."""
        with self._lock:
            self._refusing = None

    def calm(self) -> None:
        """Let everything through again, and end hanging requests."""
        with self._lock:
            self._rules.clear()
            self._chance = None
            self._refusing = None
            released, self._released = self._released, threading.Event()
        released.set()

    def forget(self) -> None:
        """Call `calm`, and empty the log."""
        self.calm()
        with self._lock:
            self._seen.clear()
            self._done.clear()

    def seen(self, operation: str) -> int:
        """How many requests there were for an operation."""
        with self._lock:
            return sum(seen == operation for seen, _ in self._seen)

    def asked(self, operation: str) -> list[dict[str, Any]]:
        """The requests for an operation, in order."""
        with self._lock:
            return [json.loads(body) for seen, body in self._seen if seen == operation]

    @property
    def history(self) -> list[str]:
        """The operations of all requests, in order."""
        with self._lock:
            return [operation for operation, _ in self._seen]

    @property
    def troubles(self) -> Counter[str]:
        """How often each fault happened."""
        with self._lock:
            return Counter(self._done)

    def take(self, operation: str, body: bytes) -> Rule | None:
        """The rule for a new request."""
        with self._lock:
            self._seen.append((operation, body))
            rule = next((rule for rule in self._rules if rule.operation == operation), None)
            if rule is not None:
                rule.left -= 1
                if not rule.left:
                    self._rules.remove(rule)
            elif self._refusing is not None and operation in self._refusing.refusals:
                refusal = self._refusing.random.choice(self._refusing.refusals[operation])
                rule = Rule(operation=operation, left=0, refusal=refusal)
            elif self._chance is not None:
                rule = self._by_chance(self._chance, operation)
            if rule is not None and rule.trouble is not None:
                self._done[rule.trouble.fault] += 1
            if rule is not None and rule.refusal is not None:
                self._done[rule.refusal.code] += 1
            return rule

    @staticmethod
    def _by_chance(chance: _Chance, operation: str) -> Rule | None:
        if chance.operations is not None and operation not in chance.operations:
            return None
        if chance.random.random() >= chance.share:
            return None
        return Rule(operation=operation, left=0, trouble=chance.random.choice(chance.troubles))

    def hang(self) -> None:
        """Wait for `calm`."""
        with self._lock:
            released = self._released
        released.wait(HANG_SECONDS)


@contextmanager
def aws_faults(target_url: str) -> Iterator[AwsFaults]:
    """A proxy in front of the server at this address, until the end of the block."""
    faults = AwsFaults(target_url)
    server = FaultyServer(faults)
    faults.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield faults
    finally:
        faults.calm()
        server.shutdown()
        thread.join()
        server.server_close()
