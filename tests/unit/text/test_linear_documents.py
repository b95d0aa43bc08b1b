"""Whatever a stranger's document holds, time grows with its length and no faster."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest

from sayso.errors import SaysoError
from sayso.subtitles import Style, lint, parse_subtitles, render_ass, render_srt, render_vtt, style_named
from sayso.text import ScriptOptions, load_lexicon, write_script
from support.timing.growth import MOST_GROWTH, growth

if TYPE_CHECKING:
    from collections.abc import Callable

NETFLIX: Style = style_named("netflix")
LEXICON = load_lexicon("a b = cee\nDr. No = doctor no\nx = /ɛks/")
TIMING = "00:00:01,000 --> 00:00:02,000\n"

# What stands before, what is repeated, and what stands after.
DOCUMENTS = {
    "slashes in a definition": ("[a]: ", "/", " x"),
    "definitions": ("", "[a]: /b\n", "x"),
    "a definition's title": ("[a]: /b ", '"', "\nx"),
    "white space in a link's target": ("[a](", " ", "x"),
    "line ends in a link's target": ("[a](b", "\n ", "x"),
    "brackets in a link's target": ("[a](", "(b)", " c"),
    "targets that do not end": ("a", "](b(", "c"),
    "titles that do not end": ("a", '](b "', "c"),
    "labels": ("[b]: /c\n\n", "[", "b" + "]" * 50),
    "brackets within brackets": ("[b]: /c\n\n", "[b ", "]" * 5000),
    "brackets that close": ("[b]: /c\n\n" + "[" * 5000, "b]", ""),
    "addresses that do not end": ("", "<a:", "x"),
    "tags that do not end": ("", "<a b=c ", "x"),
    "one tag that does not end": ("<a", " b=c", "x"),
    "comments that do not end": ("", "<!--", "x"),
    "comments": ("", "<!-- a -->", "x"),
    "emphasis in emphasis": ("", "*a_", "x"),
    "emphasis": ("", "**a* ", "x"),
    "backticks": ("", "`a``", "x"),
    "quotations": ("", "> ", "x"),
    "a quotation": ("", "> a\n", "x"),
    "front matter": ("---\n", "a: b\n", "x"),
    "drawn lines": ("", "- - -", "x"),
    "headings": ("", "# a #\n", "x"),
    "hashes": ("# a ", "#", " x"),
    "lists": ("", "1. a\n", "x"),
    "table rows": ("", "| a | b |\n", "x"),
    "fences": ("", "```\na\n", "x"),
    "entities": ("", "&nbsp;&amp;", "x"),
    "pauses": ("a ", "[pause 1s]", "x"),
    "pauses in sentences": ("", "a [pause 1ms] ", "x"),
    "voices": ("", "[voice:b]\na\n", "x"),
    "switches between blends": ("", "[voice:" + "b+" * 200 + "b]\na\n", "x"),
    "sentences": ("", "It is late. ", "x"),
    "paragraphs": ("", "a.\n\n", "x"),
    "words": ("", "a ", "x"),
    "one word": ("", "a", "."),
    "one hyphened word": ("", "a-", "b."),
    "one word with accents": ("a", "\u0301", "b."),
    "invisible joiners": ("a", "\u200da", "."),
    "digits": ("", "1", "."),
    "numbers": ("", "1,234.5 ", "x"),
    "fractions": ("", "1/2 ", "x"),
    "web addresses": ("", "http://a.b/c?d ", "x"),
    "a web address": ("http://a.b/", "c.", "x"),
    "mail addresses": ("", "a.b@", "x"),
    "initials": ("", "A.", "x"),
    "capitals": ("", "AB ", "x"),
    "abbreviations": ("", "Dr. ", "x"),
    "dots": ("a ", ". ", "b."),
    "quotation marks": ("", '" “a', "."),
    "apostrophes": ("", "'a", "."),
    "exclamations": ("", "!?", "b."),
    "white space": ("a", " ", "b."),
    "blank lines": ("a", "\n\t\n", "b."),
    "ideographs": ("", "漢", "。"),
    "emoji": ("a", "😀", "."),
    "signs": ("a", "=+", "b."),
}


def options(*, markdown: bool) -> ScriptOptions:
    return ScriptOptions(
        voice="a", language="en-us", language_of_voice=lambda _: "en-us", markdown=markdown, lexicon=LEXICON
    )


def is_slow(run: Callable[[str], object], parts: tuple[str, str, str]) -> bool:
    before, unit, after = parts

    def obeyed(text: str) -> None:
        try:
            run(text)
        except SaysoError:
            return  # to refuse it is as good, and must be as fast

    def prepared(size: int) -> Callable[[], object]:
        return partial(obeyed, before + unit * (size // len(unit)) + after)

    return growth(prepared, smallest=500, largest=8000) > MOST_GROWTH


@pytest.mark.parametrize("parts", DOCUMENTS.values(), ids=DOCUMENTS.keys())
@pytest.mark.parametrize("markdown", [False, True], ids=["plain", "markdown"])
def test_a_script_takes_time_in_proportion_to_its_text(parts: tuple[str, str, str], markdown: bool) -> None:
    """Whether it is spoken or refused."""
    assert not is_slow(lambda text: write_script(text, options(markdown=markdown)), parts)


SUBTITLES = {
    "cues": ("", TIMING + "a\n\n", ""),
    "lines": (TIMING, "a\n", ""),
    "tags that do not end": (TIMING, "<b", ""),
    "lone brackets": (TIMING, "<", ""),
    "braces that do not end": (TIMING, "{\\", ""),
    "tags": (TIMING, "<b>a</b>", ""),
    "tags and braces": (TIMING, "<b {\\", ">"),
    "entities": (TIMING, "&#1", "&lt;"),
    "a character's number": (TIMING + "&#", "1", ";"),
    "hours": ("", "1", ":00:01,000 --> 00:00:02,000\na\n"),
    "white space in a time": ("00:00:01,000", " ", "-->x"),
    "blank lines": (TIMING, "\n \n", "a"),
    "guards": (TIMING, "<\u2060", "a"),
    "wide characters": (TIMING, "漢\u0301", "a"),
}


@pytest.mark.parametrize("parts", SUBTITLES.values(), ids=SUBTITLES.keys())
@pytest.mark.parametrize("header", ["", "WEBVTT\n\n"], ids=["srt", "vtt"])
def test_subtitles_are_read_checked_and_written_in_proportion(parts: tuple[str, str, str], header: str) -> None:
    """Read, judged by a style, and written in each format."""

    def everything(text: str) -> None:
        cues = parse_subtitles(header + text)
        lint(cues, NETFLIX)
        for render in (render_srt, render_vtt, render_ass):
            render(cues)

    assert not is_slow(everything, parts)


@pytest.mark.parametrize(
    "parts",
    [
        ("", "a = b\n", ""),
        ("", "!", "a! = b"),
        ("a = ", "b ", ""),
        ("a = /", "b ", "/"),
        ("[", " ", "x"),
        ("", "#", ""),
    ],
)
def test_a_lexicon_is_read_in_proportion(parts: tuple[str, str, str]) -> None:
    """Its entries, and what is wrong with them."""
    assert not is_slow(load_lexicon, parts)
