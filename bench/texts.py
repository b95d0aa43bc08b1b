"""The texts that the benchmarks read."""

from __future__ import annotations

from pathlib import Path

from bench.processes import ROOT
from sayso.text.markup import BlockKind, markdown_blocks
from sayso.text.visible import Visible
from sayso.types import Span

ENGLISH_EXAMPLE = ROOT / "examples" / "the-lamp-room.md"
FRENCH_EXAMPLE = ROOT / "examples" / "le-phare.md"

ENGLISH_PAUSES = Path(__file__).parent / "text_files" / "pauses-en.txt"
"""Sentences with many breaks, before words that begin with every kind of sound."""

FRENCH_PAUSES = Path(__file__).parent / "text_files" / "pauses-fr.txt"

ENGLISH_CLAUSES = Path(__file__).parent / "text_files" / "clauses-en.txt"
"""Sentences of one clause each, with every kind of sound."""

FRENCH_CLAUSES = Path(__file__).parent / "text_files" / "clauses-fr.txt"


def roundtrip_text(language: str) -> Path:
    """Ten sentences in a language (a primary subtag), to be read and heard."""
    return Path(__file__).parent / "text_files" / f"roundtrip-{language}.txt"


def visible_paragraphs(markdown: str) -> list[str]:
    """The headings and paragraphs of a document as a reader sees them, each in one line."""
    blocks = markdown_blocks(markdown, Span(start=0, end=len(markdown)), frozenset())
    seen = (
        Visible.of(markdown, block.span, block.markup).text for block in blocks if block.kind is not BlockKind.BREAK
    )
    return [" ".join(text.split()) for text in seen]
