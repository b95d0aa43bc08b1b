"""What a benchmark found, and the tables that show it."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence


_NUMBER = re.compile(r"([-+−]?\d[\d.,–]*( \S+)?)?")
"""A number with its unit, or nothing."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Figure:
    """One number of the final table.

    Attributes:
        name: what was measured.
        value: how much it is.
        unit: of what; "×" for a ratio, "" for a count.
        compared_to: what the number stands against, or how it was taken.
        at_least: the goal, where more is better; None where there is none.
        at_most: the goal, where less is better; None where there is none.
        decimals: how many are shown.
    """

    name: str
    value: float
    unit: str
    compared_to: str
    at_least: float | None = None
    at_most: float | None = None
    decimals: int = 2

    @property
    def met(self) -> bool | None:
        """Whether the goal is met; None without a goal."""
        if self.at_least is None and self.at_most is None:
            return None
        enough = self.at_least is None or self.value >= self.at_least
        return enough and (self.at_most is None or self.value <= self.at_most)

    @property
    def goal(self) -> str:
        """The goal as it is shown."""
        bounds = (("≥", self.at_least), ("≤", self.at_most))
        return " ".join(f"{sign} {bound:g}" for sign, bound in bounds if bound is not None)

    @property
    def shown(self) -> str:
        """The value with its unit."""
        return f"{self.value:,.{self.decimals}f} {self.unit}".rstrip()


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """A table of details: a title, the columns' heads, and rows of as many cells."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """What one benchmark found.

    Attributes:
        name: the benchmark's.
        figures: for the final table.
        tables: the details.
        notes: what a reader must know, one sentence each.
    """

    name: str
    figures: Sequence[Figure]
    tables: Sequence[Table] = field(default_factory=tuple)
    notes: Sequence[str] = field(default_factory=tuple)

    def as_json(self) -> dict[str, Any]:
        """Everything, for machines."""
        return asdict(self)


def final_table(results: Sequence[Result]) -> Table:
    """All figures of all benchmarks in one table."""
    verdicts = {None: "", True: "met", False: "NOT MET"}
    rows = [
        (result.name, figure.name, figure.shown, figure.compared_to, figure.goal, verdicts[figure.met])
        for result in results
        for figure in result.figures
    ]
    columns = ("benchmark", "figure", "measured", "compared to", "goal", "")
    return Table(title="Figures", columns=columns, rows=rows)


def render(table: Table) -> str:
    """A table as aligned Markdown; columns of numbers are aligned to the right."""
    cells = [[cell.replace("|", "\\|") for cell in row] for row in (table.columns, *table.rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    numeric = [
        bool(table.rows) and all(_NUMBER.fullmatch(row[index]) for row in table.rows) for index in range(len(widths))
    ]
    rules = [
        f"{'-' * (width + 1)}:" if number else "-" * (width + 2) for width, number in zip(widths, numeric, strict=True)
    ]
    lines = [
        "| "
        + " | ".join(
            cell.rjust(width) if number else cell.ljust(width)
            for cell, width, number in zip(row, widths, numeric, strict=True)
        )
        + " |"
        for row in cells
    ]
    return "\n".join((f"{table.title}\n", lines[0], f"|{'|'.join(rules)}|", *lines[1:]))
