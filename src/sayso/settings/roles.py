"""What each role reads. A process reads what its roles read, and they must agree: see `sayso.settings.agreement`.

Pydantic has the fields of the last base first; so do the reference page and ``sayso doctor``.
"""

from __future__ import annotations

from sayso.settings.aws import AwsSettings
from sayso.settings.engines import EngineSettings
from sayso.settings.jobs import AttemptSettings, DatabaseSettings, DataSettings
from sayso.settings.narrations import NarrationSettings
from sayso.settings.openai import OpenAISettings
from sayso.settings.process import ProcessSettings, WorkerSettings
from sayso.settings.requests import FetchSettings, RequestSettings
from sayso.settings.stories import StoryQueueSettings


class SpeechSettings(AwsSettings, OpenAISettings, EngineSettings):
    """What the engines and the speech cache are opened from."""


class StorageSettings(AwsSettings, NarrationSettings, DatabaseSettings, DataSettings):
    """What storages, the database and signed links are opened from."""


class NarratingSettings(FetchSettings, StorageSettings, SpeechSettings):
    """What narrations are made from, whoever asks for them."""


class ApiSettings(NarratingSettings, RequestSettings, ProcessSettings):
    """What the role ``api`` reads."""


class StoriesSettings(NarratingSettings, StoryQueueSettings, AttemptSettings, WorkerSettings):
    """What the role ``stories`` reads."""
