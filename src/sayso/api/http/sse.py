"""Server-sent events in the format that OpenAI's clients expect."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sayso.api.http.errors import problem_of
from sayso.errors import Cancelled, SaysoError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MEDIA_TYPE = "text/event-stream"
HEADERS = {"cache-control": "no-cache", "x-accel-buffering": "no"}
"""Tells proxies not to buffer the response."""

KEEP_ALIVE_SECONDS = 15.0
"""How often a comment is sent while there is no event, so that proxies keep the connection."""

KEEP_ALIVE = b": still here\n\n"
"""A comment, which clients ignore; it keeps proxies from closing an idle connection."""


def event(content: dict[str, Any], *, event_id: int | str | None = None) -> bytes:
    """One event with JSON data; a client that reconnects sends the last id that it has seen."""
    name = b"" if event_id is None else f"id: {event_id}\n".encode()
    return name + b"data: " + json.dumps(content, ensure_ascii=False).encode() + b"\n\n"


def events(contents: Iterable[dict[str, Any]]) -> Iterator[bytes]:
    """The events of a stream; after an error, its last event is the error, which clients raise."""
    try:
        for content in contents:
            yield event(content)
    except Cancelled:
        raise
    except SaysoError as error:
        yield event({"type": "error", **problem_of(error).body})
