"""Settings of retention: for how long finished narrations and jobs are kept."""

from __future__ import annotations

from pydantic import Field, PositiveFloat

from sayso.settings.base import EnvironmentSettings


class RetentionSettings(EnvironmentSettings):
    """After how many days narrations and jobs are removed."""

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
