"""Every pattern that is run over a stranger's text takes time in proportion to it."""

from __future__ import annotations

import ast
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import sayso
from sayso.text.normalise.languages import LANGUAGES, rules_of
from support.text.hostile import patterns_of, texts_for
from support.timing.growth import MOST_GROWTH, growth

if TYPE_CHECKING:
    import re
    from collections.abc import Callable

ROOMS = ("sayso.text", "sayso.subtitles")
BOOKS = tuple(rules_of(language) for language in (*LANGUAGES, "en-gb", "sv"))
PATTERNS = patterns_of(*ROOMS, more=(*BOOKS, *(book.next_word for book in BOOKS)))


def ways_to_run(pattern: re.Pattern[str]) -> list[Callable[[str], object]]:
    """A search begins with a match at the start, which therefore needs no run of its own."""
    return [lambda text: sum(1 for _ in pattern.finditer(text)), pattern.fullmatch]


def prepared(text: Callable[[int], str], run: Callable[[str], object], size: int) -> Callable[[], object]:
    return partial(run, text(size))


@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda pattern: repr(pattern.pattern)[:60])
def test_every_pattern_is_linear(pattern: re.Pattern[str]) -> None:
    """Whether it is searched for or matched, whatever stands in the text."""
    for text in texts_for(pattern):
        for run in ways_to_run(pattern):
            ratio = growth(partial(prepared, text, run), smallest=1024, largest=4096)
            assert ratio < MOST_GROWTH, f"{pattern.pattern!r} on a text such as {text(24)!r}"


def test_no_pattern_hides_from_the_test() -> None:
    """A pattern is compiled where the test above finds it, and not written into a call of `re`."""
    calls = []
    for room in ROOMS:
        for path in Path(sayso.__file__).parent.joinpath(*room.split(".")[1:]).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                    continue
                if isinstance(node.func.value, ast.Name) and node.func.value.id == "re":
                    calls += [f"{path.name}:{node.lineno}"] * (node.func.attr not in {"compile", "escape"})
    assert not calls
    assert len(PATTERNS) > 100
