"""pocketsphinx as the second aligner: a hidden Markov model of American English, inside its wheel (BSD-2-Clause)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sayso.alignment.phones import phones_of
from sayso.errors import NotInstalled
from sayso.installation import install_hint

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from sayso.types import FloatArray

_BEAMS = (1e-120, 1e-200)
_FRAMES_PER_SECOND = 100
_FULL_SCALE = 32767

# Its phones for espeak-ng's.
_ARPABET: Mapping[str, str] = {
    "a͡ɪ": "AY", "a͡ʊ": "AW", "e͡ɪ": "EY", "o͡ʊ": "OW", "ə͡ʊ": "OW", "ɔ͡ɪ": "OY", "i͡ə": "IY AH", "ᵻ": "IH",
    "ɚ": "ER", "ɜ": "ER", "ɐ": "AH", "ə": "AH", "ɪ": "IH", "ʌ": "AH", "i": "IY", "ɾ": "T", "ɡ": "G", "g": "G",
    "ɑ": "AA", "ɒ": "AA", "ɔ": "AO", "ɛ": "EH", "æ": "AE", "a": "AA", "e": "EY", "o": "OW", "ʊ": "UH",
    "u": "UW", "t": "T", "d": "D", "p": "P", "b": "B", "k": "K", "f": "F", "v": "V", "s": "S", "z": "Z",
    "ʃ": "SH", "ʒ": "ZH", "t͡ʃ": "CH", "d͡ʒ": "JH", "ð": "DH", "θ": "TH", "h": "HH", "m": "M", "n": "N",
    "ŋ": "NG", "l": "L", "ɹ": "R", "r": "R", "w": "W", "j": "Y", "x": "K", "ʔ": "T",
}  # fmt: skip


class SphinxAligner:
    """The `SecondAligner` of English. Each call has a decoder of its own, so threads may share it.

    Raises:
        NotInstalled: the extra is not installed.
    """

    name = "pocketsphinx"

    def __init__(self) -> None:
        try:
            import pocketsphinx
        except ImportError as error:
            raise NotInstalled("pocketsphinx is not installed", hint=install_hint("alignment")) from error
        self._library: Any = pocketsphinx

    def speaks(self, language: str) -> bool:
        """See `SecondAligner.speaks`."""
        return language.lower().partition("-")[0] == "en"

    def align(self, samples: FloatArray, words: Sequence[str], ipa: Sequence[str]) -> NDArray[np.float64] | None:
        """See `SecondAligner.align`."""
        data = (np.clip(samples, -1.0, 1.0) * _FULL_SCALE).astype(np.int16).tobytes()
        for beam in _BEAMS:
            try:
                found = self._decode(data, words, ipa, beam)
            except (RuntimeError, ValueError):  # its only exceptions: a path that does not reach the end
                continue
            if len(found) == len(words) or (found and beam == _BEAMS[-1]):
                # The grammar is a line: what came back is its beginning.
                missing = [(np.nan, np.nan)] * (len(words) - len(found))
                return np.array([*found, *missing], np.float64)
        return None

    def _decode(self, data: bytes, words: Sequence[str], ipa: Sequence[str], beam: float) -> list[tuple[float, float]]:
        config = self._library.Config(
            beam=beam,
            wbeam=beam,
            pbeam=beam,
            bestpath=False,  # a second pass over the words that were found takes four times as long and moves nothing
            loglevel="FATAL",
            lm=None,
            samprate=16_000,
        )
        decoder = self._library.Decoder(config)
        names = []
        for number, (word, pronunciation) in enumerate(zip(words, ipa, strict=True)):
            name = word.lower()
            if not name.isascii() or not name.isalpha() or decoder.lookup_word(name) is None:
                name = f"w{number}x"
                decoder.add_word(name, " ".join(_arpabet(pronunciation)), True)  # noqa: FBT003 -- its own signature
            names.append(name)
        decoder.set_align_text(" ".join(names))
        decoder.start_utt()
        decoder.process_raw(data, full_utt=True)
        decoder.end_utt()
        if decoder.hyp() is None:
            return []
        spoken = [part for part in decoder.seg() if not part.word.startswith(("<", "[", "(", "+"))]
        return [(part.start_frame / _FRAMES_PER_SECOND, (part.end_frame + 1) / _FRAMES_PER_SECOND) for part in spoken]


def _arpabet(ipa: str) -> list[str]:
    phones = [part for phone in phones_of(ipa) for part in _ARPABET.get(phone, "").split()]
    return phones or ["AH"]
