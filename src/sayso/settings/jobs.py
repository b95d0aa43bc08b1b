"""Settings of jobs: where they are stored, and how they are attempted."""

from __future__ import annotations

import platformdirs
from pydantic import Field, PositiveFloat, PositiveInt

from sayso.settings.base import EnvironmentSettings
from sayso.settings.kinds import Directory


class DataSettings(EnvironmentSettings):
    """The directory of a process's data."""

    data_dir: Directory = Field(
        default_factory=lambda: platformdirs.user_data_path("sayso", appauthor=False),
        validation_alias="SAYSO_DATA",
        description="Directory of the data of `sayso up`: its database, narrations, and running work.",
    )
    group_reads: bool = Field(
        default=False,
        validation_alias="SAYSO_GROUP_READS",
        description="Whether the group of the narrations' directory may read them: mode 0640 in directories of 0750.",
    )


class AttemptSettings(EnvironmentSettings):
    """How jobs are attempted, and for how long they are kept."""

    worker_name: str | None = Field(
        default=None,
        validation_alias="SAYSO_WORKER",
        description="A unique name of this worker. When it restarts after a crash, its jobs from Postgres are resumed "
        "at once; without a name, and for SQS, after 30 s. `sayso up` does not need one for its embedded "
        "database.",
    )
    max_attempts: PositiveInt = Field(
        default=5,
        validation_alias="SAYSO_MAX_ATTEMPTS",
        description="After how many failed attempts, including crashes, a job is dead-lettered.",
    )
    job_seconds: PositiveFloat = Field(
        default=6 * 3600.0,
        validation_alias="SAYSO_JOB_SECONDS",
        description="The time limit of one attempt at a job, in seconds.",
    )
    keep_narrations_days: PositiveFloat | None = Field(
        default=None,
        validation_alias="SAYSO_KEEP_NARRATIONS_DAYS",
        description="After how many days finished narrations are removed, including failed and cancelled ones, with "
        "their files and jobs; by default never.",
    )
    keep_jobs_days: PositiveFloat | None = Field(
        default=None,
        validation_alias="SAYSO_KEEP_JOBS_DAYS",
        description="After how many days finished jobs are removed, including dead ones, and old events of "
        "narrations; by default never.",
    )
