"""A plan in words, for a terminal and for logs."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from sayso.modelsync.keys import shown
from sayso.modelsync.plan.actions import ActionKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sayso.modelsync.plan.actions import Action, Plan, SetChange

_MAXIMUM_EACH = 1000


def plan_lines(plan: Plan, *, maximum_each: int = _MAXIMUM_EACH) -> Iterator[str]:
    """A plan, a line for each thing, and its sum at the end.

    Args:
        plan: the plan.
        maximum_each: how many things of one kind are listed; of others, their number is given.
    """
    yield from _limited([_action_line(action) for action in plan.actions], maximum_each, "actions")
    for change in plan.sets:
        yield _set_line(change)
        yield from _limited([f"  {_action_line(each)}" for each in change.transfers], maximum_each, "transfers")
    yield from (f"wait      {shown(each.prefix)}: {each.reason}" for each in plan.waiting)
    yield from _limited([f"refuse    {each.detail}" for each in plan.refused], maximum_each, "refused keys")
    yield from _limited(
        [f"keep      {shown(each.path)}: {each.reason}" for each in plan.foreign], maximum_each, "files"
    )
    if plan.withheld_reason is not None:
        yield f"withhold  {len(plan.withheld):,} deletions: {plan.withheld_reason}"
    yield summary(plan)


def summary(plan: Plan) -> str:
    """The sum of a plan in one line."""
    counts = Counter(str(action.kind) for action in plan.actions)
    for change in plan.sets:
        counts.update(str(each.kind) for each in change.transfers)
    parts = [f"{counts[kind]:,} to {kind}" for kind in ActionKind if counts[kind]]
    parts += [f"{len(plan.sets):,} sets to publish"] if plan.sets else []
    parts += [f"{plan.unchanged:,} unchanged", f"{plan.skipped:,} skipped", f"{len(plan.refused):,} refused"]
    return f"{', '.join(parts)}; at most {plan.size_bytes:,} bytes to transfer"


def _action_line(action: Action) -> str:
    size = f" ({action.size_bytes:,} bytes)" if action.remote is not None else ""
    return f"{action.kind:<9} {shown(action.key)}{size}: {action.reason}"


def _set_line(change: SetChange) -> str:
    what = (
        f"publish   {shown(change.prefix)} as version {change.version}"
        if change.version
        else "remove    " + shown(change.prefix)
    )
    return f"{what}: {change.reason}"


def _limited(lines: list[str], maximum: int, what: str) -> Iterator[str]:
    yield from lines[:maximum]
    if len(lines) > maximum:
        yield f"… and {len(lines) - maximum:,} more {what}"
