"""The configuration of a Piper voice: the JSON beside its model."""

from __future__ import annotations

import json
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sayso.errors import ModelCorrupt, ModelMissing
from sayso.tts.phonemes.ipa import TIE
from sayso.tts.phonemes.phrasing import Notation
from sayso.tts.phonemes.punctuation import to_prosody

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

SUFFIX = ".onnx.json"

_PAD, _BEGIN, _END = "_", "^", "$"
_NOT_PHONEMES = frozenset({_PAD, _BEGIN, _END, " "})

# A voice was trained on the marks at which espeak-ng ends a clause, written as espeak-ng sorts them.
_CLAUSE_ENDS = frozenset(".,;:!?")
_CLAUSE_END_OF: Mapping[str, str] = {"—": ";", "…": ";"}


@dataclass(frozen=True, kw_only=True, slots=True)
class VoiceConfig:
    """A Piper voice.

    Attributes:
        model_file: the ONNX graph.
        language: of the voice (BCP 47).
        sample_rate_hz: of the audio the graph makes.
        ids: the number of each symbol, which is one character.
        noise_scale: how much the audio varies.
        length_scale: how long phonemes last at the voice's own pace, relative to what the graph predicts.
        duration_noise_scale: how much the phonemes' lengths vary.
        samples_per_frame: the unit of the durations.
    """

    model_file: Path
    language: str
    sample_rate_hz: int
    ids: Mapping[str, int]
    noise_scale: float
    length_scale: float
    duration_noise_scale: float
    samples_per_frame: int

    @property
    def notation(self) -> Notation:
        """How the voice writes speech: espeak-ng's IPA, accents apart, and the marks that end a clause."""
        return Notation(phonemes=self._phonemes, marks=self._marks)

    def numbers(self, symbols: str) -> list[int]:
        """The graph's input for these symbols: each followed by a pad, with a begin before and an end after them.

        Symbol ``i`` is at ``2 * i + 2``.
        """
        numbers = [self.ids[_BEGIN], self.ids[_PAD]]
        for symbol in symbols:
            numbers += [self.ids[symbol], self.ids[_PAD]]
        return [*numbers, self.ids[_END]]

    def _phonemes(self, ipa: str, _language: str) -> str:
        letters = unicodedata.normalize("NFD", ipa.replace(TIE, ""))
        return "".join(letter for letter in letters if letter in self.ids and letter not in _NOT_PHONEMES)

    def _marks(self, punctuation: str) -> str:
        marks = (_CLAUSE_END_OF.get(mark, mark) for mark in to_prosody(punctuation))
        return "".join(mark for mark in marks if mark in _CLAUSE_ENDS and mark in self.ids)


def read_config(file: Path) -> VoiceConfig:
    """Read the JSON beside a voice's model, ``name.onnx.json``.

    Raises:
        ModelMissing: the JSON cannot be read.
        ModelCorrupt: it does not describe a voice of one speaker that reads espeak-ng's phonemes.
    """
    try:
        content: Any = json.loads(file.read_bytes())
        config = VoiceConfig(
            model_file=file.with_name(file.name.removesuffix(".json")),
            language=content["espeak"]["voice"].lower(),
            sample_rate_hz=int(content["audio"]["sample_rate"]),
            ids={symbol: numbers[0] for symbol, numbers in content["phoneme_id_map"].items() if len(symbol) == 1},
            noise_scale=float(content["inference"]["noise_scale"]),
            length_scale=float(content["inference"]["length_scale"]),
            duration_noise_scale=float(content["inference"]["noise_w"]),
            samples_per_frame=int(content.get("hop_length", 256)),
        )
        readable = content.get("phoneme_type", "espeak") == "espeak" and not content.get("vowel_clusters")
        speakers = int(content.get("num_speakers", 1))
    except OSError as error:
        raise ModelMissing(f"Cannot read {file}: {error.strerror}", hint="Fetch it: sayso models pull") from error
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise ModelCorrupt(f"{file} does not describe a Piper voice: {error!r}") from error
    if not readable or speakers != 1 or not config.ids.keys() >= _NOT_PHONEMES | {"."}:
        raise ModelCorrupt(f"{file} is not a Piper voice of one speaker that reads espeak-ng's phonemes")
    return config
