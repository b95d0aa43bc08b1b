"""Commands that align, with a written model in place of a real one and without Whisper."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer
from typer.testing import CliRunner

from sayso.alignment import Aligner
from sayso.errors import ModelMissing
from support.alignment.written import LetterPronouncer, WrittenModel

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest


def no_whisper(*_: object) -> Any:
    """Whisper, where its model is missing."""
    raise ModelMissing("not here")


def align_as_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands open the written model, and no Whisper."""
    monkeypatch.setattr(
        "sayso.bootstrap.alignment.open_aligner",
        lambda _settings, **_options: Aligner(WrittenModel(), LetterPronouncer()),
    )
    monkeypatch.setattr("sayso.bootstrap.engines.open_transcriber", no_whisper)


def run_command(command: Callable[..., object], *arguments: object) -> Any:
    """Run a command; its errors come through as the entry point sees them."""
    app = typer.Typer()
    app.command()(command)
    return CliRunner().invoke(app, [str(each) for each in arguments], catch_exceptions=False)
