"""The order of a key's events."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sayso.modelsync.journal.sequencers import (
    compare_sequencers,
    is_stale,
    later_sequencer,
    read_ceph_sequencer,
    read_sequencer,
)

sequencers = st.text("0123456789ABCDEFabcdef", min_size=1, max_size=24)


@given(sequencers, sequencers)
def test_the_order_is_that_of_the_numbers_after_the_point(first: str, second: str) -> None:
    """Zeros on the right change nothing, and neither does the case."""
    one, other = int(first.ljust(24, "0"), 16), int(second.ljust(24, "0"), 16)
    assert compare_sequencers(first, second) == (one > other) - (one < other)
    assert compare_sequencers(second, first) == -compare_sequencers(first, second)
    assert compare_sequencers(first + "00", first.lower()) == 0


@given(sequencers, sequencers, sequencers)
def test_the_order_is_transitive(first: str, second: str, third: str) -> None:
    """Whatever their lengths are."""
    if compare_sequencers(first, second) <= 0 and compare_sequencers(second, third) <= 0:
        assert compare_sequencers(first, third) <= 0


@given(st.lists(sequencers, min_size=1))
def test_the_latest_one_does_not_depend_on_the_order_of_arrival(arrived: list[str]) -> None:
    """After it, every other one is stale or equal, and it is not stale itself."""
    known: str | None = None
    for sequencer in arrived:
        known = later_sequencer(known, sequencer)
    reverse: str | None = None
    for sequencer in reversed(arrived):
        reverse = later_sequencer(reverse, sequencer)
    assert known is not None
    assert reverse is not None
    assert compare_sequencers(known, reverse) == 0
    assert not any(is_stale(known, known=sequencer) for sequencer in arrived)


def test_an_event_without_a_sequencer_is_never_stale() -> None:
    """And it makes no other one stale."""
    assert not is_stale(None, known="FF")
    assert not is_stale("00", known=None)
    assert later_sequencer(None, None) is None
    assert later_sequencer(None, "01") == later_sequencer("01", None) == "01"


def test_an_equal_sequencer_is_not_stale() -> None:
    """MinIO and emulators give later events an equal one."""
    assert not is_stale("617F08299329D189", known="617f08299329d189")
    assert is_stale("617F08299329D188", known="617f08299329d189")


@pytest.mark.parametrize("value", [None, "", 3, "xyz", "0x12", " 12", "F" * 65, "１２", "12\n"])
def test_what_is_no_sequencer_is_left_out(value: object) -> None:
    """The event is taken without one."""
    assert read_sequencer(value) is None


@given(st.lists(st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1)), min_size=2, max_size=2))  # noqa: DTZ001
def test_the_sequencers_of_ceph_are_put_in_an_order(times: list[datetime]) -> None:
    """Of machines with either order of bytes."""
    first, second = sorted(time.replace(tzinfo=UTC) for time in times)
    for order in ("little", "big"):
        one, other = (read_ceph_sequencer(ceph(time, order), time) for time in (first, second))
        assert one is not None
        assert other is not None
        assert compare_sequencers(one, other) == (first > second) - (first < second)


def ceph(time: datetime, order: str) -> str:
    """The sequencer that Ceph gives an event."""
    seconds, nanoseconds = int(time.timestamp()), time.microsecond * 1000
    return (seconds.to_bytes(4, order) + nanoseconds.to_bytes(4, order)).hex().upper()  # type: ignore[arg-type]
