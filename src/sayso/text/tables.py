"""Rewrite the tables of a Markdown document into rows that can be read, at the same offsets."""

from __future__ import annotations

import re

from sayso.text.rewriting import REMOVED

ROW_END = "\u2029"
"""The end of a paragraph, in one character (Unicode's "paragraph separator")."""

_TABLE_ROW = re.compile(r"[ \t]{0,3}\|")
_RULE_CELL = re.compile(r":?-++:?")
_BORDER = re.compile(r"(?<!\\)\|")
_FENCE = re.compile(r"[ \t]{0,8}(?:`{3,}|~{3,})")


def separate_rows(text: str) -> str:
    """The text with each row of a table as a paragraph: commas between its cells, no line below the header.

    The text stays as long as it is. The line break after a row becomes `ROW_END`.
    """
    if "|" not in text:
        return text
    lines = text.split("\n")
    fenced = in_table = False
    ends = ["\n"] * len(lines)
    for number, line in enumerate(lines):
        if _FENCE.match(line):
            fenced = not fenced
        following = lines[number + 1] if number + 1 < len(lines) else ""
        begins = in_table or _is_rule(following) or _TABLE_ROW.match(line) is not None
        in_table = "|" in line and not fenced and begins
        if in_table:
            ends[number] = ROW_END
            lines[number] = " " * len(line) if _is_rule(line) else _row(line)
    ends[-1] = ""
    return "".join(line + end for line, end in zip(lines, ends, strict=True))


def _is_rule(line: str) -> bool:
    """Whether this is the line below the header."""
    bare = line.strip()
    if "|" not in bare or not set(bare) <= set(" \t|:-"):
        return False
    return all(_RULE_CELL.fullmatch(cell.strip()) for cell in bare.removeprefix("|").removesuffix("|").split("|"))


def _row(line: str) -> str:
    """A row: the outer borders are removed, and each other border is a comma, unless punctuation is there already."""
    first, last = len(line) - len(line.lstrip()), len(line.rstrip())
    out: list[str] = []
    at = 0
    for border in _BORDER.finditer(line):
        cell = line[at : border.start()]
        text = cell.rstrip()
        space = " " if border.end() < last and line[border.end()].isspace() else ""
        width = len(cell) - len(text) + 1  # of the border with the white space before it
        out.append(text)
        outer = border.start() <= first or border.end() >= last
        if outer or not text.strip() or text[-1] in ".,;:!?":
            out.append(" " + REMOVED * (width - 1))
        else:
            out.append(("," if space else " ") + REMOVED * (width - 1))
        at = border.end()
    out.append(line[at:])
    return "".join(out)
