"""Models in directories that the settings name, such as those that model sync keeps: how they are opened and watched.

A manifest in such a directory (``*.manifest.json``, as model sync publishes it) says which files the model has. Without
one, all that is known of a model is whether it loads.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import structlog

from sayso.bootstrap.local_engines import require_packages
from sayso.errors import InvalidInput, ModelMissing
from sayso.models import ModelDescription, WatchedModel, installed_models
from sayso.models.status import require_content, require_sizes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from sayso.modelsync.plan.manifests import SetManifest
    from sayso.settings import EngineSettings
    from sayso.stt import WhisperTranscriber
    from sayso.tts.engines.kokoro import KokoroEngine

_log = structlog.get_logger(__name__)

WHISPER = "whisper-local"
"""The name of the Whisper model whose directory the settings name."""

KOKORO = "kokoro"

SETTINGS = {WHISPER: "SAYSO_WHISPER_MODEL", KOKORO: "SAYSO_KOKORO_MODEL"}
"""The settings that name the directories, by the engine."""

_KOKORO_FILE = "model.onnx"
_KOKORO_VOICES = "voices"


def manifests_in(directory: Path) -> Sequence[SetManifest]:
    """The manifests of a model's directory, in the order of their names; empty if it has none.

    Raises:
        InvalidInput: one cannot be used.
        OSError: one cannot be read.
    """
    from sayso.modelsync.plan.manifests import is_manifest, parse_manifest

    found = sorted(path for path in directory.iterdir() if is_manifest(path.name))
    return [parse_manifest(path.read_bytes(), path.name) for path in found]


class _Checked:
    """The part of a `ModelOpener` that is the same for each kind of model."""

    def is_set(self, directory: Path) -> bool:
        """See `ModelOpener.is_set`."""
        try:
            return bool(manifests_in(directory))
        except (InvalidInput, OSError):
            return False

    def _manifests(self, directory: Path) -> Sequence[SetManifest]:
        """The manifests of a directory that has all of their files.

        Raises:
            ModelMissing: it has not, or cannot be read.
            InvalidInput: a manifest cannot be used.
        """
        try:
            manifests = manifests_in(directory)
        except OSError as error:
            raise ModelMissing(f"{directory} cannot be read: {error.strerror}.") from error
        for manifest in manifests:
            require_sizes(manifest, directory)
        return manifests


class WhisperOpener(_Checked):
    """See `ModelOpener`: Whisper in CTranslate2's format, which needs less than twice the size of its file to load."""

    memory_factor = 2.0

    def __init__(self, settings: EngineSettings) -> None:
        self._settings = settings
        self._name = (settings.whisper_directory or settings.models_base_path).name

    def require_complete(self, directory: Path) -> None:
        """See `ModelOpener.require_complete`."""
        self.open(directory)  # it reads no weights

    def open(self, directory: Path) -> WhisperTranscriber:
        """See `ModelOpener.open`."""
        require_packages()
        from sayso.stt import WhisperTranscriber

        name, version = _named(self._manifests(directory), self._name)
        return WhisperTranscriber(
            directory,
            threads=self._settings.synthesis_workers,
            idle_unload_seconds=self._settings.idle_unload_seconds,
            model_name=name,
            model_version=version,
        )

    def prepare(self, model: WhisperTranscriber, previous: WhisperTranscriber) -> None:
        """See `ModelOpener.prepare`; that the new model knows fewer languages is logged."""
        for manifest in self._manifests(model.directory):
            require_content(manifest, model.directory)
        model.try_out()
        lost = previous.languages() - model.languages() if previous.is_loaded else frozenset()
        if lost:
            _log.warning("the new model knows fewer languages", engine=WHISPER, lost=len(lost))

    def retire(self, model: WhisperTranscriber) -> None:
        """See `ModelOpener.retire`."""
        model.retire()

    def describe(self, model: WhisperTranscriber) -> ModelDescription:
        """See `ModelOpener.describe`."""
        return ModelDescription(
            name=model.model_name, version=model.model_version or "", fingerprint=model.known_fingerprint
        )


class KokoroOpener(_Checked):
    """See `ModelOpener`: Kokoro in ONNX, which needs less than four times the size of its file to load."""

    memory_factor = 4.0

    def __init__(self, settings: EngineSettings) -> None:
        self._settings = settings
        self._name = (settings.kokoro_model or settings.models_base_path).name

    def require_complete(self, directory: Path) -> None:
        """See `ModelOpener.require_complete`."""
        require_packages()
        self._manifests(directory)
        _onnx_file(directory)
        self._voices(directory)

    def open(self, directory: Path) -> KokoroEngine:
        """See `ModelOpener.open`."""
        require_packages()
        from sayso.tts.engines.kokoro import KokoroEngine
        from sayso.tts.phonemes.languages import phonemes

        name, version = _named(self._manifests(directory), self._name)
        settings = self._settings
        return KokoroEngine(
            _onnx_file(directory),
            self._voices(directory),
            phonemes(),
            tuning_file=settings.cache_dir / "tuning.json",
            workers=settings.synthesis_workers,
            idle_unload_seconds=settings.idle_unload_seconds,
            use_kernels=settings.kernels == "auto",
            may_change=True,
            model_name=name,
            model_version=version,
        )

    def prepare(self, model: KokoroEngine, previous: KokoroEngine) -> None:
        """See `ModelOpener.prepare`; it must have the voices of the one that serves."""
        for manifest in self._manifests(model.directory):
            require_content(manifest, model.directory)
        model.prepare(previous)

    def retire(self, model: KokoroEngine) -> None:
        """See `ModelOpener.retire`."""
        model.retire()

    def describe(self, model: KokoroEngine) -> ModelDescription:
        """See `ModelOpener.describe`."""
        return ModelDescription(name=model.model_name, version=model.model_version, fingerprint=model.known_fingerprint)

    def _voices(self, directory: Path) -> Path:
        """The directory of the voices.

        Raises:
            ModelMissing: there is none, or an empty one.
        """
        own = directory / _KOKORO_VOICES
        if not own.is_dir():
            return installed_models(self._settings).path("kokoro-voices")
        if not any(own.glob("*.bin")):
            raise ModelMissing(f"{directory} is no Kokoro model: voices/ has no .bin file.")
        return own


class DirectoryModels:
    """The models of this process that may be replaced while it serves; threads share them.

    Attributes:
        whisper: in the directory of ``SAYSO_WHISPER_MODEL``; None if that names a model of the catalogue.
        kokoro: in the directory of ``SAYSO_KOKORO_MODEL``; None without one.
        watched: those that there are.

    Args:
        settings: name the directories.
        on_reload: called with the engine's name, and ``loaded`` or ``rejected``, when a model was to be replaced.
    """

    def __init__(self, settings: EngineSettings, on_reload: Callable[[str, str], None] = lambda _n, _r: None) -> None:
        quiet_seconds = settings.model_quiet_seconds
        self.whisper: WatchedModel[WhisperTranscriber] | None = None
        self.kokoro: WatchedModel[KokoroEngine] | None = None
        self.watched: list[WatchedModel[Any]] = []
        if settings.whisper_directory is not None:
            self.whisper = WatchedModel(
                WHISPER,
                settings.whisper_directory,
                WhisperOpener(settings),
                quiet_seconds=quiet_seconds,
                on_reload=partial(on_reload, WHISPER),
            )
            self.watched.append(self.whisper)
        if settings.kokoro_model is not None:
            self.kokoro = WatchedModel(
                KOKORO,
                settings.kokoro_model,
                KokoroOpener(settings),
                quiet_seconds=quiet_seconds,
                on_reload=partial(on_reload, KOKORO),
            )
            self.watched.append(self.kokoro)


def _named(manifests: Sequence[SetManifest], default: str) -> tuple[str, str]:
    """The name and the version of a model, by its first manifest if it has one."""
    return (manifests[0].name, manifests[0].version) if manifests else (default, "")


def _onnx_file(directory: Path) -> Path:
    """The ONNX file of a directory.

    Raises:
        ModelMissing: there is none, or several of which none is ``model.onnx``.
    """
    if (directory / _KOKORO_FILE).is_file():
        return directory / _KOKORO_FILE
    found = sorted(directory.glob("*.onnx"))
    if len(found) != 1:
        what = "no .onnx file" if not found else f"{len(found)} .onnx files, and none is {_KOKORO_FILE}"
        raise ModelMissing(
            f"{directory} is no Kokoro model: it has {what}.", hint="Put the published model.onnx there."
        )
    return found[0]
