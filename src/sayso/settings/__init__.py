"""The settings; only this room reads the environment."""

from sayso.settings.agreement import deciding_variable, load_role_settings, replaced
from sayso.settings.aws import AwsSettings
from sayso.settings.base import EnvironmentSettings
from sayso.settings.data import DataSettings
from sayso.settings.database import DatabaseSettings
from sayso.settings.engines import EngineSettings
from sayso.settings.observability import ObservabilitySettings
from sayso.settings.process import ProcessSettings, WorkerSettings
from sayso.settings.roles import (
    ApiSettings,
    CardsSettings,
    NarratingSettings,
    SpeechSettings,
    StorageSettings,
    StoriesSettings,
    SyncSettings,
)
from sayso.settings.settings import Settings, load_settings, variables

__all__ = [
    "ApiSettings",
    "AwsSettings",
    "CardsSettings",
    "DataSettings",
    "DatabaseSettings",
    "EngineSettings",
    "EnvironmentSettings",
    "NarratingSettings",
    "ObservabilitySettings",
    "ProcessSettings",
    "Settings",
    "SpeechSettings",
    "StorageSettings",
    "StoriesSettings",
    "SyncSettings",
    "WorkerSettings",
    "deciding_variable",
    "load_role_settings",
    "load_settings",
    "replaced",
    "variables",
]
