"""``sayso run api`` under clients that hold its connections and its places, as a process with few open files."""

from __future__ import annotations

import json
import socket
import struct
import time
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import httpx2
import pytest

from sayso.api.auth.keys import Scope, new_key
from sayso.testing import FakeSpeechEngine
from sayso.testing.openai_server import OpenAIServer
from support.api.process import WAIT_SECONDS, ApiProcess, api_process
from support.servers.plain import NO_CERTIFICATES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

GREEDY, OTHER = new_key("greedy", [Scope.SPEECH]), new_key("other", [Scope.SPEECH])
PROBES = ("/live", "/ready", "/healthz")
LONG_TEXT = "The lamp burned on through the night, and nobody came to see it. " * 60


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiProcess]:
    """A server with few files, few places and short times."""
    directory = tmp_path_factory.mktemp("server")
    with (
        OpenAIServer(speech=FakeSpeechEngine()) as cloud,
        api_process(
            directory,
            open_files=256,
            OPENAI_BASE_URL=cloud.base_url,
            SAYSO_OPENAI_CHECK_SECONDS="0",
            OPENAI_API_KEY=cloud.key,
            SAYSO_API_KEYS=f"{GREEDY.entry},{OTHER.entry}",
            SAYSO_PLACES="2",
            SAYSO_HEAD_SECONDS="3",
            SAYSO_STALLED_SECONDS="5",
        ) as server,
    ):
        yield server


def request(path: str, *, key: str = "", body: bytes = b"", content_type: str = "application/json") -> bytes:
    """A request as it is written to a socket."""
    head = f"{'POST' if body else 'GET'} {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {key}\r\n"
    return f"{head}content-type: {content_type}\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body


def speech(key: str, *, text: str = LONG_TEXT) -> bytes:
    """A request for speech."""
    fields = {"model": "tts-1", "input": text[:4096], "voice": "alloy", "response_format": "wav"}
    return request("/v1/audio/speech", key=key, body=json.dumps(fields).encode())


@contextmanager
def connected(
    server: ApiProcess, count: int, *, sending: bytes, receive_bytes: int | None = None
) -> Iterator[list[socket.socket]]:
    """So many sockets that have sent this; a small receive buffer makes what is not read stay at the server."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            if receive_bytes is not None:
                one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
            one.connect(("127.0.0.1", server.port))
            with suppress(ConnectionError):  # it may have been hung up on
                one.sendall(sending)
        yield sockets


def until(happened: Callable[[], bool]) -> None:
    """Wait for what the server brings about."""
    give_up_at = time.monotonic() + WAIT_SECONDS
    while not happened():
        assert time.monotonic() < give_up_at
        time.sleep(0.05)


def probed(server: ApiProcess) -> None:
    """Ask what orchestrators ask, each on a connection of its own."""
    for path in PROBES:
        assert httpx2.get(f"{server.url}{path}", timeout=10, verify=NO_CERTIFICATES).status_code == 200


def spoken(server: ApiProcess, key: str) -> int:
    """The status of a short request for speech."""
    fields = {"model": "tts-1", "input": "It is late.", "voice": "alloy"}
    headers = {"authorization": f"Bearer {key}"}
    return httpx2.post(
        f"{server.url}/v1/audio/speech", json=fields, headers=headers, timeout=30, verify=NO_CERTIFICATES
    ).status_code


def places_taken(server: ApiProcess) -> float:
    text = httpx2.get(f"{server.url}/metrics", verify=NO_CERTIFICATES).text
    return float(next(line for line in text.splitlines() if line.startswith("sayso_queue_places_taken ")).split()[1])


def is_closed(one: socket.socket) -> bool:
    """Wait until the server hangs up, whatever it says before."""
    one.settimeout(WAIT_SECONDS)
    with suppress(ConnectionError):
        while one.recv(65536):
            pass
    return True


HALVES = {
    "nothing": b"",
    "half a request line": b"GET /li",
    "half a head": b"POST /v1/audio/speech HTTP/1.1\r\nhost: localhost\r\nx-",
    "half a body": request("/v1/audio/speech", key=OTHER.key, body=b"{" * 1000)[:-500],
    "half a body without a key": request("/v1/audio/speech", body=b"{" * 1000)[:-500],
}


@pytest.mark.parametrize("kind", HALVES)
def test_probes_are_answered_while_connections_are_held(server: ApiProcess, kind: str) -> None:
    """300 sockets of one client, more than the process may have files, keep neither probes nor another key out."""
    with connected(server, 300, sending=HALVES[kind]):
        for _ in range(3):
            probed(server)
            assert spoken(server, GREEDY.key) == 200


def test_the_head_of_a_request_has_a_deadline(server: ApiProcess) -> None:
    """Whoever has not sent one within SAYSO_HEAD_SECONDS is hung up on, also on a connection that was used before."""
    for sending in (b"", b"GET /li", request("/live") + b"GET /li"):
        with connected(server, 1, sending=sending) as (one,):
            assert is_closed(one)


def test_a_head_that_trickles_in_time_is_served(server: ApiProcess) -> None:
    """A client that is merely slow loses nothing."""
    with connected(server, 1, sending=b"GET /live HT") as (one,):
        for piece in (b"TP/1.1\r\nho", b"st: localhost\r\n", b"\r\n"):
            time.sleep(0.2)
            one.sendall(piece)
        assert one.recv(65536).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(
    "sending",
    [
        b"GET /" + b"a" * 300_000,
        b"GET /live HTTP/1.1\r\nx-long: " + b"a" * 300_000,
        b"POST /live HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n1;" + b"a" * 300_000,
        b"POST /live HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n0\r\nx-long: " + b"a" * 300_000,
    ],
    ids=["line", "header", "chunk extension", "trailer"],
)
def test_what_surrounds_a_body_has_a_size(server: ApiProcess, sending: bytes) -> None:
    """A head, or a trailer, that never ends is not gathered in memory."""
    with connected(server, 1, sending=sending) as (one,):
        assert is_closed(one)


def test_what_is_no_http_is_refused_in_the_envelope(server: ApiProcess) -> None:
    """So that clients understand it."""
    with connected(server, 1, sending=b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n") as (one,):
        head, _, body = one.recv(65536).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 400 ")
        assert set(json.loads(body)["error"]) == {"message", "type", "param", "code"}


def test_a_client_that_does_not_read_leaves_a_place_for_others(server: ApiProcess) -> None:
    """It holds not both of two places, another key is served all the while, and what it holds is given up in time."""
    with connected(server, 2, sending=speech(GREEDY.key), receive_bytes=4096) as sockets:
        until(lambda: places_taken(server) == 1)
        for _ in range(3):
            assert spoken(server, OTHER.key) == 200
            probed(server)
        until(lambda: places_taken(server) == 0)
        until(lambda: spoken(server, GREEDY.key) == 200)
        for one in sockets:
            assert is_closed(one)


def test_a_client_that_reads_slowly_is_served_to_the_end(server: ApiProcess) -> None:
    """It takes longer than SAYSO_STALLED_SECONDS, and something of its answer all the time."""
    with connected(server, 1, sending=speech(OTHER.key), receive_bytes=4096) as (one,):
        began, received = time.monotonic(), 0
        while time.monotonic() - began < 8:
            received += len(one.recv(32768))
            time.sleep(0.02)
        while piece := one.recv(1 << 20):
            received += len(piece)
            if piece.endswith(b"0\r\n\r\n"):
                break
        assert received > 1_000_000


def test_connections_that_were_cut_leave_nothing(server: ApiProcess) -> None:
    """Clients that end with a reset, in the middle of whatever, give back every file."""
    for sending in HALVES.values():
        with connected(server, 100, sending=sending) as sockets:
            for one in sockets:
                one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    until(lambda: len(list(Path(f"/proc/{server.process.pid}/fd").iterdir())) < 64)
    probed(server)
