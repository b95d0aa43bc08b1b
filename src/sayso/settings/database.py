"""Settings of the Postgres database of jobs and narrations."""

from __future__ import annotations

from pydantic import AliasChoices, Field, SecretStr

from sayso.settings.base import EnvironmentSettings


class DatabaseSettings(EnvironmentSettings):
    """The database of jobs and narrations."""

    database_url: SecretStr | None = Field(
        default=None,
        validation_alias=AliasChoices("SAYSO_DATABASE_URL", "DATABASE_URL"),
        description="The Postgres database with Sayso's own tables, as postgresql://…; `sayso up` has an embedded one.",
    )
    database_listen: bool = Field(
        default=True,
        validation_alias="SAYSO_DATABASE_LISTEN",
        description="Whether Postgres wakes workers by NOTIFY; false behind PgBouncer: workers then poll every second.",
    )
