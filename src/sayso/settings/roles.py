"""The settings of each role. A process has those of all its roles, and they must agree: see `sayso.settings.agreement`.

Pydantic puts the fields of the last base class first; so do the reference page and ``sayso doctor``.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from sayso.settings.attempts import AttemptSettings
from sayso.settings.aws import AwsSettings
from sayso.settings.cards import CardSettings
from sayso.settings.data import DataSettings
from sayso.settings.database import DatabaseSettings
from sayso.settings.engines import EngineSettings, ModelSourceSettings
from sayso.settings.modelsync import ModelSyncSettings, ModelSyncTuning
from sayso.settings.narrations import NarrationSettings
from sayso.settings.openai import OpenAISettings
from sayso.settings.process import ProcessSettings, WorkerSettings
from sayso.settings.requests import FetchSettings, RequestSettings
from sayso.settings.retention import RetentionSettings
from sayso.settings.stories import StoryQueueSettings, StoryWorkerSettings


class SpeechSettings(AwsSettings, ModelSourceSettings, OpenAISettings, EngineSettings):
    """The settings of the engines, their models and the speech cache."""


class StorageSettings(AwsSettings, NarrationSettings, StoryQueueSettings, DatabaseSettings, DataSettings):
    """The settings of storages, the database and signed links."""


class NarratingSettings(FetchSettings, StorageSettings, SpeechSettings):
    """The settings for making narrations, for the API and for workers."""


class ApiSettings(NarratingSettings, RequestSettings, ProcessSettings):
    """The settings of the role ``api``."""


class StoriesSettings(NarratingSettings, StoryWorkerSettings, RetentionSettings, AttemptSettings, WorkerSettings):
    """The settings of the role ``stories``."""


class CardsSettings(
    SpeechSettings,
    AwsSettings,
    DatabaseSettings,
    CardSettings,
    AttemptSettings,
    WorkerSettings,
    DataSettings,
    ModelSourceSettings,
    OpenAISettings,
    EngineSettings,
):
    """The settings of the role ``cards``; parts of its parts are named, too, to have them in the order of all roles."""


class SyncSettings(ModelSyncTuning, ModelSyncSettings, AwsSettings, WorkerSettings):
    """The settings of the role ``sync``, with the defaults of the service that it replaces."""

    port: Annotated[int, Field(ge=0, le=65_535)] = Field(
        default=8080, validation_alias="PORT", description="Port to listen on; 0 for any free port."
    )
    aws_region: str | None = Field(
        default="us-west-2",
        validation_alias="AWS_REGION",
        description="Region of the bucket and the queues.",
    )
