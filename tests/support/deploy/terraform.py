"""Terraform's modules, evaluated without Terraform: their variables, locals, resources, data and outputs.

Attributes that only AWS knows are placeholders, such as ``<aws_ecr_repository.app.repository_url>``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from support.deploy.hcl import EvaluationError, Evaluator, evaluated
from support.missing_parts import missing

TERRAFORM = Path(__file__).resolve().parents[3] / "deploy" / "terraform"
MODULES = (TERRAFORM, *sorted((TERRAFORM / "modules").iterdir()))
_BLOCK = "__is_block__"


class Unknown(dict[str, Any]):
    """A thing of AWS: the attributes that its block sets, and placeholders for all others."""

    def __init__(self, name: str, known: Mapping[str, Any]) -> None:
        super().__init__(known)
        self._name = name

    def __missing__(self, key: str) -> str:
        return f"<{self._name}.{key}>"


class Lazy(Mapping[str, Any]):
    """Values that are evaluated when they are first asked for."""

    def __init__(self, texts: Mapping[str, Any], scope: Mapping[str, Any]) -> None:
        self._texts = texts
        self._scope = scope
        self._values: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._values:
            self._values[name] = evaluated(self._texts[name], self._scope)
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._texts)

    def __len__(self) -> int:
        return len(self._texts)


@dataclass(frozen=True, kw_only=True)
class Module:
    """A directory of Terraform's files, as python-hcl2 reads them."""

    path: Path
    blocks: Mapping[str, list[dict[str, Any]]]

    @property
    def variables(self) -> dict[str, dict[str, Any]]:
        return {_bare(name): body for block in self.blocks.get("variable", []) for name, body in block.items()}

    @property
    def outputs(self) -> dict[str, dict[str, Any]]:
        return {_bare(name): body for block in self.blocks.get("output", []) for name, body in block.items()}

    @property
    def calls(self) -> dict[str, dict[str, Any]]:
        return {_bare(name): body for block in self.blocks.get("module", []) for name, body in block.items()}

    def things(self, kind: str) -> dict[tuple[str, str], dict[str, Any]]:
        """The blocks of ``resource`` or ``data``, by their type and name."""
        return {
            (_bare(of), _bare(name)): body
            for block in self.blocks.get(kind, [])
            for of, named in block.items()
            for name, body in named.items()
        }

    @property
    def text(self) -> str:
        return "\n".join(path.read_text() for path in sorted(self.path.glob("*.tf")))


@cache
def module_at(path: Path) -> Module:
    """The module of a directory."""
    try:
        import hcl2
    except ImportError:
        missing("python-hcl2 is missing: make lint-deploy installs it")
    blocks: dict[str, list[dict[str, Any]]] = {}
    for file in sorted(path.glob("*.tf")):
        for kind, found in hcl2.loads(file.read_text()).items():
            if isinstance(found, list):
                blocks.setdefault(kind, []).extend(found)
    return Module(path=path, blocks=blocks)


def values_in(text: str) -> dict[str, Any]:
    """The values of a file of variables."""
    import hcl2

    return {name: evaluated(value, {}) for name, value in hcl2.loads(text).items() if not name.startswith("__")}


class Applied:
    """A module with values for its variables.

    Args:
        module: of which directory.
        given: values of variables.
        data: attributes of data sources that only the outside knows, by ``type.name``.
    """

    def __init__(self, module: Module, given: Mapping[str, Any], data: Mapping[str, Any] | None = None) -> None:
        assert set(given) <= set(module.variables), set(given) - set(module.variables)
        self.module = module
        self.values = {
            name: given[name] if name in given else evaluated(body["default"], {})
            for name, body in module.variables.items()
            if name in given or "default" in body
        }
        assert set(self.values) == set(module.variables), "a value is missing"
        self.scope: dict[str, Any] = {"var": self.values, "path": {"module": str(module.path)}}
        self.scope["local"] = Lazy(
            {
                name: value
                for block in module.blocks.get("locals", [])
                for name, value in block.items()
                if not name.startswith("__")
            },
            self.scope,
        )
        self.scope["data"] = self._nested(module.things("data"), "data.", data or {})
        self.scope.update(self._nested(module.things("resource"), "", {}))
        self.scope["module"] = _Calls(self)

    def _nested(
        self, things: Mapping[tuple[str, str], dict[str, Any]], prefix: str, known: Mapping[str, Any]
    ) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for (of, name), body in things.items():
            found.setdefault(of, _Things(self, prefix, known)).blocks[name] = (of, body)
        return found

    def instances(self, body: Mapping[str, Any]) -> list[dict[str, Any]]:
        """What a resource's block makes: nothing, one, or several, each with its evaluated attributes."""
        body = {key: value for key, value in body.items() if key not in {"provider", "lifecycle"}}
        if "count" in body:
            count = evaluated(body["count"], self.scope)
            return [self._one(body, {"count": {"index": number}}) for number in range(count)]
        if "for_each" in body:
            each = evaluated(body["for_each"], self.scope)
            pairs = each.items() if isinstance(each, Mapping) else [(value, value) for value in each]
            return [self._one(body, {"each": {"key": key, "value": value}}) for key, value in pairs]
        return [self._one(body, {})]

    def _one(self, body: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
        scope = {**self.scope, **more}
        plain = {key: value for key, value in body.items() if key not in {"count", "for_each", "dynamic"}}
        made: dict[str, Any] = evaluated(plain, scope)
        for block in body.get("dynamic", []):
            for label, inner in block.items():
                name = _bare(label)
                for value in evaluated(inner["for_each"], scope):
                    content = inner["content"][0]
                    made.setdefault(name, []).append(evaluated(content, {**scope, name: {"value": value}}))
        return made

    def resources(self) -> dict[str, list[dict[str, Any]]]:
        """Every resource, by ``type.name``, with its instances."""
        return {f"{of}.{name}": self.instances(body) for (of, name), body in self.module.things("resource").items()}

    def documents(self) -> dict[str, dict[str, Any]]:
        """The data sources of this module, by ``type.name``."""
        return {f"{of}.{name}": self._one(body, {}) for (of, name), body in self.module.things("data").items()}

    def outputs(self) -> dict[str, Any]:
        return {name: evaluated(body["value"], self.scope) for name, body in self.module.outputs.items()}

    def problems(self) -> list[str]:
        """The messages of the validations that do not hold."""
        validations = [each for body in self.module.variables.values() for each in body.get("validation", [])]
        return [
            str(evaluated(each["error_message"], self.scope))
            for each in validations
            if not evaluated(each["condition"], self.scope)
        ]

    def call(self, name: str) -> Applied:
        """A module that this one calls."""
        body = self.module.calls[name]
        source = (self.module.path / Evaluator(body["source"], {}).whole()).resolve()
        given = {key: evaluated(value, self.scope) for key, value in body.items() if key not in {"source", _BLOCK}}
        given.pop("__comments__", None)
        return Applied(module_at(source), given)


class _Calls(Mapping[str, Any]):
    def __init__(self, applied: Applied) -> None:
        self._applied = applied
        self._outputs: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._outputs:
            self._outputs[name] = self._applied.call(name).outputs()
        return self._outputs[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._applied.module.calls)

    def __len__(self) -> int:
        return len(self._applied.module.calls)


class _Things(Mapping[str, Any]):
    """The resources of one type, by name: what a reference to one is."""

    def __init__(self, applied: Applied, prefix: str, known: Mapping[str, Any]) -> None:
        self._applied = applied
        self._prefix = prefix
        self._known = known
        self.blocks: dict[str, tuple[str, dict[str, Any]]] = {}

    def __getitem__(self, name: str) -> Any:
        of, body = self.blocks[name]
        address = f"{self._prefix}{of}.{name}"
        if f"{of}.{name}" in self._known:
            return Unknown(address, self._known[f"{of}.{name}"])
        simple = {key: value for key, value in body.items() if key in {"name", "bucket", "family"}}
        if "count" in body:
            count = evaluated(body["count"], self._applied.scope)
            return [Unknown(address, evaluated(simple, self._applied.scope)) for _ in range(count)]
        return Unknown(address, evaluated(simple, self._applied.scope))

    def __iter__(self) -> Iterator[str]:
        return iter(self.blocks)

    def __len__(self) -> int:
        return len(self.blocks)


def references(text: str) -> set[str]:
    """The variables and locals that a module's files name, as ``var.name``."""
    return set(re.findall(r"\b(?:var|local)\.[a-z_]\w*", text))


def _bare(name: str) -> str:
    return name.strip('"')


__all__ = ["MODULES", "TERRAFORM", "Applied", "EvaluationError", "module_at", "references", "values_in"]
