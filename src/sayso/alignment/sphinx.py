"""pocketsphinx as the second aligner: a hidden Markov model of American English, inside its wheel (BSD-2-Clause)."""

from __future__ import annotations

from collections import deque
from contextlib import contextmanager
from itertools import count
from typing import TYPE_CHECKING, Any

import numpy as np

from sayso.alignment.phones import phones_of
from sayso.errors import NotInstalled
from sayso.installation import install_hint

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from sayso.types import FloatArray

_BEAMS = (1e-120, 1e-200)
_FRAMES_PER_SECOND = 100
_CMN = "40,3,-1"
_MOST_IDLE = 2
_USES_OF_EACH = 200
"""A decoder is given up after about so many uses: each adds words to its dictionary, and none is ever taken out."""

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
    """The `SecondAligner` of English. Each call has a decoder to itself, so threads may share it.

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
        self._idle: dict[float, deque[Any]] = {}
        self._names, self._uses = count(), count(1)

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
        with self._decoder(beam) as decoder:
            decoder.set_cmn(_CMN)  # as in a new one: it adapts to each voice
            return self._aligned(decoder, data, words, ipa)

    @contextmanager
    def _decoder(self, beam: float) -> Iterator[Any]:
        """A decoder for one caller: an idle one, or a new one, which takes a tenth of a second to make."""
        idle = self._idle.setdefault(beam, deque())
        try:
            decoder = idle.pop()
        except IndexError:
            decoder = self._new_decoder(beam)
        yield decoder
        if len(idle) < _MOST_IDLE and next(self._uses) % _USES_OF_EACH:
            idle.append(decoder)

    def _new_decoder(self, beam: float) -> Any:
        return self._library.Decoder(
            self._library.Config(
                beam=beam,
                wbeam=beam,
                pbeam=beam,
                bestpath=False,  # a second pass over the found words takes four times as long and moves nothing
                loglevel="FATAL",
                lm=None,
                samprate=16_000,
            )
        )

    def _aligned(
        self, decoder: Any, data: bytes, words: Sequence[str], ipa: Sequence[str]
    ) -> list[tuple[float, float]]:
        names = []
        for word, pronunciation in zip(words, ipa, strict=True):
            name = word.lower()
            if not name.isascii() or not name.isalpha() or decoder.lookup_word(name) is None:
                name = f"w{next(self._names)}x"
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
