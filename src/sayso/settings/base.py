"""The base class of all settings."""

from __future__ import annotations

from typing import Any, get_args

from pydantic import ValidationInfo, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

_LARGEST = {"days": 36_500, "seconds": 10**9, "bytes": 2**63 - 1}
"""The largest numbers that databases, threads and libraries accept, by the last word of the fields' names."""

_LARGEST_COUNT = 2**31 - 1


class EnvironmentSettings(BaseSettings):
    """Reads and validates environment variables; an empty variable counts as unset.

    White space around a value is removed, such as the newline at the end of a file that it was read from.

    Each field's alias is the variable's name, and its description appears in the documentation and in ``sayso doctor``.
    """

    model_config = SettingsConfigDict(
        case_sensitive=True,
        defer_build=True,
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
        populate_by_name=True,
    )

    @model_validator(mode="before")
    @classmethod
    def _without_white_space(cls, values: Any) -> Any:
        if not isinstance(values, dict):
            return values
        stripped = {name: value.strip() if isinstance(value, str) else value for name, value in values.items()}
        return {name: value for name, value in stripped.items() if value != "" or value == values[name]}

    @field_validator("*", mode="before")
    @classmethod
    def _choice_in_any_case(cls, value: Any, info: ValidationInfo) -> Any:
        """One of a few words may be written in capitals, as ``OpenAI`` for ``openai``."""
        if not isinstance(value, str):
            return value
        choices = get_args(cls.model_fields[info.field_name or ""].annotation)
        return next((choice for choice in choices if str(choice).lower() == value.lower()), value)

    @field_validator("*")
    @classmethod
    def _within_reason(cls, value: Any, info: ValidationInfo) -> Any:
        largest = _LARGEST.get((info.field_name or "").rpartition("_")[2], _LARGEST_COUNT)
        if isinstance(value, (int, float)) and not value <= largest:
            raise ValueError(f"it must be {largest} or less")
        return value
