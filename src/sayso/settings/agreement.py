"""The settings of roles that share a process: each role reads its own, and shared settings must agree.

Two roles share a setting if they read the same variable. The name of the field stands for its meaning:

- Under the same field name both roles must have the same value. They have if the variable is set. If it is not set,
  their defaults may differ.
- Under different field names the variable has a different meaning for each role, and one value cannot be right for
  both. Such a field has a variable of its own as its first alias, which has priority if it is set.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

from sayso.errors import InvalidInput
from sayso.settings.kinds import SharesVariable
from sayso.settings.settings import S, load_settings, variables

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from typing import Any

    from sayso.settings.base import EnvironmentSettings
    from sayso.settings.process import ProcessSettings


@dataclass(frozen=True, kw_only=True, slots=True)
class _Conflict:
    """Why two roles cannot share a process, in a clause, and a variable that resolves the conflict, if any."""

    reason: str
    to_set: str | None


def load_role_settings(
    kinds: Mapping[str, type[ProcessSettings]], given: Mapping[str, Any] | None = None
) -> dict[str, ProcessSettings]:
    """The settings of each role of a process.

    Args:
        kinds: the settings class of each role, by the role's name.
        given: values that override the environment in the settings of every role that has them, such as those of the
            command line; by the fields' names.

    Raises:
        InvalidInput: a variable has an invalid value, or two roles disagree about one; the message names the
            variable and the roles, and the hint what to set.
    """
    given = given or {}
    settings = {role: replaced(load_settings(kind), given) for role, kind in kinds.items()}
    conflicts = [
        conflict
        for pair in combinations(settings.items(), 2)
        for conflict in (*_values(*pair), *_meanings(*pair, given))
    ]
    if conflicts:
        to_set = dict.fromkeys(conflict.to_set for conflict in conflicts if conflict.to_set is not None)
        can_agree = all(conflict.to_set is not None for conflict in conflicts)
        apart = "run each role in a process of its own."
        raise InvalidInput(
            f"These roles cannot share a process: {'; '.join(conflict.reason for conflict in conflicts)}.",
            hint=f"Set {' and '.join(to_set)}, or {apart}" if can_agree else apart.capitalize(),
        )
    return settings


def replaced(settings: S, values: Mapping[str, Any]) -> S:
    """The settings with those of these values that they have a field for; by the fields' names."""
    return settings.model_copy(update={name: values[name] for name in values if name in type(settings).model_fields})


def _values(first: tuple[str, ProcessSettings], second: tuple[str, ProcessSettings]) -> Iterator[_Conflict]:
    """Settings of the same meaning that have different values."""
    (role, settings), (other_role, other) = first, second
    for name, field in type(settings).model_fields.items():
        if name not in type(other).model_fields:
            continue
        value, other_value = getattr(settings, name), getattr(other, name)
        if value == other_value:
            continue
        variable = variables(field)[0]
        if deciding_variable(settings, name) is None:
            defaults = f"{_shown(value)} for {role} and {_shown(other_value)} for {other_role}"
            yield _Conflict(reason=f"{variable} is not set, and its default is {defaults}", to_set=variable)
        else:
            yield _Conflict(reason=f"{variable} is read differently by {role} and {other_role}", to_set=None)


def _meanings(
    first: tuple[str, ProcessSettings], second: tuple[str, ProcessSettings], given: Collection[str]
) -> Iterator[_Conflict]:
    """Variables that are set and mean different things to the two roles; those of given settings decide nothing."""
    (role, settings), (other_role, other) = first, second
    decided = {deciding_variable(other, name): name for name in _exclusive(other, given)}
    for name in _exclusive(settings, given):
        field = type(settings).model_fields[name]
        variable = deciding_variable(settings, name)
        other_name = decided.get(variable)
        if variable is None or other_name is None or other_name == name:
            continue
        other_field = type(other).model_fields[other_name]
        own = next((alias for alias in (variables(other_field)[0], variables(field)[0]) if alias != variable), None)
        meanings = f"{role} ({_clause(field.description)}) and {other_role} ({_clause(other_field.description)})"
        yield _Conflict(reason=f"{variable} means different things to {meanings}", to_set=own)


def _exclusive(settings: ProcessSettings, given: Collection[str]) -> Iterator[str]:
    """The names of the fields whose variable cannot mean something else at the same time."""
    for name, field in type(settings).model_fields.items():
        if name not in given and not any(isinstance(mark, SharesVariable) for mark in field.metadata):
            yield name


def deciding_variable(settings: EnvironmentSettings, name: str) -> str | None:
    """The variable that determined a setting; None for its default."""
    names = variables(type(settings).model_fields[name])
    return next((variable for variable in names if os.environ.get(variable, "").strip()), None)


def _shown(value: Any) -> str:
    return "nothing" if value is None else str(value)


def _clause(description: str | None) -> str:
    return (description or "").rstrip(".")
