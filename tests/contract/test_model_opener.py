"""The contract of `ModelOpener`, for every kind of model that may be replaced while it serves."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
import pytest

from sayso.bootstrap.model_directories import DirectoryModels
from sayso.errors import InvalidInput, ModelCorrupt, ModelMissing, ModelReplaced, SaysoError
from sayso.models import WatchedModel, installed_models
from sayso.models.files import sha256_of
from sayso.modelsync.plan.manifests import SetFile, SetManifest, manifest_json
from sayso.settings import load_settings
from sayso.tts.engines.kokoro.voices import STYLE_ROWS, STYLE_WIDTH

if TYPE_CHECKING:
    from pathlib import Path

    from sayso.settings import Settings

MANIFEST = "set.manifest.json"


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of model.

    Attributes:
        setting: that names the directory.
        watched: its model among those of the settings.
        needed: files without which there is no model.
        weights: the file whose content decides the fingerprint.
        source: the models of the catalogue that a directory is filled from, each with its folder.
    """

    setting: str
    watched: str
    needed: tuple[str, ...]
    weights: str
    sources: dict[str, str]


WHISPER = Kind(
    setting="whisper_model",
    watched="whisper",
    needed=("model.bin", "config.json", "tokenizer.json", "vocabulary.txt"),
    weights="model.bin",
    sources={"whisper-tiny.en": ""},
)
KOKORO = Kind(
    setting="kokoro_model",
    watched="kokoro",
    needed=("model.onnx",),
    weights="model.onnx",
    sources={"kokoro-82m-int8": "", "kokoro-voices": "voices"},
)
KINDS = pytest.mark.parametrize("kind", [WHISPER, KOKORO], ids=["whisper", "kokoro"])


def watched(kind: Kind, directory: Path, settings: Settings) -> WatchedModel[Any]:
    """The model of a directory."""
    value: Any = str(directory) if kind is WHISPER else directory
    models = DirectoryModels(settings.model_copy(update={kind.setting: value, "synthesis_workers": 1}))
    found: WatchedModel[Any] = getattr(models, kind.watched)
    return found


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings().model_copy(update={"models_base_path": tmp_path / "none", "cache_dir": tmp_path / "cache"})


def small(kind: Kind, directory: Path) -> Path:
    """A directory with files of the right names, which are no model."""
    directory.mkdir()
    for name in kind.needed:
        (directory / name).write_bytes(b"junk")
    if kind is KOKORO:
        add_voice(directory, "af_heart")
    return directory


def add_voice(directory: Path, name: str) -> None:
    (directory / "voices").mkdir(exist_ok=True)
    np.zeros(STYLE_ROWS * STYLE_WIDTH, "<f4").tofile(directory / f"voices/{name}.bin")


def real(kind: Kind, directory: Path) -> Path:
    """A directory with the model of the catalogue."""
    store = installed_models(load_settings())
    for name, folder in kind.sources.items():
        shutil.copytree(store.path(name), directory / folder, dirs_exist_ok=True)
    return directory


def write_manifest(directory: Path, version: str) -> None:
    """A manifest of what is in the directory."""
    paths = sorted(path for path in directory.rglob("*") if path.is_file() and path.name != MANIFEST)
    files = tuple(
        SetFile(
            path=path.relative_to(directory).as_posix(),
            size_bytes=path.stat().st_size,
            sha256=sha256_of(path),
            checksums=(),
        )
        for path in paths
    )
    manifest = SetManifest(name="ours", version=version, files=files)
    (directory / MANIFEST).write_bytes(manifest_json(manifest, version=version))


@KINDS
def test_a_missing_directory_is_named(kind: Kind, settings: Settings, tmp_path: Path) -> None:
    model = watched(kind, tmp_path / "missing", settings)
    for asked in (model.current, model.require_found):
        with pytest.raises(ModelMissing, match="missing") as caught:
            asked()
        assert caught.value.hint is not None


@KINDS
def test_a_missing_file_is_named(kind: Kind, settings: Settings, tmp_path: Path) -> None:
    directory = small(kind, tmp_path / "model")
    for name in kind.needed:
        (directory / name).rename(directory / "elsewhere")
        model = watched(kind, directory, settings)
        for asked in (model.current, model.require_found):
            with pytest.raises(ModelMissing, match=rf"{name.rpartition('.')[0]}|\.onnx") as caught:
                asked()
            assert str(directory) in caught.value.message
        (directory / "elsewhere").rename(directory / name)


@KINDS
def test_a_directory_is_opened_without_being_loaded(kind: Kind, settings: Settings, tmp_path: Path) -> None:
    """Its name is that of the directory, without a version."""
    model = watched(kind, small(kind, tmp_path / "my-model"), settings)
    model.require_found()
    model.current()
    description = model.status().description
    assert description is not None
    assert (description.name, description.version) == ("my-model", "")


@KINDS
def test_a_manifest_names_the_model_and_its_files(kind: Kind, settings: Settings, tmp_path: Path) -> None:
    """One that lists a file which is not there, or is shorter, is not complete; one that cannot be read is an error."""
    directory = small(kind, tmp_path / "model")
    write_manifest(directory, "7")
    model = watched(kind, directory, settings)
    model.current()
    description = model.status().description
    assert description is not None
    assert (description.name, description.version) == ("ours", "7")
    (directory / kind.weights).write_bytes(b"truncated")
    with pytest.raises(ModelMissing, match="9 bytes instead of 4"):
        watched(kind, directory, settings).current()
    (directory / MANIFEST).write_text("{}")
    with pytest.raises(InvalidInput, match="cannot be used"):
        watched(kind, directory, settings).current()


@KINDS
def test_files_that_are_no_model_are_refused_by_a_replacement(kind: Kind, settings: Settings, tmp_path: Path) -> None:
    first, second = small(kind, tmp_path / "first"), small(kind, tmp_path / "second")
    opener = watched(kind, first, settings)._opener
    with pytest.raises(SaysoError):
        opener.prepare(opener.open(second), opener.open(first))


@KINDS
def test_a_file_that_differs_from_its_manifest_is_refused(kind: Kind, settings: Settings, tmp_path: Path) -> None:
    """Although it has the same size."""
    first, second = small(kind, tmp_path / "first"), small(kind, tmp_path / "second")
    write_manifest(second, "1")
    (second / kind.weights).write_bytes(b"kunj")
    opener = watched(kind, first, settings)._opener
    assert (opener.is_set(first), opener.is_set(second)) == (False, True)
    with pytest.raises(ModelCorrupt, match="the checksum differs"):
        opener.prepare(opener.open(second), opener.open(first))


def test_whisper_is_loaded_only_from_the_files_that_it_was_opened_from(settings: Settings, tmp_path: Path) -> None:
    """One that was replaced while it was not in memory is not taken for it; neither is what is no longer there."""
    directory = small(WHISPER, tmp_path / "model")
    model = watched(WHISPER, directory, settings)
    stale = model.current()
    (directory / "new").write_bytes(b"JUNK")
    (directory / "new").rename(directory / "model.bin")
    for asked in (stale.try_out, lambda: stale.fingerprint):
        with pytest.raises(ModelReplaced):
            asked()
    opened = model.reopened(stale)
    assert opened is model.current() is not stale
    assert "faster-whisper" in opened.fingerprint
    (directory / "model.bin").unlink()
    with pytest.raises(ModelReplaced):
        opened.try_out()
    with pytest.raises(ModelMissing, match=r"model\.bin"):
        model.reopened(opened)


def test_kokoro_keeps_the_file_that_it_was_opened_from(settings: Settings, tmp_path: Path) -> None:
    """Whatever has its name now: what is hashed is what is loaded, also later."""
    directory = small(KOKORO, tmp_path / "model")
    opened = watched(KOKORO, directory, settings).current()
    fingerprint = opened.fingerprint
    (directory / "new").write_bytes(b"other")
    (directory / "new").rename(directory / "model.onnx")
    assert (opened._content(), opened.fingerprint) == (b"junk", fingerprint)
    assert watched(KOKORO, directory, settings).current().fingerprint != fingerprint


def test_a_voice_in_use_must_not_go(settings: Settings, tmp_path: Path) -> None:
    first, second = small(KOKORO, tmp_path / "first"), small(KOKORO, tmp_path / "second")
    add_voice(first, "am_michael")
    opener = watched(KOKORO, first, settings)._opener
    with pytest.raises(ModelCorrupt, match="am_michael"):
        opener.prepare(opener.open(second), opener.open(first))


def test_the_voices_of_the_catalogue_serve_a_model_without_its_own(settings: Settings, tmp_path: Path) -> None:
    directory = small(KOKORO, tmp_path / "model")
    shutil.rmtree(directory / "voices")
    with pytest.raises(ModelMissing, match="kokoro-voices"):
        watched(KOKORO, directory, settings).current()
    (directory / "voices").mkdir()
    with pytest.raises(ModelMissing, match="voices/"):
        watched(KOKORO, directory, settings).current()


def test_one_onnx_file_may_have_any_name(settings: Settings, tmp_path: Path) -> None:
    directory = small(KOKORO, tmp_path / "model")
    (directory / "model.onnx").rename(directory / "kokoro-v1.onnx")
    watched(KOKORO, directory, settings).require_found()
    (directory / "other.onnx").touch()
    with pytest.raises(ModelMissing, match=r"2 \.onnx files"):
        watched(KOKORO, directory, settings).require_found()


@pytest.mark.engine
@KINDS
def test_a_real_model_takes_the_place_of_another(kind: Kind, settings: Settings, tmp_path: Path) -> None:
    """It is in memory then, and its fingerprint follows its content, also that of a voice."""
    first, second = real(kind, tmp_path / "first"), real(kind, tmp_path / "second")
    opener = watched(kind, first, settings)._opener
    old, new = opener.open(first), opener.open(second)
    opener.prepare(new, old)
    known = opener.describe(new).fingerprint
    assert known == new.fingerprint == old.fingerprint
    if kind is WHISPER:
        shutil.copytree(installed_models(load_settings()).path("whisper-base"), second, dirs_exist_ok=True)
        assert watched(kind, second, settings).current().fingerprint != known
        return
    graph = onnx.load_from_string((second / "model.onnx").read_bytes())
    graph.metadata_props.add(key="edition", value="2")
    (second / "model.onnx").write_bytes(graph.SerializeToString())
    changed = watched(kind, second, settings).current().fingerprint
    shutil.copy(second / "voices/am_michael.bin", second / "voices/af_heart.bin")
    assert len({known, changed, watched(kind, second, settings).current().fingerprint}) == 3
