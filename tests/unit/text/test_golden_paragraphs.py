"""Two hundred paragraphs in the style of ten professions, and what is said for them, utterance by utterance.

Each line of the table is a profession, a language, the paragraph (``\\n`` is a line break) and its utterances. The
spoken forms were read line by line; a change of a rule that changes one of them has to be read, too.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from sayso.text import ScriptOptions, spoken_text, write_script

TABLE = Path(__file__).parent / "golden" / "paragraphs.tsv"
ROWS = [line.split("\t") for line in TABLE.read_text(encoding="utf-8").splitlines()]
LANGUAGES = {"en": "en-us", "fr": "fr-fr"}


def said(text: str, language: str) -> str:
    options = ScriptOptions(voice="", language=language, language_of_voice=lambda _: language)
    return " | ".join(spoken_text(line.utterance.tokens) for line in write_script(text, options).lines)


def test_there_are_twenty_paragraphs_of_each_profession() -> None:
    """In English and in French."""
    assert set(Counter(profession for profession, *_ in ROWS).values()) == {20}
    assert len(ROWS) == 200


@pytest.mark.parametrize(("profession", "language", "written", "spoken"), ROWS, ids=[row[2][:40] for row in ROWS])
def test_a_paragraph_is_spoken_as_its_readers_would(profession: str, language: str, written: str, spoken: str) -> None:
    """Figures, signs, short forms, names and lines of a profession's texts."""
    assert said(written.replace("\\n", "\n"), LANGUAGES[language]) == spoken, profession
