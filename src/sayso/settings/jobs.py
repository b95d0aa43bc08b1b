"""Where jobs are, and how they are tried."""

from __future__ import annotations

import platformdirs
from pydantic import Field, PositiveFloat, PositiveInt, SecretStr

from sayso.settings.base import EnvironmentSettings
from sayso.settings.kinds import Directory


class DataSettings(EnvironmentSettings):
    """The directory of what a process keeps."""

    data_dir: Directory = Field(
        default_factory=lambda: platformdirs.user_data_path("sayso", appauthor=False),
        validation_alias="SAYSO_DATA",
        description="Directory of what `sayso up` keeps: its database, narrations, and work in hand.",
    )
    group_reads: bool = Field(
        default=False,
        validation_alias="SAYSO_GROUP_READS",
        description="Whether the group of the narrations' directory may read them: mode 0640 in directories of 0750.",
    )


class DatabaseSettings(EnvironmentSettings):
    """The database of jobs and narrations."""

    database_url: SecretStr | None = Field(
        default=None,
        validation_alias="DATABASE_URL",
        description="The Postgres database that jobs are in, as postgresql://…; `sayso up` brings its own.",
    )
    database_listen: bool = Field(
        default=True,
        validation_alias="SAYSO_DATABASE_LISTEN",
        description="Whether Postgres may wake workers by NOTIFY; false behind PgBouncer: they look every second.",
    )


class AttemptSettings(EnvironmentSettings):
    """How jobs are tried, and for how long they are kept."""

    worker_name: str | None = Field(
        default=None,
        validation_alias="SAYSO_WORKER",
        description="A name that no other worker has: when it is back, what it had from Postgres when it died goes on "
        "at once, and not after 30 s, as from SQS. `sayso up` needs none for the database of its own.",
    )
    max_attempts: PositiveInt = Field(
        default=5,
        validation_alias="SAYSO_MAX_ATTEMPTS",
        description="After how many failed attempts, crashes included, a job is put aside.",
    )
    job_seconds: PositiveFloat = Field(
        default=6 * 3600.0,
        validation_alias="SAYSO_JOB_SECONDS",
        description="How long one attempt at a job may take, in seconds.",
    )
    keep_narrations_days: PositiveFloat | None = Field(
        default=None,
        validation_alias="SAYSO_KEEP_NARRATIONS_DAYS",
        description="After how many days ended narrations are removed, failed and cancelled ones too, with their files "
        "and jobs; by default never.",
    )
    keep_jobs_days: PositiveFloat | None = Field(
        default=None,
        validation_alias="SAYSO_KEEP_JOBS_DAYS",
        description="After how many days ended jobs are removed, dead ones too, and old events of narrations; by "
        "default never.",
    )
