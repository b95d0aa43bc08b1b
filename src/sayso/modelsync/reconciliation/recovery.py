"""After a crash: what became of what was begun, decided by what is on the volume now."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from sayso.modelsync.records import FileKind

if TYPE_CHECKING:
    from sayso.modelsync.journal.values import PublishIntent, SetIntent
    from sayso.modelsync.records import VolumeFile


class Outcome(StrEnum):
    """What became of an intent."""

    MADE = "made"
    NOT_MADE = "not_made"
    COMPARE = "compare"
    """It depends on the content of the file: it was made if that is equal to the checksums of the intent. The stat in
    the journal is then to be replaced by that of the file."""


def outcome_of_publishing(intent: PublishIntent, found: VolumeFile | None) -> Outcome:
    """Whether a file was renamed to its path.

    Args:
        intent: as the journal has it.
        found: what is at the path; None if nothing is.
    """
    if found is None or found.kind is not FileKind.FILE:
        return Outcome.NOT_MADE
    if found.stat == intent.stored.stat:
        return Outcome.MADE
    if found.stat.size_bytes != intent.stored.size_bytes:
        return Outcome.NOT_MADE
    return Outcome.COMPARE if intent.stored.checksums else Outcome.NOT_MADE


def outcome_of_deleting(found: VolumeFile | None, quarantined: VolumeFile | None) -> Outcome:
    """Whether a file was renamed into the quarantine.

    Args:
        found: what is at the path of the file; None if nothing is.
        quarantined: what is at its place in the quarantine; None if nothing is.
    """
    if quarantined is not None:
        return Outcome.MADE
    return Outcome.MADE if found is None else Outcome.NOT_MADE


def outcome_of_swapping(intent: SetIntent, current: str | None) -> Outcome:
    """Whether the link of a set was changed.

    Args:
        intent: as the journal has it; its version is empty if the set is removed.
        current: the version to which the link leads; None if there is no link.
    """
    return Outcome.MADE if (current or "") == intent.version.version else Outcome.NOT_MADE
