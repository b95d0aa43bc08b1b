"""Every format of a bucket's events is decoded into the same values; what cannot be decoded is refused with a reason.

`golden` has a message in each ``NAME.json`` and the decoded message in ``NAME.expected``.
"""

from __future__ import annotations

import dataclasses
import json
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sayso.errors import InvalidInput
from sayso.modelsync.events.decoding import MAXIMUM_MESSAGE_BYTES, decode
from sayso.modelsync.records import EventKind

GOLDEN = Path(__file__).parent / "golden"
BUCKET = "amzn-s3-demo-bucket"


def decoded(body: str) -> str:
    """A decoded message as readable JSON, without the fields that are None."""
    message = decode(body, bucket=BUCKET)
    plain = {
        "events": [
            {name: _plain(value) for name, value in dataclasses.asdict(event).items() if value is not None}
            for event in message.events
        ],
        "ignored": dict(message.ignored),
        "problems": list(message.problems),
    }
    return json.dumps(plain, indent=2, ensure_ascii=False) + "\n"


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def record(key: object = "a.bin", *, source: str = "aws:s3", **entries: Any) -> dict[str, Any]:
    return {
        "eventSource": source,
        "eventName": "ObjectCreated:Put",
        "s3": {"bucket": {"name": BUCKET}, "object": {"key": key}},
        **entries,
    }


def records(*entries: object) -> str:
    return json.dumps({"Records": entries})


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*.json")), ids=lambda path: path.stem)
def test_each_format_is_decoded(path: Path) -> None:
    """As the file beside the message has it."""
    body = path.read_bytes().decode()
    assert decoded(body) == path.with_suffix(".expected").read_text(encoding="utf-8")


@pytest.mark.parametrize("source", ["aws:s3", "minio:s3"])
@given(key=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=80))
def test_any_key_comes_through_its_encoding(source: str, key: str) -> None:
    """With spaces, ``+``, percent signs and all scripts; slashes may be encoded or not."""
    for encoded in (quote_plus(key), quote_plus(key, safe="/"), quote(key, safe="/")):
        (event,) = decode(records(record(encoded, source=source)), bucket=BUCKET).events
        assert event.key == key


@given(key=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=80))
def test_either_reading_is_given_where_the_encoding_is_not_known(key: str) -> None:
    """Whether the server encodes its keys or not, the right one is among the events, and only a sure one is ordered."""
    for sent in (key, quote_plus(key)):
        events = decode(records(record(sent, source="other:s3")), bucket=BUCKET).events
        assert key in {event.key for event in events}
        assert len(events) <= 2


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("", "it is not JSON"),
        ("[]", "it is a JSON list, not an object"),
        ('{"a": ' * 100_000, "it is not JSON"),
        ("{}", "it is JSON, but not of events of a bucket: it has no Records"),
        (records(), "it has no records"),
        (records("text"), "record 1: it is no object"),
        (records({"eventName": 3}), "record 1: it has no eventName"),
        (records(record(s3=None)), "record 1: it names no bucket, or no object"),
        (records(record(key=None)), "record 1: it has no key"),
        (records(record("")), "record 1: it has no key"),
        (records(record("%FF")), "record 1: the key is not UTF-8"),
        (records(record("\ud800", source="ceph:s3")), "record 1: the key is not Unicode"),
        (records(record("\ud800")), "record 1: the key is not UTF-8"),
        (records(record("é" * 513)), "record 1: the key has 1,026 bytes, more than the 1,024 of S3"),
        (records(*[{}] * 7), "; record 5: it has no eventName; and 2 more"),
        ('{"EventName": "s3:ObjectCreated:Put", "Key": "a"}', "its Key has no bucket in front"),
        (json.dumps({"Type": "SubscriptionConfirmation"}), "it is a SubscriptionConfirmation of SNS; the SubscribeURL"),
        (
            json.dumps({"source": "aws.ec2", "detail-type": "Instance State-change", "detail": {"state": "running"}}),
            "it is an event of EventBridge that is not about an object of S3",
        ),
        (json.dumps({"Records": "x" * MAXIMUM_MESSAGE_BYTES}), "bytes, more than any of SQS"),
    ],
)
def test_what_has_no_event_is_refused_with_the_reason(body: str, reason: str) -> None:
    """The error is for the dead letters; it does not repeat the message."""
    with pytest.raises(InvalidInput) as caught:
        decode(body, bucket=BUCKET)
    assert caught.value.message.startswith("The message cannot be understood: ")
    assert reason in caught.value.message
    assert len(caught.value.message) < 300


def test_many_records_are_decoded() -> None:
    """As many as fit into a message."""
    events = decode(records(*(record(f"{number}.bin") for number in range(5000))), bucket=BUCKET).events
    assert [event.key for event in events] == [f"{number}.bin" for number in range(5000)]


@pytest.mark.parametrize(
    ("name", "kind", "is_marker"),
    [
        ("s3:ObjectCreated:Post", EventKind.CREATED, False),
        ("ObjectCreated:Copy", EventKind.CREATED, False),
        ("ObjectCreated:*", EventKind.CREATED, False),
        ("ObjectCreated", EventKind.CREATED, False),
        ("s3:ObjectRemoved:DeleteAllVersions", EventKind.REMOVED, False),
        ("s3:ObjectRemoved:NoOP", EventKind.REMOVED, False),
        ("ObjectRemoved:DeleteMarkerCreated", EventKind.REMOVED, True),
        ("ObjectSynced:DeletionMarkerCreated", EventKind.REMOVED, True),
    ],
)
def test_names_are_read_with_and_without_prefix(name: str, kind: EventKind, is_marker: bool) -> None:
    """Kinds that a server adds later are those of their family."""
    (event,) = decode(records(record(eventName=name)), bucket=BUCKET).events
    assert (event.kind, event.is_delete_marker, event.name) == (kind, is_marker, name)


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("Replication:OperationFailedReplication", "Replication"),
        ("s3:ObjectRestore:Post", "ObjectRestore"),
        ("s3:ReducedRedundancyLostObject", "ReducedRedundancyLostObject"),
        ("s3:ObjectCreated:PutLegalHold", "ObjectCreated"),
        ("s3:LifecycleDelMarkerExpiration:Delete", "LifecycleDelMarkerExpiration"),
        ("anything: else", "unknown event"),
    ],
)
def test_events_that_change_no_content_are_counted(name: str, label: str) -> None:
    """By their family; the labels are bounded, whatever is sent."""
    message = decode(records(record(eventName=name), record(eventName=name)), bucket=BUCKET)
    assert (message.events, message.ignored) == ((), {label: 2})


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=10,
)


@given(
    st.fixed_dictionaries(
        {},
        optional={
            name: json_values | st.just(value)
            for name, value in {"eventName": "ObjectCreated:Put", "eventSource": "ceph:s3", "eventTime": "9999"}.items()
        }
        | {
            "s3": json_values
            | st.fixed_dictionaries(
                {
                    "bucket": json_values | st.just({"name": BUCKET}),
                    "object": json_values
                    | st.fixed_dictionaries(
                        {"key": json_values | st.text()},
                        optional={"sequencer": json_values | st.just("F7E6D75DC742D108"), "size": json_values},
                    ),
                }
            )
        },
    )
    | json_values
)
def test_any_record_is_decoded_or_refused(entry: object) -> None:
    """Nothing else is raised."""
    try:
        decode(records(entry), bucket=BUCKET)
    except InvalidInput:
        return
