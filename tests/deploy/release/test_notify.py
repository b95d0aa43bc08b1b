"""Notifications of deployments: they are sent where the environment says, fail nothing, and print no secret."""

from __future__ import annotations

import os
import runpy
import socket
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

SCRIPT = Path(__file__).parents[3] / "deploy/scripts/local/notify.py"
SECRET = "secret-8d1f"  # noqa: S105 -- of nothing


def notified(**variables: str) -> subprocess.CompletedProcess[str]:
    """The script's run with these variables."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.run(
        [sys.executable, str(SCRIPT), "Sayso production: deploy"],
        input="deployed",
        env={**kept, "SAYSO_NOTIFY_SECONDS": "30", **variables},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def receiver() -> Iterator[tuple[str, list[bytes]]]:
    """A web hook on this machine, and the bodies that it got."""
    bodies: list[bytes] = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Receiver)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"json://127.0.0.1:{server.server_port}/{SECRET}", bodies
    server.shutdown()
    thread.join()
    server.server_close()


def addresses(**variables: str) -> list[tuple[str, str]]:
    found: Any = runpy.run_path(str(SCRIPT))["addresses"]
    return list(found(variables))


def test_a_notification_is_sent(receiver: tuple[str, list[bytes]]) -> None:
    """By its title and text; the destination is named by its variable."""
    pytest.importorskip("apprise")
    url, bodies = receiver
    done = notified(SAYSO_NOTIFY_URLS=url)
    assert (done.returncode, done.stdout) == (0, "Notification to SAYSO_NOTIFY_URLS: sent.\n")
    assert b"Sayso production: deploy" in bodies[0]
    assert b"deployed" in bodies[0]


def test_a_destination_that_does_not_answer_fails_nothing_and_is_not_printed() -> None:
    """Its address has a secret in it."""
    pytest.importorskip("apprise")
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    done = notified(SAYSO_NOTIFY_URLS=f"json://user:{SECRET}@127.0.0.1:{port}/ nonsense://{SECRET}")
    assert done.returncode == 0
    assert "could not be sent" in done.stderr
    assert SECRET not in done.stdout + done.stderr


def test_without_a_destination_nothing_is_said() -> None:
    """Most installations have none."""
    done = notified()
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_bot_without_a_chat_is_named() -> None:
    """The token is not printed."""
    done = notified(TELEGRAM_BOT_TOKEN=SECRET)
    assert done.returncode == 0
    assert "TELEGRAM_CHAT_ID" in done.stderr
    assert SECRET not in done.stderr


def test_every_destination_has_its_address() -> None:
    """As apprise writes them."""
    found = addresses(
        TELEGRAM_BOT_TOKEN="1:a",  # noqa: S106 -- of nothing
        TELEGRAM_CHAT_ID="-5, 6",
        SLACK_WEBHOOK_URL="https://hooks.slack.com/services/A/B/C",
        DISCORD_WEBHOOK_URL="https://discord.com/api/webhooks/1/b",
        SMTP_HOST="mail.example.com",
        SMTP_USER="me@example.com",
        SMTP_PASSWORD="p/w",  # noqa: S106 -- of nothing
        MAIL_TO="a@example.com,b@example.com",
        SAYSO_NOTIFY_URLS="ntfy://topic  json://host",
    )
    assert found == [
        ("Telegram", "tgram://1:a/-5/6/"),
        ("Slack", "https://hooks.slack.com/services/A/B/C"),
        ("Discord", "https://discord.com/api/webhooks/1/b"),
        (
            "e-mail",
            "mailtos://me%40example.com:p%2Fw@mail.example.com:587/?from=me%40example.com&to=a@example.com,b@example.com",
        ),
        ("SAYSO_NOTIFY_URLS", "ntfy://topic"),
        ("SAYSO_NOTIFY_URLS", "json://host"),
    ]
