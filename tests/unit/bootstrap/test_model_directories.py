"""Settings that name a directory of a model: what stands behind which name, and what is said of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from sayso.bootstrap.chains import EngineRegistry
from sayso.bootstrap.speech import Speech
from sayso.cli.app import app
from sayso.errors import InvalidInput, ModelMissing
from sayso.observability import Metrics
from sayso.settings import ApiSettings

if TYPE_CHECKING:
    from pathlib import Path

FILES = ("model.bin", "config.json", "tokenizer.json", "vocabulary.txt")


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """With the names of Whisper's files."""
    directory = tmp_path / "whisper"
    directory.mkdir()
    for name in FILES:
        (directory / name).write_text("junk")
    return directory


def settings_of(tmp_path: Path, **values: object) -> ApiSettings:
    return ApiSettings().model_copy(update={"models_base_path": tmp_path / "models", "cache_dir": tmp_path, **values})


def test_openai_names_stand_for_the_model_of_the_directory(directory: Path, tmp_path: Path) -> None:
    engines = EngineRegistry(settings_of(tmp_path, whisper_model=str(directory), primary_service="local"))
    catalogue = engines.catalogue(lambda _failure: None)
    for name in ("whisper-1", "hybrid", "whisper-local"):
        assert [link.name for link in catalogue.transcription_model(name).chain.links] == ["whisper-local"]
    assert [link.name for link in catalogue.transcription_model("whisper-base").chain.links] == ["whisper-base"]
    assert "whisper-local" in engines.states()


def test_a_name_without_a_slash_is_one_of_the_catalogue(tmp_path: Path) -> None:
    engines = EngineRegistry(settings_of(tmp_path, whisper_model="tiny.en"))
    assert (engines.default_whisper, engines.models.watched) == ("whisper-tiny.en", [])
    assert "whisper-local" not in engines.whisper
    with pytest.raises(InvalidInput, match="SAYSO_WHISPER_MODEL") as caught:
        EngineRegistry(settings_of(tmp_path, whisper_model="large"))
    assert "path" in (caught.value.hint or "")


def test_health_names_what_a_directory_lacks(directory: Path, tmp_path: Path) -> None:
    """Then its engine is not configured; a complete one that no request has used has no name yet."""
    settings = settings_of(tmp_path, whisper_model=str(directory), primary_service="local", kokoro_model=tmp_path)
    speech = Speech(settings, Metrics())
    try:
        (found,) = speech.health()["transcription"]
        assert (found.name, found.configured, found.detail) == ("whisper-local", True, None)
        assert found.model is not None
        assert (found.model["directory"], found.model["name"]) == (str(directory), None)
        (directory / "tokenizer.json").unlink()
        (found,) = speech.health()["transcription"]
        assert (found.configured, "tokenizer.json" in (found.detail or "")) == (False, True)
        with pytest.raises(ModelMissing, match=r"tokenizer\.json"):
            _ = speech.engines.whisper["whisper-local"].fingerprint
        (kokoro,) = speech.health()["speech"]
        assert "no .onnx file" in (kokoro.detail or "")
    finally:
        speech.close()


def test_the_doctor_shows_the_directory(directory: Path, tmp_path: Path) -> None:
    environment = {
        "SAYSO_WHISPER_MODEL": str(directory),
        "SAYSO_KOKORO_MODEL": str(tmp_path / "missing"),
        "MODELS_BASE_PATH": str(tmp_path / "models"),
    }
    result = CliRunner().invoke(app, ["doctor", "--json"], env=environment)
    findings = {each["what"]: each for each in json.loads(result.stdout)["findings"] if each["area"] == "models"}
    assert findings["SAYSO_WHISPER_MODEL"]["state"] == "ok"
    assert findings["SAYSO_KOKORO_MODEL"]["state"] == "missing"
    assert str(tmp_path / "missing") in findings["SAYSO_KOKORO_MODEL"]["detail"]
    assert findings["kokoro-82m-int8"]["state"] == "optional"
