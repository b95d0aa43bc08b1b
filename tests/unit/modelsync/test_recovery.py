"""After a crash it is found out on the volume what was done."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sayso.modelsync.journal.values import PublishIntent, SetIntent, SetVersion
from sayso.modelsync.reconciliation.recovery import (
    Outcome,
    outcome_of_deleting,
    outcome_of_publishing,
    outcome_of_swapping,
)
from sayso.modelsync.records import FileKind, LocalStat, VolumeFile
from support.modelsync.entries import stored

STORED = stored("a.bin", 3)
INTENT = PublishIntent(key="a.bin", stored=STORED, temporary=".a.bin.sayso-0.partial")
NEW = VolumeFile(path="a.bin", kind=FileKind.FILE, stat=STORED.stat)
OTHER_STAT = LocalStat(size_bytes=STORED.size_bytes, mtime_ns=1, inode=1)


@pytest.mark.parametrize(
    ("found", "outcome"),
    [
        (NEW, Outcome.MADE),
        (None, Outcome.NOT_MADE),
        (replace(NEW, kind=FileKind.SYMLINK), Outcome.NOT_MADE),
        (replace(NEW, stat=replace(OTHER_STAT, size_bytes=9)), Outcome.NOT_MADE),
        (replace(NEW, stat=OTHER_STAT), Outcome.COMPARE),
    ],
)
def test_a_rename_keeps_the_stat_of_the_file(found: VolumeFile | None, outcome: Outcome) -> None:
    """Where it does not, as on some network file systems, the content decides."""
    assert outcome_of_publishing(INTENT, found) is outcome


def test_a_file_that_cannot_be_compared_is_fetched_again() -> None:
    """That is what follows if it was not made."""
    intent = replace(INTENT, stored=replace(STORED, checksums=()))
    assert outcome_of_publishing(intent, replace(NEW, stat=OTHER_STAT)) is Outcome.NOT_MADE


@pytest.mark.parametrize(
    ("found", "quarantined", "outcome"),
    [
        (None, NEW, Outcome.MADE),
        (NEW, None, Outcome.NOT_MADE),
        (None, None, Outcome.MADE),
        (NEW, NEW, Outcome.MADE),
    ],
)
def test_a_deleted_file_is_in_the_quarantine(
    found: VolumeFile | None, quarantined: VolumeFile | None, outcome: Outcome
) -> None:
    """Or nowhere; another one may have come to its path since."""
    assert outcome_of_deleting(found, quarantined) is outcome


@pytest.mark.parametrize(
    ("version", "current", "outcome"),
    [
        ("v2", "v2", Outcome.MADE),
        ("v2", "v1", Outcome.NOT_MADE),
        ("v2", None, Outcome.NOT_MADE),
        ("", None, Outcome.MADE),
        ("", "v1", Outcome.NOT_MADE),
    ],
)
def test_the_link_says_which_version_is_published(version: str, current: str | None, outcome: Outcome) -> None:
    """Also that a set was removed."""
    intent = SetIntent(version=SetVersion(prefix="a/", version=version), files=())
    assert outcome_of_swapping(intent, current) is outcome
