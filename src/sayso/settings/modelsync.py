"""Settings of model sync: the bucket, the volume, the queues, and how one becomes the other."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import AliasChoices, Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt, SecretStr

from sayso.settings.base import EnvironmentSettings
from sayso.settings.kinds import Directory, Entries, SharesVariable

_QUEUE = r"^https?://\S+$"
_DAY_SECONDS = 86_400.0
_MODELS = Path("/models")

Mode = Annotated[str, Field(pattern=r"^0?[0-7]{3,4}$")]


class ModelSyncSettings(EnvironmentSettings):
    """What model sync copies, where it comes from and where it goes."""

    sync_bucket: str | None = Field(
        default=None,
        validation_alias=AliasChoices("SAYSO_SYNC_BUCKET", "S3_BUCKET_NAME"),
        description="The bucket whose models are synchronised.",
    )
    sync_prefix: str = Field(
        default="",
        validation_alias="SAYSO_SYNC_PREFIX",
        description="Only keys that begin with this are synchronised; by default the whole bucket.",
    )
    sync_anonymous: bool = Field(
        default=False,
        validation_alias="SAYSO_SYNC_ANONYMOUS",
        description="Whether the bucket is read without credentials, because it is public.",
    )
    sync_queue_url: str | None = Field(
        default=None,
        pattern=_QUEUE,
        validation_alias=AliasChoices("SAYSO_SYNC_QUEUE_URL", "SQS_UPDATE_QUEUE_URL"),
        description="The SQS queue with the bucket's events.",
    )
    sync_dlq_url: str | None = Field(
        default=None,
        pattern=_QUEUE,
        validation_alias="SAYSO_SYNC_DLQ_URL",
        description="The SQS queue for events that cannot be understood; without it the queue's own redrive policy "
        "decides.",
    )
    sync_notification_queue_url: str | None = Field(
        default=None,
        pattern=_QUEUE,
        validation_alias=AliasChoices("SAYSO_SYNC_NOTIFICATION_QUEUE_URL", "SQS_NOTIFICATION_QUEUE_URL"),
        description="The SQS queue to which a message goes for each model that was updated or deleted.",
    )
    sync_webhook_url: str | None = Field(
        default=None,
        pattern=_QUEUE,
        validation_alias="SAYSO_SYNC_WEBHOOK_URL",
        description="The address that is called for each model that was updated or deleted.",
    )
    sync_webhook_secret: SecretStr | None = Field(
        default=None,
        validation_alias="SAYSO_SYNC_WEBHOOK_SECRET",
        description="The secret of these calls' signatures, as whsec_… (Standard Webhooks).",
    )
    sync_touch_file: Directory | None = Field(
        default=None,
        validation_alias="SAYSO_SYNC_TOUCH_FILE",
        description="A file that is written after each change, for applications that watch it.",
    )
    sync_base_path: Annotated[Directory, SharesVariable()] = Field(
        default_factory=lambda: _MODELS,
        validation_alias=AliasChoices("SAYSO_SYNC_BASE_PATH", "MODELS_BASE_PATH"),
        description="The directory to which the models are synchronised: a volume that applications read. "
        "/models by default.",
    )
    sync_database_url: SecretStr | None = Field(
        default=None,
        validation_alias="SAYSO_SYNC_DATABASE_URL",
        description="The PostgreSQL database that decides which of several replicas writes to the volume, where the "
        "volume has no locks that hold between machines; by default the volume's own locks decide.",
    )
    environment_name: str = Field(
        default="production",
        validation_alias=AliasChoices("SAYSO_ENVIRONMENT", "NODE_ENV"),
        description="The name of the environment, for logs.",
    )


class ModelSyncTuning(EnvironmentSettings):
    """How model sync works."""

    sync_suffixes: Entries = Field(
        default=(".pth", ".bin", ".onnx", ".safetensors", ".pkl", ".json", ".txt", ".py"),
        validation_alias="SAYSO_SYNC_SUFFIXES",
        description="The ends of the names that are models, separated by commas, in any case; * for all.",
    )
    sync_interval_seconds: NonNegativeFloat = Field(
        default=3600.0,
        validation_alias="SAYSO_SYNC_INTERVAL_SECONDS",
        description="How often the whole bucket is compared with the volume, in seconds; 0 for only at the start.",
    )
    sync_max_delete_ratio: Annotated[float, Field(ge=0, le=1)] = Field(
        default=0.5,
        validation_alias="SAYSO_SYNC_MAX_DELETE_RATIO",
        description="Which part of the files may be deleted at once, from 0 to 1; more are not deleted at all.",
    )
    sync_atomic_prefixes: Entries = Field(
        default=(),
        validation_alias="SAYSO_SYNC_ATOMIC_PREFIXES",
        description="Directories whose files are published together although they have no manifest, separated by "
        "commas.",
    )
    sync_quiet_seconds: NonNegativeFloat = Field(
        default=60.0,
        validation_alias="SAYSO_SYNC_QUIET_SECONDS",
        description="How long the objects of such a directory must be unchanged before it is published, in seconds.",
    )
    sync_kept_versions: NonNegativeInt = Field(
        default=2,
        validation_alias="SAYSO_SYNC_KEPT_VERSIONS",
        description="How many old versions of a directory with a manifest stay on the volume.",
    )
    sync_connections: PositiveInt = Field(
        default=16,
        le=1024,
        validation_alias="SAYSO_SYNC_CONNECTIONS",
        description="How many files, or ranges of large files, are fetched at once.",
    )
    sync_rate_bytes: PositiveInt | None = Field(
        default=None,
        validation_alias="SAYSO_SYNC_RATE_BYTES",
        description="How many bytes a second are fetched at most; no limit by default.",
    )
    sync_reserve_bytes: NonNegativeInt = Field(
        default=256 * 2**20,
        validation_alias="SAYSO_SYNC_RESERVE_BYTES",
        description="How many bytes of the volume stay free.",
    )
    sync_etags_are_md5: bool = Field(
        default=True,
        validation_alias="SAYSO_SYNC_ETAGS_ARE_MD5",
        description="Whether ETags of the bucket are MD5s where S3's are; false for servers whose ETags only look so.",
    )
    sync_grace_seconds: NonNegativeFloat = Field(
        default=3600.0,
        validation_alias="SAYSO_SYNC_GRACE_SECONDS",
        description="How long a replaced file stays on the volume for those who have it open, in seconds.",
    )
    sync_quarantine_seconds: NonNegativeFloat = Field(
        default=7 * _DAY_SECONDS,
        validation_alias="SAYSO_SYNC_QUARANTINE_SECONDS",
        description="How long a deleted file is kept in .sayso/quarantine on the volume, in seconds.",
    )
    sync_keep_days: Entries = Field(
        default=(),
        validation_alias="SAYSO_SYNC_KEEP_DAYS",
        description="How many days after their upload models of a category are left out, as archive=90,optional=365; "
        "by default never. Those of essential, and of directories with a manifest, never are.",
    )
    sync_budget_bytes: PositiveInt | None = Field(
        default=None,
        validation_alias="SAYSO_SYNC_BUDGET_BYTES",
        description="How many bytes all models may have together: of more, the oldest of archive are left out, then "
        "the oldest of others, but never of essential. No limit by default.",
    )
    sync_file_mode: Mode = Field(
        default="0644",
        validation_alias="SAYSO_SYNC_FILE_MODE",
        description="The permissions of files on the volume, in octal digits.",
    )
    sync_directory_mode: Mode = Field(
        default="0755",
        validation_alias="SAYSO_SYNC_DIRECTORY_MODE",
        description="The permissions of directories on the volume, in octal digits.",
    )
    sync_max_attempts: PositiveInt = Field(
        default=5,
        validation_alias="SAYSO_SYNC_MAX_ATTEMPTS",
        description="After how many failures an event goes to the dead-letter queue.",
    )
    sync_event_seconds: PositiveFloat = Field(
        default=6 * 3600.0,
        validation_alias="SAYSO_SYNC_EVENT_SECONDS",
        description="The time limit of one event, in seconds.",
    )
