"""Names that operators rely on, frozen: they may be added to, and none may go or change.

Dashboards and alerts name metrics, deployments name settings, scripts name options, and people search logs for events.
The files beside this module hold one name a line.
"""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer.main

import sayso
from sayso.cli.app import app
from sayso.settings import Settings, variables

FROZEN = Path(__file__).parent / "frozen"
SOURCE = Path(sayso.__file__).parent


def metrics() -> set[str]:
    """The names of everything that is measured."""
    literals = {node.value for tree in trees() for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    return {text for text in literals if isinstance(text, str) and re.fullmatch(r"sayso_[a-z_]*[a-z]", text)}


def settings() -> set[str]:
    """The environment variables that are read."""
    return {name for field in Settings.model_fields.values() for name in variables(field)}


def options() -> set[str]:
    """The options of every command, after the command."""
    return set(options_of(typer.main.get_command(app), "sayso"))


def options_of(command: Any, path: str) -> list[str]:
    """The options of a command and of those under it."""
    options = [parameter for parameter in command.params if parameter.param_type_name == "option"]
    found = [f"{path} {name}" for option in options for name in (*option.opts, *option.secondary_opts)]
    for name, below in getattr(command, "commands", {}).items():
        found += options_of(below, f"{path} {name}")
    return found


def log_events() -> set[str]:
    """The events that are logged."""
    return {event for tree in trees() for event in events_of(tree)}


def events_of(tree: ast.AST) -> list[str]:
    """The events that a module logs by a literal text."""
    texts = []
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(attr=level), args=[ast.Constant(value=str(text)), *_]) if level in LEVELS:
                texts.append(text)
    return texts


LEVELS = {"debug", "info", "warning", "error", "exception", "critical", "log"}


@cache
def trees() -> list[ast.AST]:
    """All modules of the package."""
    return [ast.parse(path.read_text(encoding="utf-8")) for path in sorted(SOURCE.rglob("*.py"))]


KINDS = {"metrics": metrics, "settings": settings, "options": options, "log_events": log_events}


@pytest.mark.parametrize("kind", KINDS)
def test_no_name_that_operators_rely_on_goes(kind: str) -> None:
    """Each frozen name is still there."""
    frozen = (FROZEN / f"{kind}.txt").read_text(encoding="utf-8").splitlines()
    assert set(frozen) - KINDS[kind]() == set()
