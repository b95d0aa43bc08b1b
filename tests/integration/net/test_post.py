"""Sending to real servers on this machine."""

from __future__ import annotations

import socket
import threading
from typing import Any

import pytest

from sayso.errors import Cancelled, FetchRefused, NotDelivered
from sayso.net import post
from sayso.scheduling import Scheduler
from support.narrations.receiver import HOST, Receiver


def send(url: str, body: bytes = b"{}", **more: Any) -> int:
    usual: dict[str, Any] = {"headers": {"X-Kind": "test"}, "timeout_seconds": 20.0, "private_hosts": (HOST,)}
    return post(url, body, **usual | more)


def test_a_body_is_sent_as_it_is() -> None:
    """With its headers, to the path and query that the URL names; the status comes back."""
    body = "Où est le phare ?".encode() * 10_000
    with Receiver(201) as receiver:
        assert send(receiver.url("/a%20b?c=d"), body) == 201
    (received,) = receiver.received
    assert (received.path, received.body) == ("/a%20b?c=d", body)
    assert received.headers["x-kind"] == "test"


@pytest.mark.parametrize("status", [204, 302, 404, 500])
def test_every_status_is_an_answer(status: int) -> None:
    """Redirects too, which are not followed."""
    with Receiver() as other, Receiver(status, location=other.url(), answer=b"") as receiver:
        assert send(receiver.url()) == status
        assert other.received == []


@pytest.mark.parametrize("host", ["127.0.0.1", "2130706433", "0x7f000001", "127.1", "[::1]", "[::ffff:127.0.0.1]"])
def test_no_name_for_this_machine_reaches_it(host: str) -> None:
    """Unless it is one of the private hosts, by that very name."""
    with Receiver() as receiver:
        with pytest.raises(FetchRefused, match="public internet"):
            send(receiver.url(host=host))
        assert receiver.received == []


@pytest.mark.parametrize("url", ["ftp://localhost/", "http://user:secret@localhost/", "localhost", "http://"])
def test_what_is_no_url_is_refused(url: str) -> None:
    """Without being repeated."""
    with pytest.raises(FetchRefused) as refusal:
        send(url)
    assert "secret" not in str(refusal.value)


def test_a_server_that_does_not_answer_is_not_waited_for() -> None:
    """The time is for everything."""
    with Receiver(0) as receiver, pytest.raises(NotDelivered, match=r"within 0\.2 seconds"):
        send(receiver.url(), timeout_seconds=0.2)


def test_nobody_there_is_told_without_the_address() -> None:
    """A refused connection and an unknown name are the same to whoever reads of it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    for url in (f"http://localhost:{port}/", "http://nowhere.invalid/"):
        with pytest.raises(NotDelivered, match="cannot be found or reached") as failure:
            send(url)
        assert "127.0.0.1" not in str(failure.value)


def test_an_endless_answer_is_not_read_to_its_end() -> None:
    """What it says does not matter, only its status does."""
    with Receiver(200, answer=bytes(50_000_000)) as receiver:
        assert send(receiver.url()) == 200


def test_a_cancelled_sending_ends_at_once() -> None:
    """Its connection is shut down by whoever cancels."""
    slot = Scheduler(permits=1, slots=1).admit("somebody")

    def cancel() -> None:
        receiver.arrived.wait()
        slot.close(cancelled=True)

    with Receiver(0) as receiver, slot:
        thread = threading.Thread(target=cancel)
        thread.start()
        with pytest.raises(Cancelled):
            send(receiver.url(), context=slot)
        thread.join()
