"""Open the aligner: its phoneme model by the setting, the second aligner if it is installed, and Whisper to listen."""

from __future__ import annotations

from functools import cache, partial
from typing import TYPE_CHECKING

from sayso.bootstrap.local_engines import require_packages
from sayso.errors import InvalidInput, ModelMissing, NotInstalled

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sayso.alignment import AlignableRecording, Aligner, HeardWord, PhonemeModel, Progress, SecondAligner
    from sayso.bootstrap.model_needs import Obtain
    from sayso.scheduling import RequestContext
    from sayso.settings import EngineSettings
    from sayso.stt import Transcriber

NO_MODEL = "none"
"""The value of ``SAYSO_ALIGNMENT_MODEL`` that turns alignment off."""


def open_aligner(
    settings: EngineSettings,
    *,
    listener: Callable[[], Transcriber] | None = None,
    obtain: Obtain | None = None,
) -> Aligner:
    """The aligner; its models are found but not loaded. Open it once for a process: threads share it.

    Args:
        settings: name the model and its place.
        listener: opens the engine whose transcriptions find the text in long recordings; None for the local Whisper
            that the settings name, if its model is there.
        obtain: gets the models if they are missing, Whisper's when it is needed; None to get none.

    Raises:
        InvalidInput: the settings name no alignment model that there is.
        ModelMissing: it has not been pulled, or no local engines are installed, or the settings name none.
        ModelCorrupt: it cannot be used.
        NotInstalled: there is no source of phonemes.
    """
    require_packages()
    from sayso.alignment import Aligner
    from sayso.tts.phonemes.languages import phonemes

    try:
        model = open_phoneme_model(settings)
    except ModelMissing:
        if obtain is None or settings.alignment_model == NO_MODEL:
            raise
        obtain((settings.alignment_model,))
        model = open_phoneme_model(settings)
    open_listener = listener or partial(_local_whisper, settings, obtain)
    return Aligner(model, phonemes(), second=_second(), listen=_listen_with(open_listener))


def open_aligner_if_installed(settings: EngineSettings) -> Aligner | None:
    """The aligner, or None if its model has not been pulled or a part is not installed.

    Raises:
        InvalidInput: the settings name no alignment model that there is.
        ModelCorrupt: the model cannot be used.
    """
    try:
        return open_aligner(settings)
    except (ModelMissing, NotInstalled):
        return None


def open_phoneme_model(settings: EngineSettings) -> PhonemeModel:
    """The model that the settings name, found but not loaded.

    Raises:
        InvalidInput: there is no such model.
        ModelMissing: it has not been pulled, or the settings name none.
        ModelCorrupt: it cannot be used.
    """
    name = settings.alignment_model
    if name == NO_MODEL:
        raise ModelMissing("SAYSO_ALIGNMENT_MODEL is none: there is no alignment here.")
    if name not in ALIGNMENT_MODELS:
        raise InvalidInput(
            f"SAYSO_ALIGNMENT_MODEL names {name!r}, which is no alignment model",
            hint=f"There are: {', '.join(ALIGNMENT_MODELS)}; none for none.",
        )
    return ALIGNMENT_MODELS[name](settings)


def _hama(settings: EngineSettings) -> PhonemeModel:
    from sayso.alignment.hama import MODEL_NAME, HamaModel
    from sayso.models import installed_models

    directory = installed_models(settings).path(MODEL_NAME)
    return HamaModel(directory, idle_unload_seconds=settings.idle_unload_seconds)


@cache
def _second() -> SecondAligner | None:
    from sayso.alignment.sphinx import SphinxAligner

    try:
        return SphinxAligner()
    except NotInstalled:
        return None


def _local_whisper(settings: EngineSettings, obtain: Obtain | None) -> Transcriber:
    from sayso.bootstrap.engines import open_transcriber

    if obtain is not None and settings.whisper_directory is None:
        obtain((f"whisper-{settings.whisper_model}",))
    return open_transcriber(settings.whisper_model, settings)


def _listen_with(
    opened: Callable[[], Transcriber],
) -> Callable[[AlignableRecording, str, RequestContext, Progress], Sequence[HeardWord]]:
    """How the aligner listens to a recording: by a transcription, with the words' approximate times."""

    def listen(
        recording: AlignableRecording, language: str, context: RequestContext, progress: Progress
    ) -> Sequence[HeardWord]:
        from sayso.alignment import HeardWord
        from sayso.stt import Recording, TranscriptionOptions, open_recording
        from sayso.types import Audio

        options = TranscriptionOptions(language=language)
        if isinstance(recording, Recording):
            transcript = opened().transcribe(recording, options, progress=progress, context=context)
        else:
            import numpy as np

            samples = np.concatenate(list(recording.blocks(0, recording.duration_samples)))
            with open_recording(Audio(samples=samples, sample_rate_hz=16_000), context) as copied:
                transcript = opened().transcribe(copied, options, progress=progress, context=context)
        timeline = transcript.timeline
        return [
            HeardWord(word.text, timeline.seconds(word.start_sample), timeline.seconds(word.end_sample))
            for word in timeline.words
        ]

    return listen


ALIGNMENT_MODELS: Mapping[str, Callable[[EngineSettings], PhonemeModel]] = {"hama-phonemes": _hama}
"""How each alignment model is opened, by its name in the catalogue: a stronger one is one more entry."""
