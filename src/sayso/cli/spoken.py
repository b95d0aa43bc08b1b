"""``sayso spoken``: what would be said, word by word, without saying it."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

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
    from collections.abc import Callable, Iterator, Sequence

    from sayso.types import Token

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
    from sayso.text import NormaliseOptions, ScriptOptions, spoken_lines, spoken_text, write_script

    source, markdown = _source(text)
    pronunciations, reading = read_lexicon(lexicon), emoji_reading(emoji)
    if lines:
        options = NormaliseOptions(emoji=reading)
        said: Iterator[Sequence[Token]] = spoken_lines(source, language, pronunciations, options)
    else:
        script_options = ScriptOptions(
            voice="",
            language=language,
            language_of_voice=_language_of_voice(language),
            markdown=markdown,
            emoji=reading,
            citations=citation_reading(citations),
            lexicon=pronunciations,
        )
        said = (line.utterance.tokens for line in write_script(source, script_options).lines)
    if as_json:
        document = {"language": language, "lines": [_as_json(tokens, source) for tokens in said]}
        typer.echo(json.dumps(document, ensure_ascii=False))
    else:
        for tokens in said:
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


def _language_of_voice(default: str) -> Callable[[str], str]:
    """The language of a voice that a ``[voice:…]`` line names; of a voice that is not installed, the default."""
    from sayso.settings import load_settings

    def language_of(name: str) -> str:
        voices = (voice for source in speech_sources(load_settings()).values() for voice in source.voices())
        return next((voice.language for voice in voices if voice.name == name), default)

    return language_of


def _as_json(tokens: Sequence[Token], source: str) -> dict[str, Any]:
    from sayso.text import spoken_text

    words = [
        {
            "spoken": token.spoken,
            "written": token.span.of(source),
            "start": token.span.start,
            "end": token.span.end,
            "ipa": token.ipa,
        }
        for token in tokens
    ]
    return {"spoken": spoken_text(tokens), "words": words}
