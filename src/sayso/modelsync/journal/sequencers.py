"""The sequencers of S3's events: which of two events of one key is the later one.

A sequencer is a hexadecimal number. Two of the same key are compared as strings, after the shorter one was filled up
with zeros at its right end; those of different keys must not be compared.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html

Equal sequencers say nothing: MinIO takes the time at which the object was modified, also for events that came later,
and emulators send a constant.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

_SEQUENCER = re.compile(r"[0-9A-Fa-f]{1,64}")

_CEPH_DIGITS = 16
_CEPH_DRIFT = timedelta(days=1)


def read_sequencer(value: object) -> str | None:
    """A sequencer in upper case; None for a value that is none, so that its event has no place in the order."""
    return value.upper() if isinstance(value, str) and _SEQUENCER.fullmatch(value) else None


def read_ceph_sequencer(value: object, occurred_at: datetime | None) -> str | None:
    """A sequencer of Ceph with its bytes in an order in which strings can be compared.

    Ceph writes the bytes of a time in memory: seconds and nanoseconds of 32 bits each, on most machines with the lowest
    byte first. The time of the event says which order it is; if none agrees with it, the event has no sequencer.

    Args:
        value: as the record has it.
        occurred_at: of the record.
    """
    sequencer = read_sequencer(value)
    if sequencer is None or len(sequencer) != _CEPH_DIGITS or occurred_at is None:
        return None
    raw = bytes.fromhex(sequencer)
    for ordered in (raw[3::-1] + raw[:3:-1], raw):
        time = datetime.fromtimestamp(int.from_bytes(ordered[:4]), tz=UTC)
        if abs(time - occurred_at) < _CEPH_DRIFT:
            return ordered.hex().upper()
    return None


def compare_sequencers(first: str, second: str) -> int:
    """Compare two sequencers of the same key.

    Returns:
        -1 if the first one is earlier, 1 if it is later, 0 if they are equal.
    """
    length = max(len(first), len(second))
    one, other = first.upper().ljust(length, "0"), second.upper().ljust(length, "0")
    return (one > other) - (one < other)


def is_stale(sequencer: str | None, *, known: str | None) -> bool:
    """Whether an event is earlier than one of the same key that was seen before.

    Args:
        sequencer: of the event; one without is never stale.
        known: the latest one that was seen; None if there was none.
    """
    return sequencer is not None and known is not None and compare_sequencers(sequencer, known) < 0


def later_sequencer(first: str | None, second: str | None) -> str | None:
    """The later of two sequencers of the same key, the first one if they are equal; None if there is none."""
    if first is None or second is None:
        return first or second
    return second if compare_sequencers(first, second) < 0 else first
