"""Server-sent events, as OpenAI's clients read them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sayso.api.http.errors import problem_of
from sayso.errors import Cancelled, SaysoError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MEDIA_TYPE = "text/event-stream"
HEADERS = {"cache-control": "no-cache", "x-accel-buffering": "no"}
"""A proxy that collects an answer before it passes it on would make a stream of it no more."""

KEEP_ALIVE = b": still here\n\n"
"""A comment, which clients leave aside: proxies close what is silent."""


def event(content: dict[str, Any], *, event_id: int | None = None) -> bytes:
    """One event whose data is JSON; a client that comes back says the last id that it has seen."""
    name = b"" if event_id is None else f"id: {event_id}\n".encode()
    return name + b"data: " + json.dumps(content, ensure_ascii=False).encode() + b"\n\n"


def events(contents: Iterable[dict[str, Any]]) -> Iterator[bytes]:
    """The events of a stream; an error in its middle is its last event, which clients raise."""
    try:
        for content in contents:
            yield event(content)
    except Cancelled:
        raise
    except SaysoError as error:
        yield event({"type": "error", **problem_of(error).body})
