"""Write deploy/terraform/README.md: the variables, outputs and resources of each module, from the files themselves.

Run: python deploy/terraform/readme.py (as `make docs` does). With --check it writes nothing, and ends with 1 when the
file is out of date.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hcl2

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent
README = HERE / "README.md"

_HEAD = """\
# Terraform of the stories' service

[ECS with Terraform](../../docs/how-to/ecs.md) explains how it is used. This page is written by `make docs`.

`make help` here lists the commands. `environments/NAME` has where the state is (`backend.hcl`) and the values
(`terraform.tfvars`, from the example beside it); the same files are applied for every environment.
"""

_TITLES = {
    HERE: "The stack",
    HERE / "modules" / "story-service": "modules/story-service: the service",
    HERE / "modules" / "story-infra": "modules/story-infra: what another stack may lack",
}


def blocks(directory: Path, kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The blocks of a kind, with their labels joined by points."""
    for file in sorted(directory.glob("*.tf")):
        for block in hcl2.loads(file.read_text()).get(kind, []):
            yield from _labelled(block, [])


def _labelled(block: dict[str, Any], labels: list[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    for label, body in block.items():
        names = [*labels, label.strip('"')]
        if "__is_block__" in body:
            yield ".".join(names), body
        else:
            yield from _labelled(body, names)


def _text(value: Any) -> str:
    """A value of HCL, as it is written."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | dict):
        return "[]" if isinstance(value, list) else "{}"
    return re.sub(r"^\$\{(.*)\}$", r"\1", str(value))


def _cell(text: str) -> str:
    return text.strip('"').replace("|", "\\|").replace('\\"', '"')


def page() -> str:
    """The whole page."""
    parts = [_HEAD]
    for directory, title in _TITLES.items():
        parts.append(f"## {title}\n")
        parts.append("| variable | type | default | |\n|---|---|---|---|")
        for name, body in blocks(directory, "variable"):
            default = f"`{_text(body['default'])}`" if "default" in body else "required"
            parts.append(f"| `{name}` | `{_text(body['type'])}` | {default} | {_cell(body['description'])} |")
        parts.append("\n| output | |\n|---|---|")
        parts += [f"| `{name}` | {_cell(body['description'])} |" for name, body in blocks(directory, "output")]
        resources = [f"`{name}`" for name, _ in blocks(directory, "resource")]
        parts.append(f"\nResources: {', '.join(resources)}.\n" if resources else "")
    return "\n".join(parts).rstrip() + "\n"


def main() -> int:
    """Write the page, or compare it."""
    text = page()
    if "--check" in sys.argv[1:]:
        return 0 if README.exists() and README.read_text() == text else 1
    README.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
