"""What is to be narrated: from a file to a script."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from sayso.errors import InvalidInput
from sayso.files import decode_prose
from sayso.text import Lexicon, ScriptOptions, write_script

if TYPE_CHECKING:
    from pathlib import Path

    from sayso.tts.base import SpeechEngine
    from sayso.types import Script

MAXIMUM_BYTES = 64 * 1024 * 1024
"""About a thousand hours of speech; a larger file is a mistake, not a book."""

_MARKDOWN_SUFFIXES = frozenset({".md", ".markdown"})
_SUFFIXES = _MARKDOWN_SUFFIXES | {".txt", ".text"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Document:
    """A text to narrate: its characters exactly as written, its name, and whether it is Markdown."""

    text: str
    name: str
    markdown: bool


def read_document(path: Path) -> Document:
    """Read a ``.txt`` or ``.md`` file: UTF-8, with or without a byte order mark.

    Offsets count from the first character after the mark.

    Raises:
        InvalidInput: there is no such file, it cannot be read, is too large, or has another suffix.
        NotText: it is not UTF-8, or holds NUL bytes, or is a web page: it is something else, or cut off.
    """
    suffix = path.suffix.lower()
    if suffix not in _SUFFIXES:
        raise InvalidInput(f"{path} is neither text nor Markdown", hint="Sayso narrates .txt and .md files.")
    try:
        if path.stat().st_size > MAXIMUM_BYTES:
            raise InvalidInput(f"{path} is larger than {MAXIMUM_BYTES // 2**20} MiB", hint="Narrate it in parts.")
        data = path.read_bytes()
    except OSError as error:
        raise InvalidInput(f"Cannot read {path}: {error.strerror}") from error
    return Document(text=decode_prose(data, str(path)), name=path.stem, markdown=suffix in _MARKDOWN_SUFFIXES)


def to_script(
    document: Document,
    engine: SpeechEngine,
    *,
    voice: str,
    language: str | None = None,
    lexicon: Lexicon | None = None,
    emoji: Literal["name", "drop"] = "drop",
) -> Script:
    """The document as lines for an engine's voices; the language is the voice's own unless one is given.

    Raises:
        NothingToSay: the text holds nothing that can be spoken.
        UnknownVoice: the voice, or one that the document switches to, is not the engine's.
        InvalidInput: a directive in the text is malformed.
    """
    own_language = engine.language_of(voice)
    options = ScriptOptions(
        voice=voice,
        language=language or own_language,
        language_of_voice=engine.language_of,
        markdown=document.markdown,
        emoji=emoji,
        lexicon=lexicon or Lexicon.empty(),
    )
    return write_script(document.text, options)
