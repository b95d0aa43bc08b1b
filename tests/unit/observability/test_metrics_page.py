"""The page of metrics names every metric that the code has."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import sayso

PAGE = Path(__file__).resolve().parents[3] / "docs" / "operations" / "metrics.md"
SOURCE = Path(sayso.__file__).parent
MAKERS = {"Counter", "Gauge", "Histogram", "GaugeMetricFamily", "_counter", "_histogram"}


def made(tree: ast.AST) -> set[str]:
    """The names of the metrics that a module makes."""
    names = set()
    for node in ast.walk(tree):
        match node:
            case ast.Call(
                func=ast.Name(id=maker) | ast.Attribute(attr=maker), args=[ast.Constant(value=str(name)), *_]
            ):
                if maker in MAKERS:
                    names.add(name)
    return names


def test_every_metric_is_on_the_page() -> None:
    """Whatever room makes a metric, it has a row; and no row is of a metric that is not made."""
    in_code = {name for path in SOURCE.rglob("*.py") for name in made(ast.parse(path.read_text(encoding="utf-8")))}
    on_page = re.findall(r"^\| `(sayso_\w+?)(?:_total)?` \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(in_code) > 30
    assert set(on_page) == in_code
