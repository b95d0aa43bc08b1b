"""The models that the API serves: the engines of each name, and its limits."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sayso.api.http.errors import unknown_model
from sayso.api.schemas.model_aliases import model_named
from sayso.tts.selection import sources_with

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sayso.resilience import Chain
    from sayso.stt import Transcriber
    from sayso.tts.selection import SpeechSource
    from sayso.types import Voice


SPEAKERS = "speakers"
"""What most engines lack: they do not tell speakers apart."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SpeechModel:
    """A model name for speech.

    Attributes:
        id: the name.
        owner: of the model.
        chain: the engines.
        maximum_characters: of one text; None for no other limit than the request's size.
    """

    id: str
    owner: str
    chain: Chain[SpeechSource]
    maximum_characters: int | None = None

    def with_voice(self, voice: str) -> Chain[SpeechSource]:
        """The chain of the engines that have a voice.

        Raises:
            UnknownVoice, ModelMissing: as for `sources_with`.
        """
        having_voice = {source for source, _ in sources_with((link.engine for link in self.chain.links), voice)}
        return self.chain.only(having_voice.__contains__)


@dataclass(frozen=True, kw_only=True, slots=True)
class TranscriptionModel:
    """A model name for transcription.

    Attributes:
        id: the name.
        owner: of the model.
        chain: the engines.
        maximum_upload_bytes: of one file; None for the server's own limit.
        tells_speakers_apart: whether its segments name speakers.
    """

    id: str
    owner: str
    chain: Chain[Transcriber]
    maximum_upload_bytes: int | None = None
    tells_speakers_apart: bool = False

    @property
    def can_tell_speakers_apart(self) -> bool:
        """Whether an engine that names speakers can be asked now; the provider may have retired its model."""
        able = (link for link in self.chain.links if SPEAKERS not in link.lacks)
        return self.tells_speakers_apart and any(link.refusal() is None for link in able)


@dataclass(frozen=True, kw_only=True, slots=True)
class Catalogue:
    """Every model name, and the voices.

    Attributes:
        speech: the models for speech, by name.
        transcription: the models for transcription, by name.
        voices: lists the available voices.
    """

    speech: Mapping[str, SpeechModel]
    transcription: Mapping[str, TranscriptionModel]
    voices: Callable[[], list[Voice]] = field(default=list)

    def speech_model(self, name: str) -> SpeechModel:
        """The model for speech of this name, or of a name that stands for it.

        Raises:
            Problem: the name is unknown.
        """
        found = model_named(name, self.speech)
        if found is None:
            raise unknown_model(name)
        return self.speech[found]

    def transcription_model(self, name: str) -> TranscriptionModel:
        """The model for transcription of this name, or of a name that stands for it.

        Raises:
            Problem: the name is unknown.
        """
        found = model_named(name, self.transcription)
        if found is None:
            raise unknown_model(name)
        return self.transcription[found]

    def tasks_of(self, name: str) -> list[str]:
        """What a model is for: ``speech``, ``transcription`` or both."""
        models = {"speech": self.speech, "transcription": self.transcription}
        return [task for task, names in models.items() if name in names]

    def owners(self) -> dict[str, str]:
        """Every model's name with its owner, those for speech first."""
        models: Sequence[SpeechModel | TranscriptionModel] = (*self.speech.values(), *self.transcription.values())
        return {model.id: model.owner for model in models}
