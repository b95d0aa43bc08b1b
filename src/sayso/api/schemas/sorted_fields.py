"""Sort the fields of a request by the table of `sayso.api.schemas.client_fields`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sayso.api.http.errors import Problem
from sayso.api.schemas.client_fields import CLIENT_FIELDS, Treatment

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sayso.api.schemas.client_fields import ClientField

_NOTHING: tuple[Any, ...] = (None, "", (), [], ("",))
"""Values that ask for nothing."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SortedFields:
    """The fields of a request.

    Attributes:
        kept: those of the endpoint, and unknown ones, which its schema refuses.
        ignored: the names of those that have no effect, in the request's order.
        sent_as: the client's names of kept fields that have another name here.
    """

    kept: Mapping[str, Any]
    ignored: tuple[str, ...]
    sent_as: Mapping[str, str]


def sort_fields(endpoint: str, values: Mapping[str, Any]) -> SortedFields:
    """Sort the fields of a request.

    Args:
        endpoint: its path, a key of `CLIENT_FIELDS`.
        values: of a JSON body, or of a form, where each is a tuple of texts.

    Raises:
        Problem: a field would silently give another result, and is refused.
    """
    table = {field.name: field for field in CLIENT_FIELDS[endpoint]}
    kept: dict[str, Any] = {}
    ignored: list[str] = []
    sent_as: dict[str, str] = {}
    for name, value in values.items():
        field = table.get(name.partition("[")[0])
        if field is None:
            kept[name] = value
        elif field.members:
            ignored += _members(field, value)
        elif field.treatment is Treatment.HONOURED:
            target = field.becomes or name
            if target != name and (value in _NOTHING or values.get(target) not in _NOTHING):
                ignored += [] if value in _NOTHING else [field.name]
            else:
                kept[target] = _converted(field, value)
                if target != name:
                    sent_as[target] = name
        elif not _is_neutral(field, value):
            _require_no_effect(field, field.name)
            ignored.append(field.name)
    return SortedFields(kept=kept, ignored=tuple(dict.fromkeys(ignored)), sent_as=sent_as)


def _members(field: ClientField, value: Any) -> list[str]:
    """The ignored members of an object, as ``object.member``.

    Raises:
        Problem: it is not an object, or has an unknown member.
    """
    if value is None:
        return []
    if not isinstance(value, dict):
        raise Problem(status=400, message=f"{field.name}: send an object.", param=field.name)
    known = {member.name: member for member in field.members}
    unknown = next((name for name in value if name not in known), None)
    if unknown is not None:
        message = f"{field.name} has no member of this name; it has {', '.join(known)}."
        raise Problem(status=400, message=message, param=field.name, code="unknown_parameter")
    return [f"{field.name}.{name}" for name, part in value.items() if not _is_neutral(known[name], part)]


def _converted(field: ClientField, value: Any) -> Any:
    """The value in the endpoint's own terms."""
    if isinstance(value, tuple):
        return tuple(_converted(field, one) for one in value)
    return field.values.get(value.strip().lower(), value) if isinstance(value, str) and field.values else value


def _is_neutral(field: ClientField, value: Any) -> bool:
    """Whether a value asks for nothing else than what happens anyway."""
    if isinstance(value, tuple):
        return all(_is_neutral(field, one) for one in value)
    if value in _NOTHING or value in field.neutral:
        return True
    if not isinstance(value, str):
        return False
    return _plain(value) in {_plain(str(each)) for each in field.neutral}


def _plain(text: str) -> str:
    return {"0": "false", "1": "true"}.get(text, text.strip().lower())


def _require_no_effect(field: ClientField, name: str) -> None:
    if field.treatment is Treatment.REFUSED:
        message = f"{name} is not supported here. {field.note}"
        raise Problem(status=400, message=message, param=name, code="unsupported_parameter")


def own_names(endpoint: str, fields: Sequence[str]) -> set[str]:
    """The names of an endpoint's table that its schema must have.

    Args:
        endpoint: its path.
        fields: further names that the schema has.
    """
    return {
        field.becomes or field.name
        for field in CLIENT_FIELDS[endpoint]
        if field.treatment is Treatment.HONOURED and not field.members
    } - set(fields)
