"""A document of any length in which no two sentences are the same, so that nothing is found in the cache."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

from bench.texts import ENGLISH_EXAMPLE, visible_paragraphs
from sayso.text.sentences import sentence_ends

if TYPE_CHECKING:
    from pathlib import Path

CHARACTERS_PER_MINUTE = 860
"""What af_heart reads in a minute, pauses included, rounded up so that the audio is rather longer than asked for."""


_QUOTATION_MARKS = str.maketrans("", "", "“”")


def write_document(path: Path, *, minutes: float) -> None:
    """Write the English example over and over, every sentence with its own number, as a Markdown file."""
    paragraphs = visible_paragraphs(ENGLISH_EXAMPLE.read_text(encoding="utf-8"))
    numbers = count(1)
    written: list[str] = []
    length = 0
    for chapter in count(1):
        written.append(f"# Reading {chapter}")
        for paragraph in paragraphs:
            written.append(numbered(paragraph, numbers))
            length += len(written[-1])
            if length >= minutes * CHARACTERS_PER_MINUTE:
                path.write_text("\n\n".join(written) + "\n", encoding="utf-8")
                return


def numbered(paragraph: str, numbers: count[int]) -> str:
    """The paragraph, without its quotation marks, with a number said at the beginning of every sentence."""
    sentences, start = [], 0
    paragraph = paragraph.translate(_QUOTATION_MARKS)
    for end in sentence_ends(paragraph, "en-us"):
        sentence = paragraph[start:end].strip()
        if sentence:
            sentences.append(f"Sentence {next(numbers)}, {sentence}")
        start = end
    return " ".join(sentences)
