"""The documents name what is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted(
    path.relative_to(ROOT)
    for path in (*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"))
    if path.name != "CHANGELOG.md"  # which tells of what was
)
ROOMS = (ROOT, ROOT / "src" / "sayso", ROOT / "scripts", ROOT / ".github" / "workflows")
"""What names of files begin at."""

_READERS_OWN = {"receiver.py"}
"""Files that a guide has its reader write."""

_FILE = re.compile(r"`((?:[\w-]+/)*[\w-]+\.(?:py|toml|sh|yml|txt))`")
_DIRECTORY = re.compile(r"`((?:src|tests|docs|bench|examples|requirements|deploy)/[\w/-]*)`")
_LINK = re.compile(r"\]\((?!https?:|#|mailto:)([^)#\s]+)")


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_files_that_a_document_names_exist(document: Path) -> None:
    """Each file or directory in backticks, and each target of a link, is in the repository."""
    text = (ROOT / document).read_text(encoding="utf-8")
    named = {*_FILE.findall(text), *_DIRECTORY.findall(text)} - _READERS_OWN
    missing = {name for name in named if not any((room / name).exists() for room in ROOMS)}
    linked = {name for name in _LINK.findall(text) if not (ROOT / document.parent / name).exists()}
    assert missing | linked == set()


def test_there_are_documents() -> None:
    """The README and the design are among those that are looked at."""
    assert {Path("README.md"), Path("docs/design/jobs.md")} <= set(DOCUMENTS)


def test_every_document_is_in_the_index() -> None:
    """A reader reaches each document from `docs/README.md`: by a link there, or in another index that it links."""
    index = ROOT / "docs" / "README.md"
    reached = {index}
    found = [index]
    while found:
        page = found.pop()
        linked = {(page.parent / name).resolve() for name in _LINK.findall(page.read_text(encoding="utf-8"))}
        pages = {path for path in linked if path.suffix == ".md" and path.is_file() and _in_documents(path)}
        found += [path for path in pages - reached if path.name == "README.md"]
        reached |= pages
    assert {str(path.relative_to(ROOT)) for path in ROOT.glob("docs/**/*.md") if path not in reached} == set()


def _in_documents(path: Path) -> bool:
    return path.is_relative_to(ROOT / "docs")
