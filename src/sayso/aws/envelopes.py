"""Envelopes that AWS puts around a message on its way to a queue: SNS notifications and EventBridge events.

SNS: https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html
EventBridge: https://docs.aws.amazon.com/eventbridge/latest/ref/overiew-event-structure.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sayso.errors import InvalidInput
from sayso.json_objects import Outline, read_tolerantly

if TYPE_CHECKING:
    from collections.abc import Mapping

_MAXIMUM_ENVELOPES = 2
_NOTIFICATION = "a notification"
_EVENT = "an event"


@dataclass(frozen=True, kw_only=True, slots=True)
class UnwrappedMessage:
    """A message without its envelopes.

    Attributes:
        content: the JSON object that the sender wrote.
        source: the ``source`` of the innermost EventBridge event; None where there was none.
        detail_type: its ``detail-type``, which says what an event of an AWS service is about; None where there was
            none.
        time: its ``time``, in ISO 8601; None where there was none.
    """

    content: dict[str, Any]
    source: str | None = None
    detail_type: str | None = None
    time: str | None = None


def unwrap(body: str, *, subject: str, is_bounded: bool = True) -> UnwrappedMessage:
    """The JSON object in a message, which comes bare or in up to two envelopes, of SNS and EventBridge in any order.

    Args:
        body: the message as the queue delivered it.
        subject: what the message should be, with its article, for the error: ``a story``.
        is_bounded: whether a message with more JSON outside of strings than `sayso.json_objects.MAXIMUM_OUTSIDE_BYTES`
            is refused before it is parsed; False only for bodies whose size is bounded otherwise.

    Raises:
        InvalidInput: it is not JSON, not an object, too large, or in too many envelopes; the error does not repeat it.
    """
    content = _parsed(body, subject, is_bounded=is_bounded)
    source: str | None = None
    detail_type: str | None = None
    time: str | None = None
    envelopes: list[str] = []
    while (kind := _envelope_of(content)) is not None:
        envelopes.insert(0, kind)
        if len(envelopes) > _MAXIMUM_ENVELOPES:
            raise InvalidInput(f"The message cannot be understood: it is {' in '.join(envelopes)}.")
        if kind == _NOTIFICATION:
            content = _parsed(content["Message"], subject, is_bounded=is_bounded)
        else:
            time = content["time"] if isinstance(content.get("time"), str) else None
            source, detail_type, content = content["source"], content["detail-type"], content["detail"]
    return UnwrappedMessage(content=content, source=source, detail_type=detail_type, time=time)


def _envelope_of(content: Mapping[str, Any]) -> str | None:
    """Which envelope an object is; None for a message."""
    if content.get("Type") == "Notification" and isinstance(content.get("Message"), str):
        return _NOTIFICATION
    fields = (content.get("detail-type"), content.get("source"), content.get("detail"))
    return _EVENT if [type(field) for field in fields] == [str, str, dict] else None


def _parsed(body: str, subject: str, *, is_bounded: bool) -> dict[str, Any]:
    if is_bounded:
        try:
            Outline().feed(body.encode(errors="replace"))
        except InvalidInput as error:
            raise InvalidInput(
                f"The message cannot be understood: it is not JSON of {subject}: {error.message}"
            ) from None
    try:
        content = read_tolerantly(body)
    except InvalidInput:
        raise InvalidInput("The message cannot be understood: it is not JSON.") from None
    if not isinstance(content, dict):
        raise InvalidInput(f"The message cannot be understood: it is a JSON {type(content).__name__}, not an object.")
    return content
