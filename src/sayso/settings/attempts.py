"""Settings of jobs: how they are attempted."""

from __future__ import annotations

from pydantic import Field, PositiveFloat, PositiveInt

from sayso.settings.base import EnvironmentSettings


class AttemptSettings(EnvironmentSettings):
    """How jobs are attempted."""

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
