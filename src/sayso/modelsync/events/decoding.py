"""Decode the messages of a bucket's events, from S3, MinIO and Ceph, bare or in envelopes.

S3: https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
EventBridge: https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
MinIO: S3's records beside ``EventName`` and ``Key``
Ceph: https://docs.ceph.com/en/latest/radosgw/notifications/
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

from sayso.aws.envelopes import unwrap
from sayso.errors import InvalidInput
from sayso.modelsync.events.names import IgnoredName, kind_of_eventbridge, kind_of_name
from sayso.modelsync.events.values import as_count, as_etag, as_text, as_time
from sayso.modelsync.journal.sequencers import read_ceph_sequencer, read_sequencer
from sayso.modelsync.records import DecodedMessage, EventKind, ObjectEvent

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sayso.aws.envelopes import UnwrappedMessage

MAXIMUM_MESSAGE_BYTES = 2**20
"""The bound of a message: that of SQS."""

_MAXIMUM_KEY_BYTES = 1024
"""The limit of S3."""

_MAXIMUM_SHOWN = 5
_SUBJECT = "events of a bucket"

_ENCODING_SOURCES = frozenset({"aws:s3", "minio:s3"})
"""The servers that form-encode the keys of their records, as ``application/x-www-form-urlencoded``. Ceph does not; of
another server it is not known."""

_CEPH = "ceph:s3"


class _Malformed(Exception):
    """A record cannot be understood; the message is the reason, as the end of a sentence."""


def decode(body: str, *, bucket: str | None) -> DecodedMessage:
    """The events in a message of the queue.

    Args:
        body: the message as the queue delivered it.
        bucket: whose events are wanted; those of others are ignored, and counted. None for those of every bucket.

    Raises:
        InvalidInput: no record of the message can be understood: it belongs to the dead letters. The error gives the
            reason and does not repeat the message.
    """
    size_bytes = len(body.encode(errors="replace"))
    if size_bytes > MAXIMUM_MESSAGE_BYTES:
        raise InvalidInput(f"The message cannot be understood: it has {size_bytes:,} bytes, more than any of SQS.")
    message = unwrap(body, subject=_SUBJECT, is_bounded=False)
    decoder = _Decoder(bucket)
    decoder.read(message)
    if decoder.problems and not decoder.events and not decoder.ignored:
        raise InvalidInput(f"The message cannot be understood: {_shown(decoder.problems)}.")
    return DecodedMessage(events=tuple(decoder.events), ignored=dict(decoder.ignored), problems=tuple(decoder.problems))


class _Decoder:
    """Collects the events of one message."""

    def __init__(self, bucket: str | None) -> None:
        self._bucket = bucket
        self.events: list[ObjectEvent] = []
        self.ignored: Counter[str] = Counter()
        self.problems: list[str] = []

    def read(self, message: UnwrappedMessage) -> None:
        """Read a message without its envelopes.

        Raises:
            InvalidInput: it is of no known format.
        """
        content = message.content
        if content.get("Event") == "s3:TestEvent":
            self.ignored["test event"] += 1
        elif message.detail_type is not None and isinstance(content.get("object"), dict):
            self._take(_of_eventbridge(message))
        elif isinstance(content.get("Records"), list):
            for number, record in enumerate(content["Records"], start=1):
                self._take(_of_record(record), number=number)
            if not content["Records"]:
                self.problems.append("it has no records")
        elif isinstance(content.get("EventName"), str) and isinstance(content.get("Key"), str):
            self._take(_of_minio(content))
        else:
            raise InvalidInput(f"The message cannot be understood: {_unknown(message)}.")

    def _take(self, events: Iterator[ObjectEvent], *, number: int | None = None) -> None:
        """Collect the events of one record, which is read here."""
        try:
            for event in events:
                if self._bucket in {None, event.bucket}:
                    self.events.append(event)
                else:
                    self.ignored["another bucket"] += 1
        except IgnoredName as name:
            self.ignored[str(name)] += 1
        except _Malformed as reason:
            self.problems.append(str(reason) if number is None else f"record {number}: {reason}")


def _of_record(record: object) -> Iterator[ObjectEvent]:
    """The event of one record of S3's format."""
    if not isinstance(record, dict):
        raise _Malformed("it is no object")
    name = as_text(record.get("eventName"))
    if name is None:
        raise _Malformed("it has no eventName")
    kind, is_marker = kind_of_name(name)
    entity = record.get("s3")
    described = entity.get("object") if isinstance(entity, dict) else None
    bucket = entity.get("bucket") if isinstance(entity, dict) else None
    if not isinstance(described, dict) or not isinstance(bucket, dict):
        raise _Malformed("it names no bucket, or no object")
    source = record.get("eventSource")
    occurred_at = as_time(record.get("eventTime"))
    sequencer = described.get("sequencer")
    event = ObjectEvent(
        kind=kind,
        bucket=_required(bucket.get("name"), "name of the bucket"),
        key=_required(described.get("key"), "key"),
        name=name,
        version_id=as_text(described.get("versionId")),
        sequencer=(read_ceph_sequencer(sequencer, occurred_at) if source == _CEPH else read_sequencer(sequencer)),
        etag=as_etag(described.get("eTag")) if kind is EventKind.CREATED else None,
        size_bytes=as_count(described.get("size")) if kind is EventKind.CREATED else None,
        is_delete_marker=is_marker,
        occurred_at=occurred_at,
    )
    yield from _with_decoded_keys(event, is_encoded=source in _ENCODING_SOURCES)


def _with_decoded_keys(event: ObjectEvent, *, is_encoded: bool) -> Iterator[ObjectEvent]:
    """The event with its key decoded; where the encoding is not known, an event for either reading of the key.

    The bucket is asked before anything is done, so the wrong reading costs a request. It has no sequencer, because it
    says nothing about the order of the events of that key.
    """
    raw = event.key
    try:
        decoded = unquote_to_bytes(raw.replace("+", " ")).decode()
    except UnicodeError:
        decoded = None
    if is_encoded:
        if decoded is None:
            raise _Malformed("the key is not UTF-8")
        yield replace(event, key=_bounded(decoded))
        return
    yield replace(event, key=_bounded(raw))
    if decoded not in {None, raw}:
        yield replace(event, key=_bounded(decoded or ""), sequencer=None)


def _of_eventbridge(message: UnwrappedMessage) -> Iterator[ObjectEvent]:
    """The event of EventBridge, whose key is not encoded."""
    detail, name = message.content, message.detail_type or ""
    kind = kind_of_eventbridge(name)
    described, bucket = detail["object"], detail.get("bucket")
    if not isinstance(bucket, dict):
        raise _Malformed("it names no bucket")
    yield ObjectEvent(
        kind=kind,
        bucket=_required(bucket.get("name"), "name of the bucket"),
        key=_bounded(_required(described.get("key"), "key")),
        name=name,
        version_id=as_text(described.get("version-id")),
        sequencer=read_sequencer(described.get("sequencer")),
        etag=as_etag(described.get("etag") or described.get("eTag")) if kind is EventKind.CREATED else None,
        size_bytes=as_count(described.get("size")) if kind is EventKind.CREATED else None,
        is_delete_marker=detail.get("deletion-type") == "Delete Marker Created",
        occurred_at=as_time(message.time),
    )


def _of_minio(content: Mapping[str, Any]) -> Iterator[ObjectEvent]:
    """The event of a message of MinIO without records: its ``Key`` begins with the bucket, and is not encoded."""
    name = content["EventName"]
    kind, is_marker = kind_of_name(name)
    bucket, slash, key = content["Key"].partition("/")
    if not slash:
        raise _Malformed("its Key has no bucket in front")
    yield ObjectEvent(
        kind=kind,
        bucket=_required(bucket, "name of the bucket"),
        key=_bounded(_required(key, "key")),
        name=name,
        is_delete_marker=is_marker,
    )


def _required(value: object, what: str) -> str:
    text = as_text(value)
    if text is None:
        raise _Malformed(f"it has no {what}")
    return text


def _bounded(key: str) -> str:
    """A key that S3 could have.

    Raises:
        _Malformed: it is too long, or has a lone surrogate.
    """
    try:
        size_bytes = len(key.encode())
    except UnicodeError:
        raise _Malformed("the key is not Unicode") from None
    if size_bytes > _MAXIMUM_KEY_BYTES:
        raise _Malformed(f"the key has {size_bytes:,} bytes, more than the {_MAXIMUM_KEY_BYTES:,} of S3")
    return key


def _unknown(message: UnwrappedMessage) -> str:
    """What a message is that has no events in it, as the end of a sentence."""
    kind = message.content.get("Type")
    if kind in {"SubscriptionConfirmation", "UnsubscribeConfirmation"}:
        return f"it is a {kind} of SNS; the SubscribeURL in it has to be opened to confirm it"
    if message.detail_type is not None:
        return "it is an event of EventBridge that is not about an object of S3"
    return f"it is JSON, but not of {_SUBJECT}: it has no Records"


def _shown(problems: list[str]) -> str:
    rest = len(problems) - _MAXIMUM_SHOWN
    return "; ".join(problems[:_MAXIMUM_SHOWN]) + (f"; and {rest} more" if rest > 0 else "")
