"""Log messages on the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from sayso.cli.log import log_to_stderr

if TYPE_CHECKING:
    import pytest


def test_standard_output_belongs_to_results(capsys: pytest.CaptureFixture[str]) -> None:
    """A log message goes to standard error, so that JSON or WAV on standard output stays whole."""
    log_to_stderr("info")
    structlog.get_logger().info("measuring")
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "measuring" in captured.err


def test_less_severe_messages_are_dropped(capsys: pytest.CaptureFixture[str]) -> None:
    """With LOG_LEVEL=warning an info message is not written and a warning is."""
    log_to_stderr("warning")
    structlog.get_logger().info("measuring")
    structlog.get_logger().warning("not kept")
    written = capsys.readouterr().err
    assert "measuring" not in written
    assert "not kept" in written
