"""What befalls model sync, and how often each of it really happened."""

from __future__ import annotations

import threading
from collections import Counter
from enum import StrEnum


class Fault(StrEnum):
    """What befalls it; each is counted when it has an effect, not when it is planned."""

    KILL = "kill -9"
    FREEZE = "frozen for a while"
    TAKE_OVER = "second replica took over"
    CUT = "connection reset in a body"
    SLOW = "slow connection"
    SILENT = "silent connection"
    ERROR_500 = "500"
    ERROR_503 = "503"
    FLIP = "bit flipped in a body"
    TRUNCATED = "body shorter than its length says"
    SHORT = "body and its length too short"
    OVERWRITTEN = "object overwritten during its transfer"
    DUPLICATED = "event duplicated"
    REORDERED = "event overtaken by a later one"
    LOST = "event lost"
    FULL_DISK = "write to a full disk"
    READ_ONLY = "start on a read-only volume"
    READ_ONLY_LATER = "volume became read-only (EROFS)"
    STALE = "ESTALE"
    NO_SYNC = "fsync refused"
    NO_LINK = "hard link refused"
    NO_SYMLINK = "symbolic link refused"
    HOSTILE_KEY = "hostile key refused"
    HELD = "reader held a file across its replacement"
    HELD_SET = "reader held a set across its swap"


PROCESSES = (Fault.KILL, Fault.FREEZE, Fault.TAKE_OVER)
NETWORK = (
    Fault.CUT,
    Fault.SLOW,
    Fault.SILENT,
    Fault.ERROR_500,
    Fault.ERROR_503,
    Fault.FLIP,
    Fault.TRUNCATED,
    Fault.SHORT,
    Fault.OVERWRITTEN,
)
EVENTS = (Fault.DUPLICATED, Fault.REORDERED, Fault.LOST)
COMMON = (*PROCESSES, *NETWORK, *EVENTS, Fault.HOSTILE_KEY, Fault.HELD)


class Counts:
    """How often each fault happened; any thread may use it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[Fault] = Counter()

    def add(self, fault: Fault, times: int = 1) -> None:
        """It happened."""
        with self._lock:
            self._counts[fault] += times

    def __getitem__(self, fault: Fault) -> int:
        with self._lock:
            return self._counts[fault]
