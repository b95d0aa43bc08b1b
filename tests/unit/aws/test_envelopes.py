"""A message comes out of the envelopes of SNS and EventBridge as its sender wrote it."""

from __future__ import annotations

import json
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sayso.aws.envelopes import UnwrappedMessage, unwrap
from sayso.errors import InvalidInput
from sayso.json_objects import MAXIMUM_OUTSIDE_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable

MESSAGE = {"key": "modèles/a b.onnx", "size": 3}
MANY_DIGITS = "9" * 5000


def notification(message: object) -> dict[str, Any]:
    text = message if isinstance(message, str) else json.dumps(message)
    return {"Type": "Notification", "MessageId": "1", "TopicArn": "arn:aws:sns:x", "Message": text}


def event(detail: object, *, detail_type: str = "Object Created") -> dict[str, Any]:
    return {
        "version": "0",
        "id": "17793124-05d4-b198-2fde-7ededc63b103",
        "detail-type": detail_type,
        "source": "aws.s3",
        "account": "111122223333",
        "time": "2026-11-12T00:00:00Z",
        "region": "us-east-1",
        "resources": [],
        "detail": detail,
    }


def opened(message: object) -> UnwrappedMessage:
    return unwrap(message if isinstance(message, str) else json.dumps(message), subject="a change")


def test_a_bare_message_is_itself() -> None:
    """Without an envelope there is no source and no detail type."""
    assert opened(MESSAGE) == UnwrappedMessage(content=MESSAGE)


@pytest.mark.parametrize(
    "envelopes",
    [[notification], [event], *([outer, inner] for outer, inner in product([notification, event], repeat=2))],
)
def test_up_to_two_envelopes_are_opened(envelopes: list[Callable[[object], dict[str, Any]]]) -> None:
    """SNS and EventBridge in any order; what the event says about itself is kept."""
    message: object = MESSAGE
    for envelope in reversed(envelopes):
        message = envelope(message)
    unwrapped = opened(message)
    assert unwrapped.content == MESSAGE
    expected = ("aws.s3", "Object Created") if event in envelopes else (None, None)
    assert (unwrapped.source, unwrapped.detail_type) == expected


def test_the_innermost_event_says_what_the_message_is() -> None:
    """A rule that forwards another bus's event keeps the type that the sender gave."""
    assert opened(event(event(MESSAGE, detail_type="Object Deleted"))).detail_type == "Object Deleted"


@pytest.mark.parametrize("envelopes", list(product([notification, event], repeat=3)))
def test_three_envelopes_are_refused(envelopes: tuple[Callable[[object], dict[str, Any]], ...]) -> None:
    """The error names them, the innermost first."""
    message: object = MESSAGE
    for envelope in envelopes:
        message = envelope(message)
    names = " in ".join("a notification" if envelope is notification else "an event" for envelope in envelopes)
    with pytest.raises(InvalidInput) as caught:
        opened(message)
    assert caught.value.message == f"The message cannot be understood: it is {names}."


@pytest.mark.parametrize(
    "message",
    [
        {"Type": "SubscriptionConfirmation", "Message": json.dumps(MESSAGE)},
        {"Type": "Notification", "Message": MESSAGE},
        event("a text"),
        {"detail-type": "x", "detail": MESSAGE},
        {"source": "x", "detail": MESSAGE},
        {"detail-type": ["x"], "source": "x", "detail": MESSAGE},
    ],
)
def test_what_only_resembles_an_envelope_is_a_message(message: dict[str, Any]) -> None:
    """All fields of an envelope must be there, each of its type."""
    assert opened(message).content == message


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("hello", "it is not JSON."),
        ("[" * 50_000, "it is not JSON."),
        ("[]", "it is a JSON list, not an object."),
        (json.dumps(notification("3")), "it is a JSON int, not an object."),
        (json.dumps(notification("hello")), "it is not JSON."),
    ],
)
def test_what_is_no_object_is_refused_with_the_reason(body: str, reason: str) -> None:
    """In an envelope or without one."""
    with pytest.raises(InvalidInput) as caught:
        opened(body)
    assert caught.value.message == f"The message cannot be understood: {reason}"


@pytest.mark.parametrize("wrap", [dict, notification, event])
def test_too_many_values_are_refused_before_they_are_parsed(wrap: Callable[[object], dict[str, Any]]) -> None:
    """In an SNS notification they are within a string, and are counted when it is opened."""
    body = json.dumps(wrap({"more": [[]] * (MAXIMUM_OUTSIDE_BYTES // 3)}))
    with pytest.raises(
        InvalidInput, match=r"^The message cannot be understood: it is not JSON of a change: The JSON has"
    ):
        opened(body)
    assert unwrap(body, subject="a change", is_bounded=False).content["more"]


def test_what_other_programs_add_to_json_is_read() -> None:
    """Byte order marks before the envelope and before what is in it, and numbers that no field could hold."""
    inner = "\ufeff" + json.dumps(MESSAGE)[:-1] + f', "more": {MANY_DIGITS}}}'
    assert opened("\ufeff" + json.dumps(notification(inner))).content == MESSAGE | {"more": MANY_DIGITS}


@given(
    st.text() | st.recursive(st.none() | st.text(), lambda inner: st.lists(inner) | inner.map(event)).map(json.dumps)
)
def test_any_body_is_unwrapped_or_refused(body: str) -> None:
    """Nothing else is raised."""
    try:
        assert isinstance(opened(body).content, dict)
    except InvalidInput:
        return
