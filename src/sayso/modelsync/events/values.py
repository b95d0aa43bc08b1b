"""Read the values of an event's fields, which each server writes a little differently; what cannot be read is None."""

from __future__ import annotations

from datetime import UTC, datetime

_MAXIMUM_DIGITS = 16
"""More than any object has; its limit is 50 TB."""


def as_text(value: object) -> str | None:
    """A text that is not empty."""
    return value if isinstance(value, str) and value else None


def as_etag(value: object) -> str | None:
    """An ETag without quotes."""
    return as_text(value.strip('"')) if isinstance(value, str) else None


def as_count(value: object) -> int | None:
    """A number of bytes, which Ceph writes as a string."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= _MAXIMUM_DIGITS:
        return int(value)
    return value if type(value) is int and value >= 0 else None


def as_time(value: object) -> datetime | None:
    """A time in ISO 8601; one without a time zone is in UTC."""
    try:
        time = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return time.replace(tzinfo=UTC) if time is not None and time.tzinfo is None else time
