"""A reconciliation that gives way: events that come while it runs are acted on between its steps.

Everything that changes the volume stays on one thread. Where a reconciliation waits, for transfers, for a listing or
for files that are read, it gives way: the keys of waiting events are asked for and changed at once. What an event has
decided about a key is newer than the plan of the reconciliation, which leaves that key alone from then on. What the
plan is going to fetch anyway, because the bucket still has that very object, is not fetched twice.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from sayso.modelsync.plan.actions import Action, Plan
    from sayso.modelsync.records import RemoteObject

T = TypeVar("T")

_LOOK_SECONDS = 0.1


class UnderWay:
    """What one reconciliation is going to do, and what events have decided since; for its thread.

    Args:
        on_pause: called where the reconciliation waits; acts on waiting events.
    """

    def __init__(self, on_pause: Callable[[UnderWay], None] = lambda _: None) -> None:
        self.building: str | None = None
        """The prefix of the set that is put together now: it is not changed meanwhile."""
        self._on_pause = on_pause
        self._planned: dict[str, RemoteObject] = {}
        self._versions: dict[str, str] = {}
        self._decided: set[str] = set()
        self._decided_sets: set[str] = set()

    def give_way(self) -> None:
        """Act on the events that wait.

        Raises:
            LeaseLost, Cancelled, OutputFailed: the volume has to be opened again.
        """
        self._on_pause(self)

    def meanwhile(self, call: Callable[[], T]) -> T:
        """The result of a call that blocks and changes nothing; it is made on another thread, and gives way.

        Raises:
            Exception: what the call or `give_way` raises.
        """
        with ThreadPoolExecutor(1, thread_name_prefix="reconciliation") as thread:
            future = thread.submit(call)
            while not wait([future], timeout=_LOOK_SECONDS).done:
                self.give_way()
            return future.result()

    def begin(self, plan: Plan) -> Plan:
        """Begin with a plan; it is returned without what events have decided since."""
        actions = tuple(action for action in plan.actions if self.is_current(action.key))
        sets = tuple(change for change in plan.sets if self.is_current_set(change.prefix))
        self._planned = {action.key: action.remote for action in actions if action.remote is not None}
        self._versions = {change.prefix: change.version for change in sets}
        for change in sets:
            self._planned.update((member.key, member) for member in change.members)
        return replace(plan, actions=actions, sets=sets)

    def begin_again(self) -> None:
        """What is planned from now on is newer than what events have decided."""
        self._decided.clear()
        self._decided_sets.clear()

    def is_current(self, key: str) -> bool:
        """Whether the plan still decides about a key."""
        return key not in self._decided and not any(key.startswith(prefix) for prefix in self._decided_sets)

    def is_current_set(self, prefix: str) -> bool:
        """Whether the plan still decides about a set."""
        return prefix not in self._decided_sets

    def is_building(self, key: str) -> bool:
        """Whether a key belongs to the set that is put together now."""
        return self.building is not None and key.startswith(self.building)

    def ended(self, keys: Iterable[str]) -> None:
        """The plan is done with keys, whatever came of them."""
        for key in keys:
            self._planned.pop(key, None)

    def ended_set(self, prefix: str) -> None:
        """The plan is done with a set."""
        self._versions.pop(prefix, None)
        self.ended([key for key in self._planned if key.startswith(prefix)])

    @property
    def planned_keys(self) -> Collection[str]:
        """The keys whose objects will be published."""
        return self._planned.keys()

    def without_planned(self, plan: Plan) -> tuple[Plan, frozenset[str]]:
        """The plan of events without what the reconciliation does anyway, and the keys of that."""
        actions = tuple(action for action in plan.actions if not self._has(action))
        sets = tuple(change for change in plan.sets if self._versions.get(change.prefix) != change.version)
        left = {action.key for action in plan.actions} - {action.key for action in actions}
        for change in plan.sets:
            if change not in sets:
                left.update(member.key for member in change.members)
        return replace(plan, actions=actions, sets=sets), frozenset(left)

    def decide(self, keys: Iterable[str], prefixes: Iterable[str]) -> None:
        """Events have decided about keys and sets."""
        self._decided.update(keys)
        self._decided_sets.update(prefixes)

    def _has(self, action: Action) -> bool:
        planned = self._planned.get(action.key)
        wanted = action.remote
        return (
            planned is not None
            and wanted is not None
            and bool(wanted.etag)
            and (planned.etag, planned.size_bytes) == (wanted.etag, wanted.size_bytes)
        )
