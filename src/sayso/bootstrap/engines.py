"""Open engines, models and caches.

Each part is imported when it is opened, so that it does not load the libraries of the others.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from sayso.bootstrap.local_engines import require_packages
from sayso.bootstrap.model_needs import KOKORO, MODELS, PIPER, known_voices, obtaining
from sayso.errors import InvalidInput, ModelMissing
from sayso.installation import install_hint

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from sayso.bootstrap.model_directories import DirectoryModels
    from sayso.bootstrap.model_needs import Obtain
    from sayso.models import WatchedModel
    from sayso.settings import EngineSettings, SpeechSettings
    from sayso.stt import Transcriber
    from sayso.tts.base import SpeechEngine
    from sayso.tts.cache import SpeechCache
    from sayso.tts.engines.kokoro import KokoroEngine
    from sayso.tts.selection import SpeechSource
    from sayso.types import Voice


def open_engine(name: str, settings: EngineSettings) -> SpeechEngine:
    """The engine of this name; its model is found but not loaded.

    Raises:
        InvalidInput: there is no such engine.
        ModelMissing: its model has not been pulled, or no local engines are installed.
        NotInstalled: a part that it needs is not installed.
    """
    require_engine(name)
    require_packages()
    return ENGINES[name](settings)


def require_engine(name: str) -> None:
    """Refuse the name of an unknown engine.

    Raises:
        InvalidInput: there is no such engine.
    """
    if name not in ENGINES:
        raise InvalidInput(f"There is no engine {name!r}", hint=f"There are: {', '.join(ENGINES)}.")


def speech_source(
    name: str,
    settings: EngineSettings,
    *,
    watched: WatchedModel[KokoroEngine] | None = None,
    obtain: Obtain | None = None,
) -> SpeechSource:
    """The engine of this name with the names of its voices; it is opened on first use.

    Args:
        name: of the engine.
        settings: where its model is.
        watched: its model, if that may be replaced while it serves.
        obtain: gets models that are missing, when a voice is used that they have; None to get none.

    Raises:
        InvalidInput: there is no such engine.
    """
    from sayso.tts.selection import OPENAI_VOICES_OF_KOKORO, LocalSpeech

    require_engine(name)
    aliases = OPENAI_VOICES_OF_KOKORO if name == KOKORO else {}
    if watched is not None:
        return LocalSpeech(name, watched.current, aliases=aliases, is_replaced=True)
    if settings.kokoro_model is not None and name == KOKORO:
        obtain = None
    return LocalSpeech(
        name,
        partial(open_engine, name, settings),
        aliases=aliases,
        obtain=obtaining(obtain, MODELS.get(name, ())),
        known_voices=known_voices(name),
    )


def speech_sources(
    settings: EngineSettings, models: DirectoryModels | None = None, *, obtain: Obtain | None = None
) -> Mapping[str, SpeechSource]:
    """Every local engine by its name, in the order in which they are tried for a voice.

    Args:
        settings: where their models are.
        models: those that may be replaced while they serve; None for a command, which ends soon.
        obtain: as for `speech_source`.
    """
    watched = None if models is None else models.kokoro
    return {
        name: speech_source(name, settings, watched=watched if name == KOKORO else None, obtain=obtain)
        for name in ENGINES
    }


def installed_voices(settings: EngineSettings) -> Iterator[Voice]:
    """The voices of every engine whose model has been pulled."""
    for source in speech_sources(settings).values():
        yield from source.voices()


def open_transcriber(model: str, settings: EngineSettings) -> Transcriber:
    """Whisper with a model of the catalogue, "base" is ``whisper-base``, or of the hub, or with that of a directory.

    Args:
        model: the model's name, without ``whisper-``; or a path, which has a ``/`` in it. A model of the hub that the
            catalogue does not have is in the directory of its name among the models.
        settings: where the models are.

    Raises:
        InvalidInput: there is no such model.
        ModelMissing: it has not been pulled, or the directory is not that of a Whisper model, and the message names
            what it lacks; or no local engines are installed.
    """
    require_packages()
    from sayso.bootstrap.model_directories import DirectoryModels
    from sayso.models import installed_models
    from sayso.models.hub_whispers import REPOSITORIES, pull_hint
    from sayso.stt import WhisperTranscriber

    watched = DirectoryModels(settings.model_copy(update={"whisper_model": model})).whisper
    if watched is not None:
        return watched.current()
    store = installed_models(settings)
    name = f"whisper-{model}"
    directory = store.root / name
    if name in store.catalogue:
        directory = store.path(name)
    elif not directory.is_dir():
        if model not in REPOSITORIES:
            known = {each.removeprefix("whisper-") for each in store.catalogue if each.startswith("whisper-")}
            raise InvalidInput(
                f"There is no Whisper model named {model}.",
                hint=f"Models: {', '.join(sorted({*known, *REPOSITORIES}))}; or the path of a directory.",
            )
        raise ModelMissing(f"The model {name} is not in {store.root}.", hint=pull_hint(model, directory))
    return WhisperTranscriber(
        directory,
        threads=settings.synthesis_workers,
        idle_unload_seconds=settings.idle_unload_seconds,
    )


def open_speech_cache(
    settings: SpeechSettings, *, use: bool = True, on_look_up: Callable[[bool], None] = lambda _: None
) -> SpeechCache:
    """The speech cache at ``SAYSO_CACHE_DIR``, in front of that of ``SAYSO_CACHE_S3``; or one that stores nothing.

    Args:
        settings: its place and size.
        use: whether to cache at all.
        on_look_up: called with whether a lookup was a hit.

    Raises:
        NotInstalled: S3 needs an extra.
        InvalidInput: the address in S3 cannot be used.
    """
    from sayso.cache import DirectoryCache, NoCache
    from sayso.tts.cache import SpeechCache

    open_cache = partial(SpeechCache, on_look_up=on_look_up, is_per_owner=settings.cache_per_owner)
    if not use:
        return open_cache(NoCache())
    near = DirectoryCache(settings.cache_dir, maximum_bytes=settings.cache_max_bytes)
    if settings.cache_s3 is None:
        return open_cache(near)
    from sayso.shared_cache import TieredCache, open_s3_cache

    return open_cache(TieredCache(near, open_s3_cache(settings.cache_s3, settings)))


def _kokoro(settings: EngineSettings) -> SpeechEngine:
    from sayso.bootstrap.model_directories import DirectoryModels
    from sayso.tts.engines.kokoro import KokoroEngine
    from sayso.tts.phonemes.languages import phonemes

    watched = DirectoryModels(settings).kokoro
    if watched is not None:
        return watched.current()
    model, voices = _paths(settings, KOKORO)
    return KokoroEngine(
        model / "model.onnx",
        voices,
        phonemes(),
        tuning_file=settings.cache_dir / "tuning.json",
        workers=settings.synthesis_workers,
        idle_unload_seconds=settings.idle_unload_seconds,
        use_kernels=settings.kernels == "auto",
    )


def _piper(settings: EngineSettings) -> SpeechEngine:
    from sayso.tts.engines.piper import PiperEngine
    from sayso.tts.phonemes.espeak import espeak

    return PiperEngine(
        _paths(settings, PIPER),
        espeak(),
        idle_unload_seconds=settings.idle_unload_seconds,
    )


def _paths(settings: EngineSettings, engine: str) -> Sequence[Path]:
    """The directories of an engine's models.

    Raises:
        ModelMissing: one is not complete; the hint names all that is missing, and espeak-ng if that is.
    """
    from importlib.util import find_spec

    from sayso.models import installed_models

    try:
        return installed_models(settings).paths(*MODELS[engine])
    except ModelMissing as error:
        if find_spec("espeakng_loader") is not None:
            raise
        raise ModelMissing(error.message, hint=f"{install_hint('espeak')}; then: {_command(error.hint)}") from error


def _command(hint: str | None) -> str:
    return (hint or "").removeprefix("Run: ")


ENGINES: Mapping[str, Callable[[EngineSettings], SpeechEngine]] = {KOKORO: _kokoro, PIPER: _piper}
"""The functions that open the engines, by name; the first engine that has a voice is used."""
