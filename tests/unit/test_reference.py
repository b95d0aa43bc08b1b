"""The reference pages say what the code does."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from sayso.settings import Settings, variables

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"
PAGES: dict[str, str] = runpy.run_path(str(REFERENCE / "generate.py"))["pages"]()


@pytest.mark.parametrize("name", PAGES)
def test_the_reference_is_up_to_date(name: str) -> None:
    """Each page is what `make docs` would write now."""
    assert (REFERENCE / name).read_text() == PAGES[name]


@pytest.mark.parametrize("field", Settings.model_fields)
def test_every_setting_is_documented(field: str) -> None:
    """A setting has a variable and a description of a sentence."""
    facts = Settings.model_fields[field]
    assert all(name.isupper() for name in variables(facts))
    assert facts.description is not None
    assert facts.description.endswith(".")
