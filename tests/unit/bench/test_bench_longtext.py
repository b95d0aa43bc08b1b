"""Long documents for measuring."""

from __future__ import annotations

import re
from itertools import count
from typing import TYPE_CHECKING

from bench.longtext import CHARACTERS_PER_MINUTE, numbered, write_document

if TYPE_CHECKING:
    from pathlib import Path


def test_every_sentence_has_its_number() -> None:
    """Sentences are numbered one after another, and nothing but quotation marks is lost."""
    assert numbered("It rained. “Why?” asked Tom.", count(7)) == "Sentence 7, It rained. Sentence 8, Why? asked Tom."


def test_a_document_has_its_length_and_no_repetition(tmp_path: Path) -> None:
    """It is as long as asked for, by a paragraph, and no number comes twice."""
    file = tmp_path / "long.md"
    write_document(file, minutes=20)
    text = file.read_text(encoding="utf-8")
    assert 20 * CHARACTERS_PER_MINUTE <= len(text) < 21.5 * CHARACTERS_PER_MINUTE
    numbers = re.findall(r"Sentence (\d+),", text)
    assert len(numbers) == len(set(numbers)) > 200
