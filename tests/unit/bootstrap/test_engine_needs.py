"""An installation without local engines, as the slim image, says what it can serve, and refuses the rest."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING

import pytest

from sayso.bootstrap.engine_needs import served_without_engines
from sayso.bootstrap.engines import open_engine, open_transcriber
from sayso.bootstrap.plan import ProcessPlan, open_process
from sayso.bootstrap.roles import roles_named
from sayso.bootstrap.speech import Speech
from sayso.cli.run import run_help
from sayso.errors import ModelMissing, NotInstalled
from sayso.observability import Metrics
from sayso.settings import Settings

if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec

ENGINES = {"faster_whisper", "onnx", "onnxruntime"}


@pytest.fixture(autouse=True)
def _slim(monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec

    def without_engines(name: str) -> ModuleSpec | None:
        return None if name in ENGINES else find(name)

    monkeypatch.setattr("sayso.bootstrap.local_engines.find_spec", without_engines)
    for name in ("PRIMARY_SERVICE", "FALLBACK_TO_LOCAL", "WHISPER_PRIMARY_SERVICE", "WHISPER_FALLBACK_TO_LOCAL"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("role", "environment", "reason"),
    [
        ("stories", {}, "The role stories needs local engines"),
        ("api", {}, "FALLBACK_TO_LOCAL is true"),
        ("cards", {}, "FALLBACK_TO_LOCAL is true"),
        ("cards", {"WHISPER_FALLBACK_TO_LOCAL": "false", "FALLBACK_TO_LOCAL": "true"}, "FALLBACK_TO_LOCAL is true"),
        ("api", {"FALLBACK_TO_LOCAL": "false", "PRIMARY_SERVICE": "local"}, "PRIMARY_SERVICE is local"),
    ],
)
def test_what_needs_local_engines_is_refused(
    monkeypatch: pytest.MonkeyPatch, role: str, environment: dict[str, str], reason: str
) -> None:
    """The message names the setting, and the hint the roles that can be served."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(NotInstalled, match=reason) as caught:
        open_process(ProcessPlan.load(roles_named([role])))
    assert "Use the image `full`" in str(caught.value.hint)
    assert "api, cards, sync" in str(caught.value.hint)


@pytest.mark.parametrize("variable", ["FALLBACK_TO_LOCAL", "WHISPER_FALLBACK_TO_LOCAL"])
def test_the_api_starts_with_openai_alone(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    """Without the fallback nothing local is asked for."""
    monkeypatch.setenv(variable, "false")
    process = open_process(ProcessPlan.load(roles_named(["api"])))
    process.close()


def test_what_is_local_is_missing_where_it_is_opened() -> None:
    """Commands say so, in place of naming a package; a list of voices is empty."""
    settings = Settings(fallback_to_local=False)
    for opened in (lambda: open_engine("kokoro", settings), lambda: open_transcriber("base", settings)):
        with pytest.raises(ModelMissing, match="No local engines are installed"):
            opened()
    speech = Speech(settings, Metrics())
    assert [voice for source in speech.sources for voice in source.voices()] == []
    speech.close()


def test_the_help_names_the_roles_that_can_be_served() -> None:
    """It is what the slim image prints when it is started without a command."""
    assert served_without_engines() in run_help()
