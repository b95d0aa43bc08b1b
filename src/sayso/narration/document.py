"""Documents: read a file, and make its script."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sayso.errors import InvalidInput
from sayso.files import decode_prose
from sayso.narration.spec import NarrationSpec
from sayso.scheduling import UNBOUNDED, compute_permits
from sayso.text import Lexicon, ScriptOptions, check_script, variety_of, write_script

if TYPE_CHECKING:
    from pathlib import Path

    from sayso.scheduling import RequestContext
    from sayso.text import DirectiveReading
    from sayso.tts.base import SpeechEngine
    from sayso.types import Script

MAXIMUM_BYTES = 64 * 1024 * 1024
"""About a thousand hours of speech; a larger file is a mistake, not a book."""

MARKDOWN_SUFFIXES = frozenset({".md", ".markdown"})
DOCUMENT_SUFFIXES = MARKDOWN_SUFFIXES | {".txt", ".text"}
"""The suffixes of files that can be narrated, in lower case; a text from a URL may have any."""

_HTML_PART = re.compile(
    r"\s*+<(?:p|div|table|span|h[1-6]|[uo]l|article|section|main|img|meta|link|script|style|center|font)\b[^<>]*+>",
    re.IGNORECASE,
)
"""The beginning of a text that is HTML without its head; in Markdown, where tags are markup, it may stay."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Document:
    """A text to narrate: its characters exactly as written, its name, whether it is Markdown, and its directives."""

    text: str
    name: str
    markdown: bool
    directives: DirectiveReading = "strict"


def read_document(path: Path, *, directives: DirectiveReading = "strict") -> Document:
    """Read a ``.txt`` or ``.md`` file: UTF-8, with or without a byte order mark.

    Offsets count from the first character after the mark.

    Raises:
        InvalidInput: the file does not exist, cannot be read, is too large, or has another suffix.
        NotText: it is not UTF-8, holds NUL bytes, or is a web page: it has another format, or is truncated.
    """
    suffix = path.suffix.lower()
    if suffix not in DOCUMENT_SUFFIXES:
        raise InvalidInput(f"{path} is neither text nor Markdown", hint="Sayso narrates .txt and .md files.")
    try:
        if path.stat().st_size > MAXIMUM_BYTES:
            raise InvalidInput(f"{path} is larger than {MAXIMUM_BYTES // 2**20} MiB", hint="Narrate it in parts.")
        data = path.read_bytes()
    except OSError as error:
        raise InvalidInput(f"Cannot read {path}: {error.strerror}") from error
    return Document(
        text=decode_prose(data, str(path)), name=path.stem, markdown=suffix in MARKDOWN_SUFFIXES, directives=directives
    )


def to_script(
    document: Document,
    engine: SpeechEngine,
    *,
    voice: str,
    spec: NarrationSpec | None = None,
    context: RequestContext = UNBOUNDED,
) -> Script:
    """Make the script of a document for an engine's voices.

    A long document takes many compute permits, of a fraction of a second each; the caller must not hold one.

    Args:
        document: the document.
        engine: the engine.
        voice: the engine's own name of the voice.
        spec: the language (by default that of the voice) and other options; None for the defaults.
        context: of the request.

    Raises:
        NothingToSay: the text holds nothing that can be spoken.
        UnknownVoice: the engine does not have the voice, or one that the document switches to.
        InvalidInput: a directive in the text is malformed.
        Cancelled, DeadlineExceeded: as the context says.
    """
    options = _options(document, engine, voice, spec or NarrationSpec())
    with compute_permits(context) as next_permit:
        return write_script(document.text, options, next_permit)


def check_document(
    document: Document,
    engine: SpeechEngine,
    *,
    voice: str,
    spec: NarrationSpec | None = None,
    context: RequestContext = UNBOUNDED,
) -> float:
    """Refuse a document that has no valid script, without making the script.

    Returns:
        The total of the pauses in its text, in seconds.

    Raises:
        SaysoError: as for `to_script`.
    """
    options = _options(document, engine, voice, spec or NarrationSpec())
    with compute_permits(context) as next_permit:
        return check_script(document.text, options, next_permit)


def _options(document: Document, engine: SpeechEngine, voice: str, spec: NarrationSpec) -> ScriptOptions:
    own_language = engine.language_of(voice)
    return ScriptOptions(
        voice=voice,
        language=variety_of(spec.language, own_language) if spec.language else own_language,
        language_of_voice=engine.language_of,
        markdown=document.markdown,
        directives=document.directives,
        emoji=spec.emoji,
        citations=spec.citations,
        lexicon=spec.lexicon or Lexicon.empty(),
    )
