"""Settings of the directory of a process's data."""

from __future__ import annotations

import platformdirs
from pydantic import Field

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
