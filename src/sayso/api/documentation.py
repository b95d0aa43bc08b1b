"""What OpenAPI says of request bodies that the routes read themselves: after the key is checked, and bounded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pydantic import BaseModel


def json_request(fields: type[BaseModel]) -> dict[str, Any]:
    """A route's ``openapi_extra`` for a JSON body."""
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": _schema(fields)}}}}


def form_request(fields: type[BaseModel], *, file: str, file_required: bool = True) -> dict[str, Any]:
    """A route's ``openapi_extra`` for a form with a file in the field ``file``."""
    schema = _schema(fields)
    properties = {file: {"type": "string", "format": "binary", "description": "The recording."}}
    schema["properties"] = properties | schema.get("properties", {})
    required = [file] if file_required else []
    schema["required"] = required + schema.get("required", [])
    return {"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": schema}}}}


def _schema(fields: type[BaseModel]) -> dict[str, Any]:
    """The schema, with what it refers to written where it is referred to: OpenAPI looks for definitions elsewhere."""
    schema = fields.model_json_schema()
    definitions = schema.pop("$defs", {})

    def inlined(value: Any) -> Any:
        if isinstance(value, dict):
            if "$ref" in value:
                return inlined(definitions[value["$ref"].rsplit("/", 1)[-1]])
            return {key: inlined(part) for key, part in value.items()}
        if isinstance(value, list):
            return [inlined(part) for part in value]
        return value

    inlined_schema: dict[str, Any] = inlined(schema)
    return inlined_schema
