"""Documents that mean harm, or are none: what nobody's parser expects, among the stories that are to be told."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

HOST = "localhost"
"""Which workers must be told to fetch from."""

BOMBS: Mapping[str, str] = {
    "link definitions": f"[a]: {'/' * 16_000}",
    "brackets": "[" * 20_000,
    "emphasis": f"{'*' * 20_000}a",
    "link targets": f"[a]({'(' * 20_000}",
    "tags": "<" * 20_000,
    "spaces": f"a{' ' * 20_000}b",
    "a page": "<html><body><script>alert('late')</script><p>The keeper counted lamps.</p></body></html>",
    "marks": "\u0301" * 10_000,
}
"""Texts on which patterns without care take quadratic time, by what they are: they may be told or refused, in time."""

SILENCE = "Late. " + "[pause 60s]" * 20_000
"""Two weeks of silence in a quarter of a megabyte."""

BODIES: Mapping[str, str] = {
    "JSON that is nested without end": '{"text": ' + "[" * 100_000,
    "a number without end": '{"text": "Late.", "speed": ' + "9" * 5_000 + "}",
    "a NUL": json.dumps({"text": "Never\0heard."}),
    "half a character": '{"text": "Never heard \\ud800."}',
    "a list": "[]",
}
"""Messages that no story can come of, whatever else is in them, by what they are; each must be put aside."""

PAGES: Mapping[str, tuple[str, bytes]] = {
    "binary": ("application/octet-stream", bytes(range(256)) * 40),
    "latin1": ("text/plain", "Der Wärter zählte Schiffe.".encode("latin-1")),
    "cut-utf-8": ("text/plain; charset=utf-8", "Der Wärter zählte Schiffe für Böß".encode()[:-1]),
    "missing": ("", b""),
}
"""What a narration's URL leads to, which no story is either: by path, its type and content."""


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        kind, content = PAGES.get(self.path.strip("/"), ("", b""))
        self.send_response(200 if content else 404)
        self.send_header("Content-Type", kind or "text/plain")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 -- the base class's name
        """Say nothing."""


@contextmanager
def hostile_pages() -> Iterator[str]:
    """A server of `PAGES` during the block; its URL."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://{HOST}:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
