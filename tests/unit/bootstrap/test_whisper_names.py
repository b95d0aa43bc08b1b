"""The Whisper behind OpenAI's names: of the catalogue, of the hub, of a directory; and which one translates."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sayso.bootstrap.chains import EngineRegistry
from sayso.bootstrap.engines import open_transcriber
from sayso.bootstrap.speech import Speech
from sayso.errors import ModelMissing
from sayso.models.hub_whispers import REPOSITORIES
from sayso.observability import Metrics
from sayso.settings import ApiSettings
from sayso.stt.whisper.abilities import translates

if TYPE_CHECKING:
    from pathlib import Path


def settings_of(tmp_path: Path, model: str) -> ApiSettings:
    values = {"models_base_path": tmp_path, "cache_dir": tmp_path, "whisper_model": model, "pull_models": False}
    return ApiSettings().model_copy(update={**values, "primary_service": "local"})


def put(directory: Path) -> None:
    directory.mkdir(parents=True)
    for name in ("model.bin", "config.json", "tokenizer.json", "vocabulary.txt"):
        (directory / name).write_text("junk")


def engines_of(registry: EngineRegistry, task: str) -> list[str]:
    chain = registry.catalogue(lambda _failure: None).transcription_model("whisper-1").chain
    return [link.name for link in chain.able(task).links]


@pytest.mark.parametrize(
    ("model", "transcribing", "translating"),
    [
        ("base", ["whisper-base"], ["whisper-base"]),
        ("small", ["whisper-small"], ["whisper-small"]),
        ("large-v3-turbo", ["whisper-large-v3-turbo"], ["whisper-base"]),
        ("distil-large-v3", ["whisper-distil-large-v3"], ["whisper-base"]),
        ("tiny.en", ["whisper-tiny.en"], ["whisper-base"]),
    ],
)
def test_one_that_cannot_translate_has_another_for_it(
    tmp_path: Path, model: str, transcribing: list[str], translating: list[str]
) -> None:
    registry = EngineRegistry(settings_of(tmp_path, model))
    assert engines_of(registry, "transcribe") == transcribing
    assert engines_of(registry, "translate") == translating


def test_a_directory_is_judged_by_its_name(tmp_path: Path) -> None:
    put(tmp_path / "my-large-v3-turbo")
    registry = EngineRegistry(settings_of(tmp_path, str(tmp_path / "my-large-v3-turbo")))
    assert engines_of(registry, "translate") == ["whisper-base"]


def test_a_model_of_the_hub_is_used_once_it_is_there(tmp_path: Path) -> None:
    """Before, the error and /health say the command that gets it."""
    settings = settings_of(tmp_path, "small")
    with pytest.raises(ModelMissing) as caught:
        open_transcriber("small", settings)
    assert caught.value.hint == f"Run: hf download {REPOSITORIES['small']} --local-dir {tmp_path / 'whisper-small'}"
    speech = Speech(settings, Metrics())
    try:
        (engine,) = speech.health()["transcription"]
        assert not engine.configured
        put(tmp_path / "whisper-small")
        assert open_transcriber("small", settings).name == "faster-whisper:whisper-small"
        (engine,) = speech.health()["transcription"]
        assert engine.configured
    finally:
        speech.close()


@pytest.mark.parametrize(
    ("model", "can"),
    [("whisper-base", True), ("whisper-large-v3", True), ("Large-V3-Turbo", False), ("whisper-small.en", False)],
)
def test_which_models_translate(model: str, can: bool) -> None:
    assert translates(model) is can
