"""``/v1/audio/speech`` with an engine of this machine."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np

from sayso.audio import AudioFormat, AudioWriter, resample
from sayso.errors import InvalidInput, UtteranceTooLong
from sayso.providers.openai.limits import MAXIMUM_SPEECH_CHARACTERS
from sayso.testing.openai_server.envelope import Refused, refusal
from sayso.text import Lexicon, ScriptOptions, split_utterance, write_script
from sayso.tts.base import MAXIMUM_SPEED, MINIMUM_SPEED
from sayso.tts.decorators import StretchingEngine
from sayso.types import Audio

if TYPE_CHECKING:
    from sayso.tts.base import SpeechEngine
    from sayso.types import FloatArray, Utterance

VOICES = (
    "alloy", "ash", "ballad", "coral", "echo", "fable", "onyx", "nova", "sage", "shimmer", "verse", "marin", "cedar",
)  # fmt: skip
SAMPLE_RATE_HZ = 24_000

_MEDIA_TYPES = {
    "mp3": "audio/mpeg",
    "opus": "audio/opus",
    "aac": "audio/aac",
    "flac": "audio/flac",
    "wav": "audio/wav",
    "pcm": "audio/pcm",
}


class SpeechEndpoint:
    """Synthesises whole texts; any thread may use it."""

    def __init__(self, engine: SpeechEngine) -> None:
        self._engine = StretchingEngine(engine)
        english = [voice.name for voice in engine.voices() if voice.language.startswith("en")]
        self._voices = {name: english[place % len(english)] for place, name in enumerate(VOICES)}

    def answer(self, fields: dict[str, Any]) -> tuple[bytes, str]:
        """The body and its media type.

        Raises:
            Refused: as OpenAI would.
        """
        text, voice, wanted, speed = checked_fields(fields)
        samples = self._spoken(text, self._voices[voice], speed)
        return _encoded(samples, wanted), _MEDIA_TYPES[wanted]

    def pcm(self, text: str, voice: str) -> bytes:
        """A text as 16-bit samples at `SAMPLE_RATE_HZ`.

        Raises:
            Refused: as OpenAI would.
        """
        return _encoded(self._spoken(text, self._voices[voice], 1.0), "pcm")

    def _spoken(self, text: str, voice: str, speed: float) -> FloatArray:
        options = ScriptOptions(
            voice=voice,
            language=self._engine.language_of(voice),
            language_of_voice=self._engine.language_of,
            markdown=False,
            emoji="drop",
            lexicon=Lexicon.empty(),
        )
        try:
            script = write_script(text, options)
        except InvalidInput as error:
            raise Refused(refusal(400, error.message, param="input")) from error
        pieces = [piece for line in script.lines for piece in self._line(line.utterance, voice, speed)]
        audio = Audio(samples=np.concatenate(pieces), sample_rate_hz=self._engine.sample_rate_hz)
        return resample(audio, SAMPLE_RATE_HZ).samples

    def _line(self, utterance: Utterance, voice: str, speed: float) -> list[FloatArray]:
        try:
            return [self._engine.synthesise(utterance, voice=voice, speed=speed).audio.samples]
        except UtteranceTooLong:
            return [piece for half in split_utterance(utterance) for piece in self._line(half, voice, speed)]


def checked_fields(fields: dict[str, Any]) -> tuple[str, str, str, float]:
    """The text, voice, format and speed of a request.

    Raises:
        Refused: as OpenAI would.
    """
    text = fields.get("input", "")
    if not text.strip():
        raise Refused(refusal(400, "Input text cannot be empty.", param="input"))
    if len(text) > MAXIMUM_SPEECH_CHARACTERS:
        said = f"Invalid 'input': string too long. Expected at most {MAXIMUM_SPEECH_CHARACTERS}, but got {len(text)}."
        raise Refused(refusal(400, said, param="input", code="string_above_max_length"))
    if fields.get("voice") not in VOICES:
        raise Refused(refusal(400, f"Invalid value for 'voice': {fields.get('voice')!r}.", param="voice"))
    wanted = fields.get("response_format", "mp3")
    if wanted not in _MEDIA_TYPES:
        raise Refused(refusal(400, f"Invalid value: {wanted!r}.", param="response_format"))
    speed = float(fields.get("speed", 1.0))
    if not MINIMUM_SPEED <= speed <= MAXIMUM_SPEED:
        raise Refused(refusal(400, f"Invalid 'speed': {speed}.", param="speed"))
    return text, fields["voice"], wanted, speed


def _encoded(samples: FloatArray, wanted: str) -> bytes:
    if wanted == "pcm":
        return (np.clip(samples, -1.0, 1.0) * 32767).astype("<i2").tobytes()
    target = io.BytesIO()
    with AudioWriter(target, AudioFormat(wanted), sample_rate_hz=SAMPLE_RATE_HZ) as writer:
        writer.write(samples)
    return target.getvalue()
