"""The request and the response of ``/v1/spoken``."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from sayso.api.schemas.audio import CITATIONS_DESCRIPTION, LEXICON_DESCRIPTION, Body, LanguageTag
from sayso.narration import LexiconText
from sayso.text import CitationReading, EmojiReading

MAXIMUM_TEXT_CHARACTERS = 50_000
"""The longest text: about an hour of speech, of which the answer has a megabyte."""

MAXIMUM_ANSWER_CHARACTERS = 2_000_000
"""The most characters in the words of an answer: a long number has a word for each digit, each with many as written."""


def _describe_null(schema: dict[str, Any]) -> None:
    """Describe that an optional field may be null, which is as if it were not sent."""
    for name, field in schema["properties"].items():
        if name not in schema["required"] and "type" in field:
            field["type"] = [field["type"], "null"]
            if "enum" in field:
                field["enum"] = [*field["enum"], None]


class SpokenBody(Body):
    """A text, and how it is read."""

    model_config = ConfigDict(json_schema_extra=_describe_null)

    text: str = Field(
        min_length=1,
        max_length=MAXIMUM_TEXT_CHARACTERS,
        description="The text.",
        examples=["It cost £3.50 in 1984, said Dr. Bell."],
    )
    language: LanguageTag = Field(default="en-us", description="The language of the text, as en-gb or fr-fr.")
    markdown: bool = Field(default=False, description="Whether the text is Markdown, whose marks are not spoken.")
    lines: bool = Field(
        default=False,
        description="Whether each line of the text is one of the answer; none of them is Markdown or a directive.",
    )
    lexicon: LexiconText | None = Field(default=None, description=LEXICON_DESCRIPTION)
    citations: CitationReading = Field(default="read", description=CITATIONS_DESCRIPTION)
    emoji: EmojiReading = Field(default="drop", description="Whether emoji are read by their names or left out.")


class SpokenWord(BaseModel):
    """A word that would be said; several may come from one place in the text."""

    spoken: str = Field(description="The word as it is said.")
    written: str = Field(description="What is written in its place.")
    start: int = Field(description="Where that begins in the text, in Unicode code points.")
    end: int = Field(description="Where it ends.")
    ipa: str | None = Field(description="Its pronunciation in IPA, where the lexicon or the sentence gives one.")


class SpokenLine(BaseModel):
    """An utterance, or a line of the text."""

    spoken: str = Field(description="Its words, with the punctuation that affects how they are read.")
    words: list[SpokenWord]


class SpokenAnswer(BaseModel):
    """What would be said, as `sayso spoken --json` prints it."""

    language: str
    lines: list[SpokenLine]
