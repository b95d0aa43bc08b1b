"""The language of a text that is read in a recording, where the caller does not name it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sayso.errors import InvalidInput, ModelMissing, NothingToSay, NotInstalled
from sayso.text import language_of_text

if TYPE_CHECKING:
    from sayso.settings import EngineSettings
    from sayso.stt import Recording

_SURE = 0.5


@dataclass(frozen=True, kw_only=True, slots=True)
class DetectedLanguage:
    """A language that was detected.

    Attributes:
        code: of the language.
        source: what shows it, in words.
    """

    code: str
    source: str


def detected_language(recording: Recording, text: str, settings: EngineSettings) -> DetectedLanguage:
    """What is spoken at the beginning of the recording, if Whisper's model is here and sure; else by the text.

    Args:
        recording: of the text; silence has no language.
        text: that is read.
        settings: name the Whisper model, which is not pulled for this.

    Raises:
        InvalidInput: neither shows it.
        NothingToSay: the text has no letter and no digit.
        EngineFailed, ModelCorrupt: of Whisper.
    """
    if not any(map(str.isalnum, text)):
        raise NothingToSay("The text holds nothing that can be spoken.", hint="It needs a letter or a digit at least.")
    heard = _heard(recording, settings)
    written = language_of_text(text)
    if heard is not None and (heard[1] >= _SURE or written is None):
        return DetectedLanguage(code=heard[0], source=f"Whisper, {100 * heard[1]:.0f} %")
    if written is not None:
        return DetectedLanguage(code=written, source="the text")
    raise InvalidInput("The language cannot be detected from so little.", hint="Name it: --language en")


def _heard(recording: Recording, settings: EngineSettings) -> tuple[str, float] | None:
    from sayso.bootstrap.engines import open_transcriber

    try:
        from sayso.stt import WhisperTranscriber

        transcriber = open_transcriber(settings.whisper_model, settings)
    except (ModelMissing, NotInstalled):
        return None
    return transcriber.detect_language(recording) if isinstance(transcriber, WhisperTranscriber) else None
