"""What is said for markup: HTML, entities, formulas, tables, divided words, marks of notes, and lines."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sayso.text import ScriptOptions, spoken_text, write_script
from sayso.text.lines import line_ends
from sayso.text.rewriting import REMOVED, drop_citations, join_divided_words, rewrite_markdown
from sayso.text.tables import separate_rows

if TYPE_CHECKING:
    from sayso.text import CitationReading
    from sayso.types import Script


def script(text: str, language: str = "en-us", *, markdown: bool = True, citations: CitationReading = "read") -> Script:
    options = ScriptOptions(
        voice="", language=language, language_of_voice=lambda _: language, markdown=markdown, citations=citations
    )
    return write_script(text, options)


def said(text: str, *, citations: CitationReading = "read") -> list[str]:
    return [spoken_text(line.utterance.tokens) for line in script(text, citations=citations).lines]


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("H<sub>2</sub>O is <em>un</em>believable.", ["H two O is unbelievable."]),
        ("It has 10<sup>6</sup> parts of <b>iron</b>.", ["It has ten to the power of six parts of iron."]),
        ("A caf&eacute; for 5&nbsp;&euro;, &frac12; of it.", ["A café for five euros, one half of it."]),
        ("1&nbsp;000 or &#233;t&#xe9;, don&rsquo;t.", ["one zero zero zero or été, don't."]),
        ("Here x &minus; 3 is less than y.", ["Here x minus three is less than y."]),
        ("Before <script>var x = 1 < 2;</script> after <style>p{}</style> end.", ["Before after end."]),
        ("See <a href='x' target=_blank>the link</a> now.", ["See the link now."]),
        ("We know that $E = mc^2$ holds.", ["We know that E equals m c squared holds."]),
        (r"Take $\frac{1}{2}$ and $x \times y$ here.", ["Take one half and x times y here."]),
        ("It costs $5 and then $6 more.", ["It costs five dollars and then six dollars more."]),
        ("| Name | Age |\n|---|---:|\n| Ann Lee | 31 |\n\nEnd.", ["Name, Age", "Ann Lee, thirty-one", "End."]),
        ("Name | Age\n--- | ---\nAnn | 31\n\nText a | b.", ["Name, Age", "Ann, thirty-one", "Text a b."]),
        ("It is hyphen-\nation, as ever was.", ["It is hyphenation, as ever was."]),
        ("A well-\nknown man, a well-known man.", ["A well-known man, a well-known man."]),
        ("2*3*4 is 24, and *that* is all.", ["two times three times four is twenty-four, and that is all."]),
    ],
)
def test_markup_is_read_as_a_page_shows_it(written: str, spoken: list[str]) -> None:
    """No tag, entity, dollar sign of a formula, or border of a table is spoken."""
    assert said(written) == spoken


@pytest.mark.parametrize(
    ("written", "read", "dropped"),
    [
        (
            "That is true.¹ And so is[15] this.",
            "That is true. one. And so is fifteen this.",
            "That is true. And so is this.",
        ),
        ("As shown before [3, 4], it holds.", "As shown before three, four, it holds.", "As shown before, it holds."),
        ("An area of 5 km² and x² too.", None, "An area of five square kilometers and x squared too."),
    ],
)
def test_citations_are_dropped_on_request(written: str, read: str | None, dropped: str) -> None:
    """Marks of notes and citations; not powers."""
    assert " ".join(said(written, citations="drop")) == dropped
    assert read is None or " ".join(said(written)) == read


def test_dropped_marks_are_no_part_of_a_word() -> None:
    """The source map stays: spans are into the author's text."""
    text = "A caf&eacute; is hyphen-\nation[15] here."
    tokens = [token for line in script(text, citations="drop").lines for token in line.utterance.tokens]
    assert [token.span.of(text) for token in tokens] == ["A", "caf&eacute;", "is", "hyphen-\nation", "here"]
    assert [token.shown for token in tokens] == [None, "café", None, "hyphenation", None]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("ANNA: Hello there.\nBOB: How are you", ["ANNA: Hello there.\n", "BOB: How are you"]),
        ("<anna> hello\n<bob> hi anna", ["<anna> hello\n", "<bob> hi anna"]),
        ("[12:30] anna: hello\n[12:31] bob: hi", ["[12:30] anna: hello\n", "[12:31] bob: hi"]),
        ("— Viens !\n— Non, dit-elle —\n— Pourquoi", ["— Viens !\n", "— Non, dit-elle —\n", "— Pourquoi"]),
        ("INT. HOUSE - NIGHT\nJohn enters.", ["INT. HOUSE - NIGHT\n", "John enters."]),
        ("Roses are red\nViolets are blue\nAnd so on", ["Roses are red\n", "Violets are blue\n", "And so on"]),
        ("One line  \nand another", ["One line  \n", "and another"]),
        ("Prose that is wrapped at\nsome column and goes on\nin the next line.", None),
        ("It was in London and\nParis that he lived.", None),
    ],
)
def test_lines_of_chat_screenplay_and_verse_stand_alone(text: str, lines: list[str] | None) -> None:
    """Wrapped prose does not."""
    ends = [0, *line_ends(text), len(text)]
    found = [text[start:end] for start, end in pairwise(ends)]
    assert found == (lines or [text])


MARKS = st.text(alphabet="ab12 \n<>/&;$\\^_{}|-[],.¹sup\u00e9", max_size=80)


@given(MARKS)
def test_offsets_stay_what_they_are(text: str) -> None:
    """Every rewriting keeps the length, and all but the last the lines."""
    for rewrite in (rewrite_markdown, join_divided_words, drop_citations, separate_rows):
        assert len(rewrite(text)) == len(text)
    assert rewrite_markdown(text).count("\n") == text.count("\n")


@given(MARKS)
def test_the_source_map_holds_for_markdown(text: str) -> None:
    """Spans are ordered and within the text, and nothing of the rewriting is spoken or shown."""
    try:
        tokens = [token for line in script("word " + text).lines for token in line.utterance.tokens]
    except Exception as error:
        raise AssertionError(text) from error
    spans = list(dict.fromkeys(token.span for token in tokens))
    assert spans == sorted(spans)
    assert all(before.end <= after.start for before, after in pairwise(spans))
    assert not any(REMOVED in f"{token.lead}{token.spoken}{token.trail}{token.shown or ''}" for token in tokens)
