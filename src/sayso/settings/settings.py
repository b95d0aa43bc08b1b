"""The settings of the commands, and the function that reads settings."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, TypeVar, overload

from pydantic import AliasChoices, ValidationError

from sayso.errors import InvalidInput
from sayso.settings.base import EnvironmentSettings
from sayso.settings.roles import ApiSettings, CardsSettings, StoriesSettings, SyncSettings

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo
    from pydantic_core import ErrorDetails

S = TypeVar("S", bound=EnvironmentSettings)

_URLS = {"^https?://": "http:// or https://", "^s3://": "s3://"}
"""How the patterns of settings begin that are URLs, and the words for it."""


class Settings(ApiSettings, StoriesSettings, CardsSettings, SyncSettings):
    """The settings of the commands that are not roles: all settings in one class."""


def variables(field: FieldInfo) -> tuple[str, ...]:
    """The environment variables of a setting, the preferred one first."""
    alias = field.validation_alias
    return tuple(map(str, alias.choices)) if isinstance(alias, AliasChoices) else (str(alias),)


@overload
def load_settings() -> Settings: ...


@overload
def load_settings(kind: type[S]) -> S: ...


def load_settings(kind: type[EnvironmentSettings] = Settings) -> EnvironmentSettings:
    """Read settings from this process's environment.

    Args:
        kind: the class of the settings.

    Raises:
        InvalidInput: a variable has an invalid value; the message names it and does not repeat the value.
    """
    try:
        return kind()
    except ValidationError as error:
        problems = [
            f"{_variable(kind, str(problem['loc'][0]))}: {_words(problem)}"
            for problem in error.errors(include_input=False)
        ]
        raise InvalidInput(
            f"The environment has settings that cannot be used: {'; '.join(problems)}.",
            hint="`sayso doctor` lists every setting with its meaning.",
        ) from None


def _variable(kind: type[EnvironmentSettings], name: str) -> str:
    """The variable that has the value of a setting, by the preferred one of its variables."""
    names = next((found for field in kind.model_fields.values() if name in (found := variables(field))), (name,))
    return next((each for each in names if os.environ.get(each, "").strip()), name)


def _words(problem: ErrorDetails) -> str:
    """What is wrong with a value."""
    pattern = problem.get("ctx", {}).get("pattern", "")
    for beginning, words in _URLS.items():
        if pattern.startswith(beginning):
            return f"it must be a URL that begins with {words}, without quotes or spaces"
    return problem["msg"].removeprefix("Value error, ")
