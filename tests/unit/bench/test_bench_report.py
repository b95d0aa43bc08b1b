"""The tables that the benchmarks print."""

from __future__ import annotations

import json

import pytest

from bench.report import Figure, Result, Table, final_table, render


def figure(value: float, *, at_least: float | None = None, at_most: float | None = None) -> Figure:
    return Figure(name="speed", value=value, unit="×", compared_to="a peer", at_least=at_least, at_most=at_most)


@pytest.mark.parametrize(
    ("shown", "met", "goal"),
    [
        (figure(1.3, at_least=1.3), True, "≥ 1.3"),
        (figure(1.29, at_least=1.3), False, "≥ 1.3"),
        (figure(25, at_most=25), True, "≤ 25"),
        (figure(25.1, at_most=25), False, "≤ 25"),
        (figure(1), None, ""),
    ],
)
def test_a_goal_is_met_or_not(shown: Figure, met: bool | None, goal: str) -> None:
    """A figure says its goal and whether it is met; the bound itself is good enough."""
    assert (shown.met, shown.goal) == (met, goal)


def test_a_missed_goal_stands_out() -> None:
    """The final table has a row for each figure, with its unit, and shouts where a goal is missed."""
    table = final_table([Result(name="speed", figures=(figure(1, at_least=2), figure(1234.5)))])
    assert table.rows[0] == ("speed", "speed", "1.00 ×", "a peer", "≥ 2", "NOT MET")
    assert table.rows[1] == ("speed", "speed", "1,234.50 ×", "a peer", "", "")


def test_tables_are_aligned_markdown() -> None:
    """Text is aligned to the left, numbers to the right, and a bar in a cell does not part it."""
    table = Table(title="T", columns=("name", "n"), rows=(("a|b", "7"), ("long name", "-12")))
    assert render(table).splitlines() == [
        "T",
        "",
        "| name      |   n |",
        "|-----------|----:|",
        "| a\\|b      |   7 |",
        "| long name | -12 |",
    ]


def test_a_table_may_be_empty() -> None:
    """A table without rows is its head."""
    assert render(Table(title="T", columns=("a", "b"), rows=())).splitlines()[2:] == ["| a | b |", "|---|---|"]


def test_results_are_json() -> None:
    """Everything that was found can be written as JSON."""
    result = Result(name="speed", figures=(figure(1),), tables=(Table(title="T", columns=("a",), rows=(("b",),)),))
    assert json.loads(json.dumps(result.as_json()))["figures"][0]["value"] == 1
