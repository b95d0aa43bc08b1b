"""Migrations only add: the previous release works on the tables of the next, so that it can be rolled back to."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import sayso.postgres.migrations.versions as versions
from sayso.postgres.migrate import contracting_versions

FILES = sorted(Path(versions.__file__).parent.glob("[0-9]*.py"))

TAKES_AWAY = re.compile(
    r"\b(drop\s+(table|column|schema|type|view|sequence|function)|rename\s+(to|column)|set\s+not\s+null"
    r"|alter\s+column\s+\w+\s+(set\s+data\s+)?type|op\.(drop_table|drop_column|alter_column|rename_table))\b",
    re.IGNORECASE,
)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_migration_that_takes_something_away_says_so(path: Path) -> None:
    """It has the line CONTRACTS = True, for which a deployment looks."""
    text = path.read_text(encoding="utf-8")
    upgrade = text.partition("def downgrade")[0]
    found = TAKES_AWAY.search(upgrade)
    assert found is None or path.stem.partition("_")[0] in contracting_versions(), found
