"""Jobs: where they come from, and how they are tried."""

from __future__ import annotations

import platformdirs
from pydantic import Field, PositiveFloat, PositiveInt, SecretStr
from pydantic_settings import BaseSettings

from sayso.settings.kinds import Directory, LongSecret


class JobSettings(BaseSettings):
    """See the module; part of `sayso.settings.Settings`."""

    data_dir: Directory = Field(
        default_factory=lambda: platformdirs.user_data_path("sayso", appauthor=False),
        validation_alias="SAYSO_DATA",
        description="Directory of what `sayso up` keeps: its database, narrations, and work in hand.",
    )
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
    worker_name: str | None = Field(
        default=None,
        validation_alias="SAYSO_WORKER",
        description="A name that no other worker has: when it is back, what it had from Postgres when it died goes on "
        "at once, and not after 30 s, as from SQS. `sayso up` needs none for the database of its own.",
    )
    stories_at_once: PositiveInt = Field(
        default=4,
        validation_alias="SAYSO_STORIES_AT_ONCE",
        description="How many stories a process works on at once; they share its processors evenly.",
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
    max_narration_seconds: PositiveFloat = Field(
        default=100 * 3600.0,
        validation_alias="SAYSO_MAX_NARRATION_SECONDS",
        description="Length of the longest audio that one narration or story makes, in seconds.",
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
    public_base_url: str | None = Field(
        default=None,
        pattern=r"^https?://\S+$",
        validation_alias="PUBLIC_BASE_URL",
        description="The address at which others reach this service, for links; the request's own by default.",
    )
    link_seconds: PositiveInt = Field(
        default=24 * 3600,
        validation_alias="SAYSO_LINK_SECONDS",
        description="How long a link to a finished file works, in seconds.",
    )
    signing_secret: LongSecret | None = Field(
        default=None,
        validation_alias="SAYSO_SIGNING_SECRET",
        description="The root secret, at least 32 characters, never given to anybody: the keys of links and callbacks "
        "are derived from it; made and kept under SAYSO_DATA by default.",
    )
    signing_secret_previous: LongSecret | None = Field(
        default=None,
        validation_alias="SAYSO_SIGNING_SECRET_PREVIOUS",
        description="The root secret before, while it is replaced: its links stay good, and callbacks carry its "
        "signature, too.",
    )
    group_reads: bool = Field(
        default=False,
        validation_alias="SAYSO_GROUP_READS",
        description="Whether the group of the narrations' directory may read them: mode 0640 in directories of 0750.",
    )
