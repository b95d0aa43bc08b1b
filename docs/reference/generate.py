"""Write the reference pages from the code: `make docs`. A test fails when they are stale."""

from __future__ import annotations

from pathlib import Path

import typer.main

from sayso.cli.app import app
from sayso.settings import Settings, variables
from sayso.subtitles import STYLES

HERE = Path(__file__).parent


def pages() -> dict[str, str]:
    """Every page by its file's name."""
    return {"commands.md": _commands(), "settings.md": _settings(), "styles.md": _styles()}


def _commands() -> str:
    group = typer.main.get_command(app)
    sections = ["# Commands\n"]
    for name, command in sorted(_leaves(group, "sayso")):
        context = typer.Context(command, info_name=name)
        sections.append(f"## {name}\n\n{_clean(command.help or '')}\n")
        for parameter in command.get_params(context):
            record = parameter.get_help_record(context)
            if record and parameter.param_type_name == "option":
                sections.append(f"- `{record[0]}`: {_clean(record[1])}")
        sections.append("")
    return "\n".join(sections)


def _leaves(command: object, name: str) -> list[tuple[str, typer.core.TyperCommand]]:
    if isinstance(command, typer.core.TyperGroup):
        return [leaf for sub, child in command.commands.items() for leaf in _leaves(child, f"{name} {sub}")]
    assert isinstance(command, typer.core.TyperCommand)  # noqa: S101 - typer makes nothing else
    return [(name, command)]


def _clean(text: str) -> str:
    return " ".join(text.replace("\\[", "[").split())


def _settings() -> str:
    rows = ["# Settings\n", "All are environment variables.\n", "| variable | default | meaning |", "|---|---|---|"]
    for field in Settings.model_fields.values():
        default = "" if field.default_factory or field.default in {None, ()} else f"`{field.default}`"
        names = " or ".join(f"`{name}`" for name in variables(field))
        rows.append(f"| {names} | {default} | {field.description} |")
    return "\n".join(rows) + "\n"


def _styles() -> str:
    rows = [
        "# Subtitle styles\n",
        "| style | line | lines | characters/s | shown | gap |",
        "|---|---|---|---|---|---|",
        *(
            f"| {s.name} | {s.max_columns} | {s.max_lines} | {s.max_columns_per_second} "
            f"| {s.min_duration_ms / 1000:g}–{s.max_duration_ms / 1000:g} s | {s.min_gap_ms} ms |"
            for s in STYLES.values()
        ),
    ]
    return "\n".join(rows) + "\n"


if __name__ == "__main__":
    for name, content in pages().items():
        (HERE / name).write_text(content)
