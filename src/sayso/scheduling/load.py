"""Priorities, shares and load: the values around the scheduler."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


def may_have_another(*, held: int, free: int) -> bool:
    """Whether a client may take one more unit of a scarce resource: only while more are free than it holds.

    A single client gets half of them, so that the next client finds some free; the shares become smaller with each
    client (dynamic thresholds: Choudhury and Hahne, "Dynamic queue length thresholds for shared-memory packet
    switches", 1998).
    """
    return held < free


class Priority(IntEnum):
    """The order in which waiting work gets permits; the smaller value is first."""

    INTERACTIVE = 0
    BATCH = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Load:
    """How busy a scheduler is.

    Attributes:
        slots: how many slots there are.
        taken: how many are taken, by requests in progress and by cancelled ones for which a thread still works.
        permits: how many pieces of work may compute at once.
        computing: how many do.
        waiting: how many wait for a permit.
        retry_after_seconds: when a slot is likely to be free.
    """

    slots: int
    taken: int
    permits: int
    computing: int
    waiting: int
    retry_after_seconds: float
