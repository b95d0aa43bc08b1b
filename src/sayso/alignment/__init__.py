"""Alignment: the times of a known text, or of a transcript, on any recording, in any language that has phonemes.

The one function is `Aligner.align`::

    aligner.align(recording, text, language, heard=None, context=UNBOUNDED) -> AlignedWords

``recording`` is an `AlignableRecording`, such as a `sayso.stt.Recording` or `InMemory(samples=...)`; ``language`` is a
BCP 47 tag; ``heard`` are the words of a transcription with approximate times: those of a transcript that is to be
placed, or of a quick transcription of a long recording. `AlignedWords.words` are the words that were found, each with
its span in the text; a word of the text that is not among them is not spoken.

Modules, in the order in which they are used: `phones` and `hama` (what is heard), `viterbi` (where each phone is),
`edges` (pauses), `sphinx` (the second aligner), `placing` (one stretch), `matching` and `stretches` (long recordings).
"""

from sayso.alignment.aligner import DIRECT_SECONDS, Aligner, InMemory, tokens_of
from sayso.alignment.base import (
    DOUBTFUL,
    SAMPLE_RATE_HZ,
    AlignableRecording,
    AlignedWord,
    AlignedWords,
    HeardWord,
    Method,
    PhonemeModel,
    Progress,
    Pronouncer,
    SecondAligner,
    Stretch,
)

__all__ = [
    "DIRECT_SECONDS",
    "DOUBTFUL",
    "SAMPLE_RATE_HZ",
    "AlignableRecording",
    "AlignedWord",
    "AlignedWords",
    "Aligner",
    "HeardWord",
    "InMemory",
    "Method",
    "PhonemeModel",
    "Progress",
    "Pronouncer",
    "SecondAligner",
    "Stretch",
    "tokens_of",
]
