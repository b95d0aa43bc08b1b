"""Notifications to a webhook, a file and a queue: in order, at least once, after an error again."""

from __future__ import annotations

import hmac
import http.server
import json
import threading
from base64 import b64encode
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from sayso.errors import NotDelivered
from sayso.modelsync.journal.disk import PosixDisk
from sayso.modelsync.journal.entries import Notice
from sayso.modelsync.journal.journal import Journal
from sayso.modelsync.journal.values import OutboxEntry
from sayso.modelsync.notifications.channels import TouchFileChannel, WebhookChannel
from sayso.modelsync.notifications.notices import Notices
from sayso.modelsync.notifications.outbox import OutboxSender

if TYPE_CHECKING:
    from collections.abc import Iterator

KEY = b"0123456789abcdef0123456789abcdef"


class Receiver:
    """Answers with the statuses that are set, then with 204, and keeps what it gets."""

    def __init__(self) -> None:
        self.statuses: list[int] = []
        self.calls: list[tuple[dict[str, str], bytes]] = []
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.calls.append(({name.lower(): value for name, value in self.headers.items()}, body))
                self.send_response(receiver.statuses.pop(0) if receiver.statuses else 204)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}/hook"
        self.thread = threading.Thread(target=self.http.serve_forever)
        self.thread.start()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    running = Receiver()
    yield running
    running.http.shutdown()
    running.thread.join()
    running.http.server_close()


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    root = tmp_path / "models"
    root.mkdir()
    with Journal.open(PosixDisk(root)) as opened:
        yield opened


def entry(generation: int, *, is_ready: bool = True, key: str | None = None) -> Notice:
    key = key or f"essential/bert/{generation}.bin"
    notices = Notices(base_path=Path("/models"), is_wanted=True, clock=lambda: 0.0)
    made = notices.entry(generation, "a.bin", [notices.updated(key, size_bytes=3, seconds=0.012)])
    assert made is not None
    return Notice(outbox=OutboxEntry(generation=generation, key=made.key, payload=made.payload, is_ready=is_ready))


async def test_calls_are_signed_and_repeated_after_an_error(receiver: Receiver, journal: Journal) -> None:
    """With the same id; what is not published yet is not sent."""
    journal.append(entry(1), entry(2), entry(3, is_ready=False))
    sender = OutboxSender(lambda: journal, [WebhookChannel(receiver.url, [KEY], clock=lambda: 1000.0)])
    receiver.statuses = [500]
    with pytest.raises(NotDelivered, match="500"):
        await sender.send_all()
    await sender.send_all()
    assert [headers["webhook-id"] for headers, _ in receiver.calls] == [
        "model_updated_1_0",
        "model_updated_1_0",
        "model_updated_2_0",
    ]
    headers, body = receiver.calls[-1]
    signed = f"model_updated_2_0.1000.{body.decode()}".encode()
    assert headers["webhook-signature"] == f"v1,{b64encode(hmac.digest(KEY, signed, 'sha256')).decode()}"
    document = json.loads(body)
    assert document["type"] == "model_updated"
    assert document["data"]["path"] == "essential/bert/2.bin"
    assert document["generation"] == 2
    assert set(journal.state.outbox) == {3}


async def test_a_receiver_that_has_a_message_does_not_get_it_again(
    receiver: Receiver, journal: Journal, tmp_path: Path
) -> None:
    journal.append(entry(1))
    file = tmp_path / "touched"
    sender = OutboxSender(lambda: journal, [TouchFileChannel(file), WebhookChannel(receiver.url, [])])
    receiver.statuses = [503]
    with pytest.raises(NotDelivered):
        await sender.send_all()
    assert json.loads(file.read_text())["generation"] == 1
    file.unlink()
    await sender.send_all()
    assert not file.exists()
    assert journal.state.outbox == {}


async def test_a_receiver_that_fails_holds_up_no_other(receiver: Receiver, journal: Journal, tmp_path: Path) -> None:
    journal.append(entry(1), entry(2))
    file = tmp_path / "touched"
    sender = OutboxSender(lambda: journal, [WebhookChannel(receiver.url, []), TouchFileChannel(file)])
    receiver.statuses = [500]
    with pytest.raises(NotDelivered):
        await sender.send_all()
    assert json.loads(file.read_text())["generation"] == 2
    assert set(journal.state.outbox) == {1, 2}
    file.unlink()
    await sender.send_all()
    assert journal.state.outbox == {}
    assert not file.exists()
