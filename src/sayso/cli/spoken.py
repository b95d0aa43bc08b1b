"""``sayso spoken``: what would be said, word by word, without saying it."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sayso.bootstrap import speech_sources
from sayso.cli.options import (
    CitationsOption,
    JsonOption,
    LexiconOption,
    citation_reading,
    emoji_reading,
    named_language,
    read_lexicon,
)
from sayso.files import decode_prose

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sayso.types import Voice

STANDARD_STREAM = "-"
_DEFAULT_LANGUAGE = "en-us"


def spoken(
    text: Annotated[
        str, typer.Argument(metavar="TEXT|FILE|-", help="The text, or a .txt or .md file; - reads standard input.")
    ],
    *,
    lines: Annotated[
        bool, typer.Option("--lines", help="One line out for each line in, none of them Markdown or directives.")
    ] = False,
    language: Annotated[
        str,
        typer.Option("--language", "-l", metavar="TAG", parser=named_language, help="For example en-gb or fr-fr."),
    ] = _DEFAULT_LANGUAGE,
    lexicon: LexiconOption = None,
    emoji: Annotated[
        str, typer.Option(metavar="name|drop", help="Read emoji by their names, or leave them out.")
    ] = "drop",
    citations: CitationsOption = "read",
    as_json: JsonOption = False,
) -> None:
    """Print what would be said for a text, and with --json from which characters each word comes.

    No model is needed. Without --lines, one line is printed for each utterance of the script.
    """
    from sayso.text import ScriptOptions, languages_of, spoken_content, spoken_text, spoken_tokens

    source, markdown = _source(text)
    options = ScriptOptions(
        voice="",
        language=language,
        language_of_voice=languages_of(_voices, language),
        markdown=markdown,
        emoji=emoji_reading(emoji),
        citations=citation_reading(citations),
        lexicon=read_lexicon(lexicon),
    )
    if as_json:
        typer.echo(json.dumps(spoken_content(source, options, by_line=lines), ensure_ascii=False))
    else:
        for tokens in spoken_tokens(source, options, by_line=lines):
            typer.echo(spoken_text(tokens))


def _source(text: str) -> tuple[str, bool]:
    """The text and whether it is Markdown: that of a file if there is one of this name."""
    from sayso.narration import read_document

    if text == STANDARD_STREAM:
        return decode_prose(sys.stdin.buffer.read(), "standard input"), False
    if "\n" not in text and len(text) < os.pathconf("/", "PC_NAME_MAX") and Path(text).is_file():
        document = read_document(Path(text))
        return document.text, document.markdown
    return text, False


def _voices() -> Iterator[Voice]:
    from sayso.settings import load_settings

    return (voice for source in speech_sources(load_settings()).values() for voice in source.voices())
