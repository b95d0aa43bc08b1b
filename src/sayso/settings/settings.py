"""Everything that the commands read, and how settings are read."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar, overload

from pydantic import AliasChoices, ValidationError

from sayso.errors import InvalidInput
from sayso.settings.base import EnvironmentSettings
from sayso.settings.engines import ModelSourceSettings
from sayso.settings.roles import ApiSettings, StoriesSettings

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo
    from pydantic_core import ErrorDetails

S = TypeVar("S", bound=EnvironmentSettings)

_URLS = {"^https?://": "http:// or https://", "^s3://": "s3://"}
"""How the patterns of settings begin that are URLs, and the words for it."""


class Settings(ApiSettings, StoriesSettings, ModelSourceSettings):
    """What the commands read that are no role: of several parts, so that it is all in one."""


def variables(field: FieldInfo) -> tuple[str, ...]:
    """The environment variables that a setting is read from, the preferred one first."""
    alias = field.validation_alias
    return tuple(map(str, alias.choices)) if isinstance(alias, AliasChoices) else (str(alias),)


@overload
def load_settings() -> Settings: ...


@overload
def load_settings(kind: type[S]) -> S: ...


def load_settings(kind: type[EnvironmentSettings] = Settings) -> EnvironmentSettings:
    """The settings of this process's environment.

    Args:
        kind: which.

    Raises:
        InvalidInput: a variable has a value that cannot be used; the message names it and does not repeat the value.
    """
    try:
        return kind()
    except ValidationError as error:
        problems = [f"{problem['loc'][0]}: {_words(problem)}" for problem in error.errors(include_input=False)]
        raise InvalidInput(
            f"The environment has settings that cannot be used: {'; '.join(problems)}.",
            hint="`sayso doctor` lists every setting with its meaning.",
        ) from None


def _words(problem: ErrorDetails) -> str:
    """What is wrong with a value."""
    pattern = problem.get("ctx", {}).get("pattern", "")
    for beginning, words in _URLS.items():
        if pattern.startswith(beginning):
            return f"it must be a URL that begins with {words}, without quotes or spaces"
    return problem["msg"].removeprefix("Value error, ")
