"""What is not fetched from real servers on this machine: private places, and answers that are no whole file."""

from __future__ import annotations

import gzip
import socket
from typing import TYPE_CHECKING, Any

import pytest

from sayso.errors import FetchFailed, FetchRefused, TooLarge
from support.servers.downloads import CONTENT, Server, raw_server, refusal

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "2130706433", "0x7f000001", "0177.0.0.1", "127.1", "0", "[::ffff:127.0.0.1]", "[::1]", "localhost"],
)
def test_no_name_for_this_machine_reaches_it(host: str, server: Server, tmp_path: Path) -> None:
    """Loopback is refused in decimal, octal, hexadecimal and mapped form, and behind a name that resolves to it."""
    error = refusal(server.url(host=host), tmp_path, private_hosts=())
    assert "127.0.0.1" not in str(error)
    assert server.asked == []


def test_a_name_that_rebinds_reaches_nothing(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a name with a private and a public address only the public one is connected to."""
    tried: list[Any] = []
    entry = (socket.AF_INET, socket.SOCK_STREAM, 6, "")
    monkeypatch.setattr(
        socket,
        "getaddrinfo",
        lambda *_, **__: [(*entry, ("127.0.0.1", server.port)), (*entry, ("93.184.216.34", server.port))],
    )

    class Recorded(socket.socket):
        def connect(self, address: Any) -> None:
            tried.append(address)
            raise ConnectionRefusedError

    monkeypatch.setattr("sayso.net.wire.socket.socket", Recorded)
    refusal(f"http://rebinding.example:{server.port}/a.wav", tmp_path, private_hosts=())
    assert tried == [("93.184.216.34", server.port)]
    assert server.asked == []


@pytest.mark.parametrize(
    "to",
    ["http://127.0.0.1:{port}/a.wav", "http://[::1]:{port}/a.wav", "http://0x7f.1:{port}/a.wav", "file:///etc/passwd"],
)
def test_a_redirect_is_checked_as_a_url_is(to: str, server: Server, tmp_path: Path) -> None:
    """A public server cannot send us to a private one, nor to a file."""
    server.answers["/old"] = (302, {"Location": to.format(port=server.port)}, b"")
    refusal(server.url("/old"), tmp_path)
    assert server.asked == ["/old"]


def test_a_circle_of_redirects_ends(server: Server, tmp_path: Path) -> None:
    """After five redirects."""
    server.answers["/old"] = (307, {"Location": "/old"}, b"")
    assert "redirects" in str(refusal(server.url("/old"), tmp_path))
    assert len(server.asked) == 6


@pytest.mark.parametrize("status", [204, 206, 304, 401, 404, 500])
def test_only_a_whole_answer_is_taken(status: int, server: Server, tmp_path: Path) -> None:
    """Any status but 200 is told by its number, and nothing of the body is."""
    server.answers["/a.wav"] = (status, {}, b"" if status in {204, 304} else b"the secret of a private service")
    error = refusal(server.url(), tmp_path)
    assert str(status) in str(error)
    assert "secret" not in str(error)


@pytest.mark.parametrize(
    ("status", "asked", "pause_seconds"),
    [
        (500, None, None),
        (503, "120", 120.0),
        (429, "Thu, 01 Jan 1970 00:01:40 GMT", 90.0),
        (429, "soon", None),
        (504, "Thu, 01 Jan 1970 00:00:01 GMT", 0.0),
        (408, "9" * 400, 999_999_999.0),
    ],
)
def test_a_host_that_is_busy_may_be_asked_later(
    status: int, asked: str | None, pause_seconds: float | None, server: Server, tmp_path: Path
) -> None:
    """Its failures are told from refusals, with the time that it asks to be left alone."""
    server.answers["/a.wav"] = (status, {} if asked is None else {"Retry-After": asked}, b"")
    error = refusal(server.url(), tmp_path, wall_clock=lambda: 10.0)
    assert isinstance(error, FetchFailed)
    assert (error.retryable, error.retry_after_seconds) == (True, pause_seconds)


def test_an_answer_that_breaks_off_may_be_whole_later(tmp_path: Path) -> None:
    """Nothing is kept of it, and whoever asked may ask again."""
    with raw_server(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf") as port:
        error = refusal(f"http://localhost:{port}/a.txt", tmp_path)
    assert isinstance(error, FetchFailed)


@pytest.mark.parametrize("status", [400, 401, 404, 410])
def test_a_host_that_refuses_is_not_asked_again(status: int, server: Server, tmp_path: Path) -> None:
    """What it does not have now it will not have in a moment."""
    server.answers["/a.wav"] = (status, {}, b"")
    assert not refusal(server.url(), tmp_path).retryable


def test_a_type_that_is_not_wanted_is_refused_before_the_body(server: Server, tmp_path: Path) -> None:
    """Whoever fetches sees what the host says of the file."""

    def check(kind: str) -> None:
        raise FetchRefused(f"It is {kind}.")

    server.answers["/a.wav"] = (200, {"Content-Type": "Text/HTML; charset=utf-8"}, b"<p>")
    assert "It is text/html." in str(refusal(server.url(), tmp_path, check_type=check))


def test_an_announced_size_over_the_bound_is_refused(server: Server, tmp_path: Path) -> None:
    """Before the body is read."""
    assert isinstance(refusal(server.url(), tmp_path, maximum_bytes=len(CONTENT) - 1), TooLarge)


def test_an_endless_body_is_refused_at_the_bound(tmp_path: Path) -> None:
    """Without an announced size the bound holds while reading."""
    chunk = b"10000\r\n" + bytes(65_536) + b"\r\n"
    answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    with raw_server(answer, then_drip=chunk) as port:
        assert isinstance(refusal(f"http://localhost:{port}/", tmp_path, maximum_bytes=200_000), TooLarge)


def test_a_compressed_answer_is_refused(server: Server, tmp_path: Path) -> None:
    """Its size would say nothing of what comes out of it."""
    server.answers["/a.wav"] = (200, {"Content-Encoding": "gzip"}, gzip.compress(bytes(10**6)))
    assert "compressed" in str(refusal(server.url(), tmp_path))


@pytest.mark.parametrize(
    ("answer", "drip"),
    [
        (b"", b"H"),
        (b"HTTP/1.1 200 OK\r\n", b"X-More: 1\r\n"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", b"x"),
    ],
    ids=["status", "headers", "body"],
)
def test_a_slow_drip_does_not_outlast_the_deadline(answer: bytes, drip: bytes, tmp_path: Path) -> None:
    """The time is for everything: each byte that comes does not begin it anew."""
    with raw_server(answer, then_drip=drip) as port:
        assert "within" in str(refusal(f"http://localhost:{port}/", tmp_path, timeout_seconds=0.3))


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n100\r\nshort",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 200_000 + b"\r\n\r\n",
        b"220 the secret of a private service\r\n",
    ],
    ids=["nothing", "short", "short chunk", "negative length", "two lengths", "unknown coding", "huge header", "smtp"],
)
def test_a_broken_answer_is_refused(answer: bytes, tmp_path: Path) -> None:
    """A part is never taken for the whole, and what was answered is not told."""
    with raw_server(answer) as port:
        error = refusal(f"http://localhost:{port}/", tmp_path)
    assert "secret" not in str(error)


def test_a_host_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """A name that does not resolve, and a port where nobody listens, are the caller's mistake."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert "reached" in str(refusal(f"http://localhost:{port}/", tmp_path))
    assert "reached" in str(refusal("http://nowhere.invalid/", tmp_path))
