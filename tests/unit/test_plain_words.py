"""The source and the documents use the words of `docs/glossary.md`, and none that hide who does what."""

from __future__ import annotations

import io
import re
import tokenize
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "sayso"
MIGRATIONS = SOURCE / "postgres" / "migrations" / "versions"
"""Statements that were run somewhere already stay as they are."""

INSTEAD = {
    r"who(m)?ever": "the caller, the operator, the owner …",
    r"nobody": "no worker, no engine, no caller …",
    r"somebody": "another worker, a caller, a user …",
    r"anybody": "anyone with the link, any client …",
    r"told": "called with, notified, configured, sent …",
    r"(put|puts|putting) aside": "dead-letter",
    r"(hand|hands|handed|handing) back": "release",
    r"beats?": "heartbeat",
    r"ail(s|ed)?": "the cause",
}
"""What is written in place of a word that is not used."""

FROZEN = (Path(__file__).parent / "frozen" / "log_events.txt").read_text(encoding="utf-8").splitlines()
"""Log events keep their names, whatever words these have."""

ALLOWED = (
    "``nobody``",
    "Unix user nobody",
    '"nobody"',
    "Nobody came, and the lamp burned on.",  # a text to transcribe
)
"""The name of a user, and texts that are quoted."""

WORDS_OF_TEXTS = SOURCE / "text" / "normalise" / "languages"
"""Its strings are words of the texts that are read, but for the documentation."""

PYTHON = sorted(path for path in SOURCE.rglob("*.py") if path.parent != MIGRATIONS)
OTHERS = sorted(
    [
        *(path for path in SOURCE.rglob("*") if path.suffix in {".js", ".html", ".css"}),
        *ROOT.glob("docs/**/*.md"),
        ROOT / "README.md",
        ROOT / "CONTRIBUTING.md",
    ]
)


def prose_of(path: Path) -> list[tuple[int, str]]:
    """The comments and strings of a module, each with its line; of any other file, its lines.

    Of the languages' rules, the strings in three quotes alone.
    """
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".py":
        return list(enumerate(text.splitlines(), start=1))
    kinds = {tokenize.COMMENT, tokenize.STRING, getattr(tokenize, "FSTRING_MIDDLE", tokenize.STRING)}
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    return [
        (token.start[0] + number, line)
        for token in tokens
        if token.type in kinds
        and (WORDS_OF_TEXTS not in path.parents or token.type == tokenize.COMMENT or token.string.startswith('"""'))
        for number, line in enumerate(token.string.splitlines())
    ]


def words_not_used(line: str) -> list[str]:
    """The words of a line that are not used."""
    for text in (*FROZEN, *ALLOWED):
        line = line.replace(text, "")
    return [match[0] for word in INSTEAD for match in re.finditer(rf"\b{word}\b", line, re.IGNORECASE)]


@pytest.mark.parametrize("path", [*PYTHON, *OTHERS], ids=lambda path: str(path.relative_to(ROOT)))
def test_the_words_are_plain(path: Path) -> None:
    """No docstring, comment, message, help text or document uses a word that `INSTEAD` has another one for."""
    found = [f"{number}: {word}" for number, line in prose_of(path) for word in words_not_used(line)]
    assert found == []


def test_words_are_found() -> None:
    """In any case, but not within a longer word, nor in a log event."""
    assert words_not_used("Whoever asks is told, and nobody's beat is handed back") == [
        "Whoever",
        "nobody",
        "told",
        "handed back",
        "beat",
    ]
    assert words_not_used("a heartbeat, is_nobody, `nobody was told what became of the job`") == []
