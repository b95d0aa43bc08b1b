"""Show in which fields two environments of Kubernetes differ: `make kubernetes-diff`, or with FROM=staging TO=prod.

Each line is a field of an object, with its value in both environments. ``--json`` prints the same for programs: objects
by ``Kind/name``, each a mapping of the field to its two values, of which one is null where a field is missing.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

OVERLAYS = Path(__file__).parent / "overlays"

Fields = dict[str, Any]
"""The leaves of an object, by their path."""


def _kubectl() -> str:
    beside = Path(sys.executable).with_name("kubectl")
    found = str(beside) if beside.exists() else shutil.which("kubectl")
    if found is None:
        sys.exit("kubectl is missing: make lint-deploy installs it")
    return found


def environment(name: str) -> dict[str, Fields]:
    """The fields of every object, by ``Kind/name``.

    The hashes that kustomize adds to the names of config maps are left out: they differ whenever a setting does.

    Raises:
        SystemExit: there is no such environment, or it cannot be rendered.
    """
    if not (OVERLAYS / name / "kustomization.yaml").exists():
        sys.exit(
            f"there is no environment {name}; there are: {' '.join(sorted(each.name for each in OVERLAYS.iterdir()))}"
        )
    done = subprocess.run([_kubectl(), "kustomize", str(OVERLAYS / name)], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(done.stderr)
    objects = [each for each in yaml.safe_load_all(done.stdout) if each]
    hashed = {each["metadata"]["name"] for each in objects if each["kind"] == "ConfigMap"}
    text = done.stdout
    for config in hashed:
        text = re.sub(rf"\b{re.escape(config)}(?![\w-])", re.sub(r"-[a-z0-9]{10}$", "", config), text)
    return {
        f"{each['kind']}/{each['metadata']['name']}": dict(_leaves("", each))
        for each in yaml.safe_load_all(text)
        if each
    }


def _leaves(path: str, value: Any) -> list[tuple[str, Any]]:
    """The parts of a value that have no parts; those of a list by their name, where they have one."""
    if isinstance(value, dict) and value:
        return [leaf for key, part in value.items() for leaf in _leaves(f"{path}.{key}" if path else key, part)]
    if isinstance(value, list) and value:
        names = [part.get("name") if isinstance(part, dict) else None for part in value]
        is_named = None not in names and len(set(names)) == len(names)
        return [
            leaf
            for number, part in enumerate(value)
            for leaf in _leaves(f"{path}[{names[number] if is_named else number}]", part)
        ]
    return [(path, value)]


def difference(one: dict[str, Fields], other: dict[str, Fields]) -> dict[str, dict[str, list[Any]]]:
    """The fields that differ, by object; an object that only one has differs in all of its fields."""
    found: dict[str, dict[str, list[Any]]] = {}
    for name in sorted({*one, *other}):
        left, right = one.get(name, {}), other.get(name, {})
        fields = {
            path: [left.get(path), right.get(path)]
            for path in [*left, *(path for path in right if path not in left)]
            if left.get(path) != right.get(path)
        }
        if fields:
            found[name] = fields
    return found


def lines(one: dict[str, Fields], other: dict[str, Fields], names: tuple[str, str]) -> list[str]:
    """The difference for people."""
    found = []
    for name, fields in difference(one, other).items():
        if name not in one or name not in other:
            found.append(f"{name}: only in {names[0] if name in one else names[1]}")
            continue
        found.append(name)
        for path, values in fields.items():
            left, right = ("(none)" if value is None else value for value in values)
            found.append(f"  {path}: {left} -> {right}")
    return found


def main() -> None:
    """Print the difference."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("one", nargs="?", default="dev")
    parser.add_argument("other", nargs="?", default="prod")
    parser.add_argument("--json", action="store_true", help="for programs")
    arguments = parser.parse_args()
    one, other = environment(arguments.one), environment(arguments.other)
    if arguments.json:
        sys.stdout.write(json.dumps(difference(one, other), indent=2) + "\n")
    else:
        sys.stdout.writelines(f"{line}\n" for line in lines(one, other, (arguments.one, arguments.other)))


if __name__ == "__main__":
    main()
