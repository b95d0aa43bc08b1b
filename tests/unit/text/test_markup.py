"""Markdown: what is a paragraph, a heading or a break, and what is not spoken."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sayso.text.hidden import find_hidden
from sayso.text.inline import inline_markup
from sayso.text.markup import Block, BlockKind, find_labels, markdown_blocks, plain_blocks
from sayso.text.spans import blank, disjoint
from sayso.text.visible import Visible
from sayso.types import Span


def whole(text: str) -> Span:
    return Span(start=0, end=len(text))


def read(text: str) -> list[tuple[str, int, str]]:
    """Kind, level and visible text of each block."""
    blanked = blank(text, find_hidden(text))
    return [shown(block, blanked) for block in markdown_blocks(blanked, whole(text), find_labels(blanked))]


def shown(block: Block, text: str) -> tuple[str, int, str]:
    visible = Visible.of(text, block.span, block.markup).text
    return block.kind.name, block.level, " ".join(visible.split())


def paragraphs(text: str) -> list[str]:
    return [visible for kind, _, visible in read(text) if kind == "PARAGRAPH"]


def spoken(text: str) -> str:
    """What is left of one paragraph's text."""
    return Visible.of(text, whole(text), disjoint(inline_markup(text, whole(text), frozenset()))).text


@pytest.mark.parametrize(
    ("line", "level", "title"),
    [
        ("# One", 1, "One"),
        ("### Three ###", 3, "Three"),
        ("## C# and F#", 2, "C# and F#"),
        ("###### *Six*", 6, "Six"),
        ("Title\n=====", 1, "Title"),
        ("Title\n---", 2, "Title"),
    ],
)
def test_headings_of_both_kinds_have_a_level_and_a_title(line: str, level: int, title: str) -> None:
    """The marks around a title are not part of it."""
    assert read(f"{line}\nText.") == [("HEADING", level, title), ("PARAGRAPH", 0, "Text.")]


@pytest.mark.parametrize("text", ["#hashtag", "####### seven", "# "])
def test_what_only_looks_like_a_heading_is_none(text: str) -> None:
    """CommonMark wants one to six marks, a space and a title."""
    assert all(kind != "HEADING" for kind, _, _ in read(text))


@pytest.mark.parametrize("line", ["---", "* * *", "***", "___", "- - -"])
def test_a_drawn_line_is_a_break(line: str) -> None:
    """A break has nothing to say."""
    assert [kind for kind, _, _ in read(f"One.\n\n{line}\n\nTwo.")] == ["PARAGRAPH", "BREAK", "PARAGRAPH"]


def test_a_line_drawn_below_prose_is_a_break_and_makes_no_heading_of_it() -> None:
    """Only a single line can be a title."""
    assert [kind for kind, _, _ in read("Long prose\non two lines.\n---\nMore.")] == ["PARAGRAPH", "BREAK", "PARAGRAPH"]


def test_lines_of_a_paragraph_belong_together_and_blank_ones_part() -> None:
    """A line break within a paragraph is white space."""
    assert paragraphs("One\ntwo.\r\n\r\nThree\n \t\nfour.") == ["One two.", "Three", "four."]


def test_list_items_are_paragraphs_without_their_bullets() -> None:
    """Bullets and ticks are structure; numbers are read."""
    text = "Buy:\n- milk\n  and cream\n* [x] eggs\n  + brown\n\n1. First\n2) Second"
    assert paragraphs(text) == ["Buy:", "milk and cream", "eggs", "brown", "1. First", "2) Second"]


def test_a_year_at_the_beginning_of_a_line_begins_no_list() -> None:
    """Within prose only an item numbered 1 interrupts."""
    assert paragraphs("It was in\n1986. She smiled.") == ["It was in 1986. She smiled."]


def test_quotations_lose_their_marks_and_keep_their_paragraphs() -> None:
    """Also where a line goes on without the mark."""
    assert paragraphs("He wrote:\n> Dear all,\n> I am\nwell.\n>\n>> Bye.") == [
        "He wrote:",
        "Dear all, I am well.",
        "Bye.",
    ]


def test_code_is_spoken_as_it_stands() -> None:
    """Only the fences are markup; nothing is dropped because it is code."""
    assert paragraphs("```python\n*x* = [1](2)\n\n# no heading\n```\nAfter") == [
        "*x* = [1](2)",
        "# no heading",
        "After",
    ]
    assert paragraphs("~~~\n```\nopen to the end") == ["``` open to the end"]


def test_rows_of_a_table_are_paragraphs() -> None:
    """A row is read as one."""
    assert paragraphs("| a | b |\n|---|---|\n| c | d |") == ["| a | b |", "|---|---|", "| c | d |"]


def test_what_no_reader_sees_is_hidden() -> None:
    """Comments, tags, entities that are no letters, and the YAML at the beginning."""
    text = "---\ntitle: x\ntags:\n  - y\n---\nA<br>b<!-- c\nd --> e &mdash; f &amp; g <i class='h'>i</i> a <b and c> d."
    assert paragraphs(text) == ["A b e f & g i a <b and c> d."]
    assert paragraphs("<!-- never closed") == ["<!-- never closed"]


@pytest.mark.parametrize(
    ("text", "visible"),
    [
        ("<anna> did you?", "<anna> did you?"),
        ("[12:30] <Bob_2> <em>no</em>", "[12:30] <Bob_2> no"),
        ("<b> bold", "bold"),
        ("<note> all of it </note>", "all of it"),
        ("say <anna> did you?", "say did you?"),
        ("<x-tag> text", "text"),
        ("<anna>", ""),
    ],
)
def test_who_speaks_in_a_chat_is_no_tag(text: str, visible: str) -> None:
    """A name between angle brackets before what is said, unless it is closed or HTML has such an element."""
    assert "".join(paragraphs(text)) == visible


def test_link_definitions_are_hidden_and_footnotes_are_not() -> None:
    """The address of a link is no prose, the text of a note is; neither is a line of dialogue."""
    text = "See [the map][m] and [M], also [sic].[^1]\n\n[m]: https://example.com/map\n[^1]: A note.\n\n[Tom]: Hello."
    assert paragraphs(text) == ["See the map and M, also [sic].", "A note.", "[Tom]: Hello."]


@pytest.mark.parametrize(
    ("text", "visible"),
    [
        ("*a* **b** ***c*** _d_ __e__ ~~f~~", "a b c d e f"),
        ("un*frigging*believable", "unfriggingbelievable"),
        ("snake_case and __init__", "snake_case and init"),
        ("2 * 3 * 4 and a 5* hotel", "2 * 3 * 4 and a 5* hotel"),
        ("**bold *nested***", "bold nested"),
        ("`a*b*` and ``c`d``", "a*b* and c`d"),
        ("`never closed", "`never closed"),
        ("[text](http://x.y/a_(b) 'title') end", "text end"),
        ("[a [b] c](<d e>) ![alt](f.png)", "a [b] c alt"),
        ("[not a link] (aside) ]", "[not a link] (aside) ]"),
        ("<https://x.y> <a@b.c>", "https://x.y a@b.c"),
        (r"\*stars\* and \[brackets\](x)", "*stars* and [brackets](x)"),
        ("R&amp;D", "R&D"),
    ],
)
def test_inline_marks_are_not_spoken_and_the_text_in_them_is(text: str, visible: str) -> None:
    """What a reader of the rendered page sees is what is said."""
    assert spoken(text) == visible


@pytest.mark.parametrize("text", ["One\ntwo.\n\n \nThree.", "# One\n*two*.\n\nThree."])
def test_plain_text_has_paragraphs_only(text: str) -> None:
    """Nothing in it is markup."""
    blocks = list(plain_blocks(text, whole(text)))
    assert [block.kind for block in blocks] == [BlockKind.PARAGRAPH] * 2
    assert not any(block.markup for block in blocks)


@given(st.text(alphabet="ab1 \n\t#*_>-+=`~[](){}<>!|&;:\\\"'“”é.\r\u2028", max_size=80))
def test_blocks_and_markup_are_ordered_and_apart(text: str) -> None:
    """However the marks are mixed, blocks do not overlap and markup stays within its block."""
    blocks = markdown_blocks(text, whole(text), find_labels(text))
    edges = [offset for block in blocks for offset in (block.span.start, block.span.end)]
    assert edges == sorted(edges)
    for block in blocks:
        assert list(block.markup) == list(disjoint(block.markup))
        assert all(block.span.start <= mark.start < mark.end <= block.span.end for mark in block.markup)


@given(st.text(alphabet="ab1 \n#*_>-+=.!(){}'\"“é", max_size=80))
def test_no_letter_or_digit_is_markup_without_a_rule_for_it(text: str) -> None:
    """Headings, lists, quotations, emphasis and breaks are made of marks alone, so every letter remains."""
    remaining = "".join(visible for _, _, visible in read(text))
    assert [c for c in remaining if c.isalnum()] == [c for c in text if c.isalnum()]


def test_visible_text_leads_back_to_the_source() -> None:
    """The end of each visible character is the end of that character in the source."""
    source = "ab**cd**ef"
    visible = Visible.of(source, Span(start=1, end=10), [Span(start=2, end=4), Span(start=6, end=8)])
    assert visible.text == "bcdef"
    assert [source[visible.source_end(end) - 1] for end in range(1, 6)] == list("bcdef")
