"""How log messages are written."""

from __future__ import annotations

import json
import logging
import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import structlog

from sayso.observability import configure_logs
from sayso.observability.logs import redact

if TYPE_CHECKING:
    from collections.abc import Iterator

OPENAI_KEY = "sk-proj-" + "aB3_" * 10
OUR_KEY = "sayso_" + "0123456789abcdef" * 4


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    """Logging is the process's: what a test configures ends with it."""
    root, uvicorn = logging.getLogger(), logging.getLogger("uvicorn.error")
    handlers, levels = root.handlers, (root.level, uvicorn.level)
    uvicorn.setLevel(logging.NOTSET)  # whatever a server of another test in this process has made it
    yield
    root.handlers = handlers
    root.setLevel(levels[0])
    uvicorn.setLevel(levels[1])
    structlog.reset_defaults()


def written(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_standard_output_belongs_to_results(capsys: pytest.CaptureFixture[str]) -> None:
    """A log message goes to standard error, so that JSON or WAV on standard output stays whole."""
    configure_logs("info", "console")
    structlog.get_logger().info("measuring")
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "measuring" in captured.err


@pytest.mark.parametrize("how", ["console", "json"])
@pytest.mark.parametrize("to", ["pipe", "disk"])
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has a device that is always full")
def test_a_line_that_cannot_be_written_is_lost_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch, how: Any, to: str
) -> None:
    """A full disk, or a pipe whose reader has ended: requests and jobs go on."""
    if to == "pipe":
        reader, descriptor = os.pipe()
        os.close(reader)
    else:
        descriptor = os.open("/dev/full", os.O_WRONLY)
    stream = os.fdopen(descriptor, "w")
    with monkeypatch.context() as patch:
        patch.setattr("sys.stderr", stream)
        configure_logs("info", how)
        structlog.get_logger().info("ours", number=1)
        structlog.get_logger().bind(a=1).error("ours", exc_info=ValueError("x"))
        logging.getLogger("library").warning("theirs")
    with suppress(OSError):
        stream.close()


def test_less_severe_messages_are_dropped(capsys: pytest.CaptureFixture[str]) -> None:
    """With LOG_LEVEL=warning an info message is not written and a warning is, ours as well as a library's."""
    configure_logs("warning", "json")
    structlog.get_logger().info("measuring")
    logging.getLogger("uvicorn.error").info("started")
    structlog.get_logger().warning("not kept")
    logging.getLogger("uvicorn.error").warning("slow")
    assert [entry["event"] for entry in written(capsys)] == ["not kept", "slow"]


def test_where_standard_error_is_no_terminal_each_line_is_json(capsys: pytest.CaptureFixture[str]) -> None:
    """A message is one JSON object with time and level, whoever wrote it."""
    configure_logs("info")
    structlog.get_logger().info("made", seconds=1.5)
    logging.getLogger("uvicorn.error").info("listening on %s", "a port")
    ours, theirs = written(capsys)
    assert (ours["event"], ours["seconds"], ours["level"]) == ("made", 1.5, "info")
    assert (theirs["event"], theirs["logger"], theirs["level"]) == ("listening on a port", "uvicorn.error", "info")
    assert ours["timestamp"].endswith("Z")
    assert theirs["timestamp"].endswith("Z")


def test_what_is_bound_to_a_request_is_in_every_message_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    """The request's id stands in our messages and in libraries' alike."""
    configure_logs("info", "json")
    with structlog.contextvars.bound_contextvars(request_id="r1"):
        structlog.get_logger().info("ours")
        logging.getLogger("uvicorn.error").info("theirs")
    assert [entry["request_id"] for entry in written(capsys)] == ["r1", "r1"]


@pytest.mark.parametrize("how", ["json", "console"])
def test_no_secret_is_written(how: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """Keys are left out of messages, values, nested values and tracebacks, and local variables are not shown."""
    configure_logs("info", how)
    log = structlog.get_logger()
    message = "asked with " + OPENAI_KEY
    log.info(message, headers={"Authorization": "Bearer abcdefghijklmnop", "x-api-key": OUR_KEY})
    logging.getLogger("openai").warning("refused: %s", {"authorization": f"Bearer {OUR_KEY}"})
    local = OUR_KEY[:20]
    try:
        raise ValueError(f"bad key {OUR_KEY}" if local else "")  # noqa: TRY301
    except ValueError:
        log.exception("failed")
        logging.getLogger("uvicorn.error").exception("failed too")
    text = capsys.readouterr().err
    assert "Traceback" in text
    assert text.count("ValueError: bad key [redacted]") == 2
    for secret in (OPENAI_KEY, OUR_KEY, "abcdefghijklmnop", local):
        assert secret not in text


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        (f"key={OPENAI_KEY}", OPENAI_KEY),
        (f"key {OUR_KEY}.", OUR_KEY),
        ("secret: whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw+/=", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
        ("Authorization: Bearer 0123456789abcdefXYZ", "0123456789abcdefXYZ"),
        ("Authorization: Basic dXNlcjpwYXNzd29yZA==", "dXNlcjpwYXNzd29yZA"),
        ("AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
        ('{"SecretAccessKey": "wJalrXUtnFEMI/K7MDENG"}', "wJalrXUtnFEMI/K7MDENG"),
        ('{"api-key": "0123456789abcdef"}', "0123456789abcdef"),
        ("x-api-key: 0123456789abcdef", "0123456789abcdef"),
        ("id AKIAIOSFODNN7EXAMPLE", "AKIAIOSFODNN7EXAMPLE"),
        ("https://b/k?X-Amz-Signature=0abc&X-Amz-Date=1", "0abc"),
        ("postgres://sayso:hunter2@db/sayso", "hunter2"),
    ],
)
def test_what_looks_like_a_secret_is_redacted(text: str, secret: str) -> None:
    """Keys of OpenAI, of AWS and of our own, credentials in headers and in URLs are replaced."""
    assert secret not in redact(text)
    assert "[redacted]" in redact(text)


@pytest.mark.parametrize(
    "text",
    [
        "a risk-assessment for the desk-publishing-house",
        "the bearer of good news",
        "sayso_http_request_duration_seconds",
        "GET http://localhost:8000/v1/audio/speech",
        "basic arithmetic",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    """Ordinary words, names of metrics and addresses are written as they are."""
    assert redact(text) == text
