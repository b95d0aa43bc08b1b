"""The whole command line in this process, with an engine that needs no model."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
import structlog

from sayso.bootstrap import engines
from sayso.cli import main
from sayso.testing import FakeSpeechEngine
from support.command_line import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.command_line import RunSayso


@pytest.fixture(autouse=True)
def _logging_restored() -> Iterator[None]:
    """Every command sends log messages to the standard error of its test, which is closed afterwards."""
    yield
    structlog.reset_defaults()


@pytest.fixture
def fake_engine() -> FakeSpeechEngine:
    return FakeSpeechEngine()


@pytest.fixture
def sayso(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    fake_engine: FakeSpeechEngine,
) -> RunSayso:
    """Run ``sayso`` in this process: the only engine is the fake, the caches are the test's own."""
    monkeypatch.setattr(engines, "ENGINES", {"fake": lambda _settings: fake_engine})
    monkeypatch.setenv("SAYSO_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("MODELS_BASE_PATH", str(tmp_path / "models"))
    monkeypatch.setenv("KOKORO_VOICE", "fake_en")

    def run(*arguments: str | Path) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["sayso", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        return Outcome(code=int(ended.value.code or 0), out=printed.out, err=printed.err)

    return run
