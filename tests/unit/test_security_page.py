"""The security page speaks of what there is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer.main

from sayso.api.auth.keys import Scope
from sayso.cli.app import app
from sayso.settings import Settings, variables

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "docs" / "security.md", ROOT / "docs" / "how-to" / "callbacks.md"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_settings_of_a_page_exist(page: Path) -> None:
    """Every variable that it names is one that the service reads."""
    known = {variable for field in Settings.model_fields.values() for variable in variables(field)}
    named = set(
        re.findall(r"\b(?:SAYSO|PUBLIC|PRIMARY|OUTPUT|DLQ)_[A-Z0-9_]*[A-Z0-9]\b", page.read_text(encoding="utf-8"))
    )
    assert named
    assert named <= known


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_commands_of_a_page_exist(page: Path) -> None:
    """Every ``sayso GROUP COMMAND`` and its options are known to the program."""
    commands = re.findall(r"`(?:.*\s)?sayso (keys|jobs) ([a-z-]+)((?: [^`]*)?)`", page.read_text(encoding="utf-8"))
    assert commands
    groups = typer.main.get_command(app)
    for group, name, rest in commands:
        command = groups.commands[group].commands[name]  # type: ignore[attr-defined]
        options = {option for parameter in command.params for option in parameter.opts}
        assert set(re.findall(r"--[a-z-]+", rest)) <= options


def test_every_scope_is_told_of() -> None:
    """Whoever makes a key reads what it opens."""
    text = PAGES[0].read_text(encoding="utf-8")
    assert [scope for scope in Scope if f"| `{scope}` |" not in text] == []


def test_links_between_pages_lead_somewhere() -> None:
    """From the security page and SECURITY.md, to files that are there and headings that they have."""
    for page in (PAGES[0], ROOT / "SECURITY.md"):
        for target in re.findall(r"\]\((?!https?:)([^)]+)\)", page.read_text(encoding="utf-8")):
            name, _, heading = target.partition("#")
            text = (page.parent / name).read_text(encoding="utf-8")
            headings = [
                re.sub(r"[^a-z0-9 -]", "", line.lower()).replace(" ", "-")
                for line in re.findall(r"^#+ (.*)$", text, re.MULTILINE)
            ]
            assert not heading or heading in headings
