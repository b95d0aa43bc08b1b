"""What the names of a bucket's events mean, in the spellings of S3, MinIO, Ceph and EventBridge."""

from __future__ import annotations

from sayso.modelsync.records import EventKind

_METADATA = frozenset({"PutTagging", "DeleteTagging", "PutRetention", "PutLegalHold", "PutAcl"})
"""MinIO sends these as kinds of ``ObjectCreated``, although the content stays."""

_REMOVALS = frozenset({"ObjectRemoved", "LifecycleExpiration"})
_MARKERS = frozenset({"DeleteMarkerCreated", "DeletionMarkerCreated"})

_OTHERS = frozenset(
    {
        "IntelligentTiering",
        "LifecycleDelMarkerExpiration",
        "LifecycleTransition",
        "ObjectAccessed",
        "ObjectAcl",
        "ObjectRestore",
        "ObjectTagging",
        "ObjectTransition",
        "ReducedRedundancyLostObject",
        "Replication",
        "Scanner",
    }
)
"""The families of events that change no content; the others are counted as ``unknown event``."""


class IgnoredName(Exception):
    """An event of this name changes no content; the message is a label for counting."""


def kind_of_name(name: str) -> tuple[EventKind, bool]:
    """What an event of S3, MinIO or Ceph says.

    Args:
        name: ``ObjectCreated:Put``, with or without ``s3:`` in front.

    Returns:
        The kind, and whether a delete marker was created.

    Raises:
        IgnoredName: it changes no content.
    """
    family, _, detail = name.removeprefix("s3:").partition(":")
    if family == "ObjectCreated" and detail not in _METADATA:
        return EventKind.CREATED, False
    if family in _REMOVALS:
        return EventKind.REMOVED, detail in _MARKERS
    if family == "ObjectSynced":  # Ceph: another zone's change has arrived in this one
        return (EventKind.CREATED if detail == "Create" else EventKind.REMOVED), detail in _MARKERS
    if family == "ObjectLifecycle" and detail in {"Expiration:Current", "Expiration"}:  # Ceph
        return EventKind.REMOVED, False
    if family in _OTHERS or family in {"ObjectCreated", "ObjectLifecycle"}:
        raise IgnoredName(family)
    raise IgnoredName("unknown event")


def kind_of_eventbridge(detail_type: str) -> EventKind:
    """What an event of EventBridge says.

    Raises:
        IgnoredName: it changes no content.
    """
    if detail_type == "Object Created":
        return EventKind.CREATED
    if detail_type == "Object Deleted":
        return EventKind.REMOVED
    raise IgnoredName(detail_type if detail_type.startswith("Object ") and len(detail_type) < 40 else "unknown event")
