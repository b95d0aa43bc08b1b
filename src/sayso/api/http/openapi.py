"""OpenAPI descriptions of errors, and of request bodies that the routes read themselves."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel


class ErrorBody(BaseModel):
    """An error: for people, its type, the invalid field, and the code for programs."""

    message: str
    type: str
    param: str | None
    code: str | None


class ErrorEnvelope(BaseModel):
    """OpenAI's error envelope."""

    error: ErrorBody


_MEANINGS: dict[int | str, str] = {
    400: "The request is invalid.",
    401: "The API key is missing or wrong.",
    403: "The API key lacks the required scope.",
    404: "There is no such model.",
    413: "The request is too large.",
    429: "Too many requests: retry after Retry-After.",
    503: "No engine is available now.",
    "default": "Any other error.",
}

ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"model": ErrorEnvelope, "description": meaning} for status, meaning in _MEANINGS.items()
}
"""The error responses of the routes."""

NO_SUCH_JOB: dict[int | str, dict[str, Any]] = {404: {"model": ErrorEnvelope, "description": "There is no such job."}}
"""In place of the same status of `ERRORS`, for routes of jobs."""


def json_request(fields: type[BaseModel]) -> dict[str, Any]:
    """A route's ``openapi_extra`` for a JSON body."""
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": _schema(fields)}}}}


def form_request(
    fields: type[BaseModel], *, file: str, file_required: bool = True, what: str = "The recording."
) -> dict[str, Any]:
    """A route's ``openapi_extra`` for a form with a file in the field ``file``."""
    schema = _schema(fields)
    properties = {file: {"type": "string", "format": "binary", "description": what}}
    schema["properties"] = properties | schema.get("properties", {})
    required = [file] if file_required else []
    schema["required"] = required + schema.get("required", [])
    return {"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": schema}}}}


def query_parameters(fields: type[BaseModel]) -> list[dict[str, Any]]:
    """The ``parameters`` of a route's ``openapi_extra`` for a query that it parses itself; all are optional."""
    properties = _schema(fields)["properties"]
    return [
        {
            "name": name,
            "in": "query",
            "required": False,
            "schema": {key: value for key, value in schema.items() if key != "description"},
            "description": schema.get("description", ""),
        }
        for name, schema in properties.items()
    ]


def _schema(fields: type[BaseModel]) -> dict[str, Any]:
    """The schema with its definitions inlined, because OpenAPI looks for definitions elsewhere."""
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
