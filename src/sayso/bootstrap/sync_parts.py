"""What the role ``sync`` and the commands of ``sayso sync`` both make of the settings.

It imports little: a command of a second should not spend it on the modules of the HTTP service.
"""

from __future__ import annotations

import binascii
from base64 import b64decode
from dataclasses import replace
from typing import TYPE_CHECKING

from sayso.aws.access import AwsAccess
from sayso.aws.s3_reader import BucketReader, locate_bucket
from sayso.errors import InvalidInput
from sayso.modelsync.bucket.names import check_bucket, region_of
from sayso.modelsync.keys import KeyRules
from sayso.modelsync.plan.plan import PlanRules
from sayso.modelsync.plan.selection import SelectionRules
from sayso.modelsync.reconciliation.opened import SyncOptions
from sayso.modelsync.service.standby import take_volume_lease
from sayso.modelsync.transfers.values import TransferOptions
from sayso.modelsync.volume.file_modes import FileModes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sayso.modelsync.notifications.channels import Channel
    from sayso.modelsync.volume.directories import VolumeRoot
    from sayso.modelsync.volume.lease import Lease
    from sayso.settings import SyncSettings

_SECRET_PREFIX = "whsec_"  # noqa: S105 -- the prefix of secrets


def sync_options(settings: SyncSettings) -> SyncOptions:
    """How the bucket is synchronised.

    Raises:
        InvalidInput: a setting cannot be used.
    """
    _check_prefixes(settings)
    suffixes = () if "*" in settings.sync_suffixes else tuple(each.lower() for each in settings.sync_suffixes)
    rules = PlanRules(
        keys=KeyRules(suffixes=suffixes, root_bytes=len(str(settings.sync_base_path).encode())),
        max_delete_ratio=settings.sync_max_delete_ratio,
        atomic_prefixes=tuple(f"{prefix.strip('/')}/" for prefix in settings.sync_atomic_prefixes if prefix.strip("/")),
        quiet_seconds=settings.sync_quiet_seconds,
    )
    transfers = TransferOptions(
        connections=settings.sync_connections,
        bytes_per_second=settings.sync_rate_bytes,
        reserve_bytes=settings.sync_reserve_bytes,
        is_etag_md5=settings.sync_etags_are_md5,
    )
    modes = FileModes(file=int(settings.sync_file_mode, 8), directory=int(settings.sync_directory_mode, 8))
    receivers = (settings.sync_notification_queue_url, settings.sync_webhook_url, settings.sync_touch_file)
    return SyncOptions(
        base_path=settings.sync_base_path,
        prefix=settings.sync_prefix,
        rules=rules,
        transfers=transfers,
        modes=modes,
        grace_seconds=settings.sync_grace_seconds,
        quarantine_seconds=settings.sync_quarantine_seconds,
        kept_versions=settings.sync_kept_versions,
        selection=SelectionRules(
            max_age_days=_days_by_category(settings.sync_keep_days), budget_bytes=settings.sync_budget_bytes
        ),
        is_announced=any(receiver is not None for receiver in receivers),
    )


def open_reader(settings: SyncSettings) -> BucketReader:
    """The reader of the bucket, which nothing has been asked of yet.

    Raises:
        InvalidInput: the bucket is not set, or a setting cannot be used.
        NotInstalled: the extra ``aws`` is missing.
    """
    if settings.sync_bucket is None:
        raise InvalidInput("S3_BUCKET_NAME is not set.", hint="It is the bucket whose models are synchronised.")
    access = AwsAccess.of(settings)
    check_bucket(settings.sync_bucket, endpoint_url=access.endpoint_url)
    region = region_of(settings.sync_bucket)
    if region is not None:
        access = replace(access, region=region)
    return BucketReader(locate_bucket(settings.sync_bucket, access, is_anonymous=settings.sync_anonymous))


def open_channels(settings: SyncSettings) -> list[Channel]:
    """The receivers of notifications that need no client of AWS.

    Raises:
        InvalidInput: the secret of the webhook cannot be read.
    """
    channels: list[Channel] = []
    if settings.sync_webhook_url is None and settings.sync_touch_file is None:
        return channels
    from sayso.modelsync.notifications.channels import TouchFileChannel, WebhookChannel

    if settings.sync_webhook_url is not None:
        channels.append(WebhookChannel(settings.sync_webhook_url, webhook_keys(settings)))
    if settings.sync_touch_file is not None:
        channels.append(TouchFileChannel(settings.sync_touch_file))
    return channels


def webhook_keys(settings: SyncSettings) -> tuple[bytes, ...]:
    """The secret of the webhook's signatures; empty for none.

    Raises:
        InvalidInput: it cannot be read.
    """
    if settings.sync_webhook_secret is None:
        return ()
    secret = settings.sync_webhook_secret.get_secret_value()
    try:
        return (b64decode(secret.removeprefix(_SECRET_PREFIX), validate=True),)
    except (ValueError, binascii.Error):
        raise InvalidInput(
            "SAYSO_SYNC_WEBHOOK_SECRET cannot be read.", hint="It is whsec_ and base64, as of: openssl rand -base64 32"
        ) from None


def _check_prefixes(settings: SyncSettings) -> None:
    if settings.sync_prefix.startswith("/"):
        raise InvalidInput("SAYSO_SYNC_PREFIX begins with a slash.", hint="Such keys cannot be paths: essential/")
    if any(not prefix.strip("/") for prefix in settings.sync_atomic_prefixes):
        raise InvalidInput(
            "SAYSO_SYNC_ATOMIC_PREFIXES has the whole volume in it.",
            hint="The root cannot be published as a set; name directories: essential/whisper/",
        )


def _days_by_category(entries: Sequence[str]) -> dict[str, float]:
    days = {}
    for entry in entries:
        category, _, count = entry.partition("=")
        if not category.strip() or not count.strip().isdecimal():
            raise InvalidInput("SAYSO_SYNC_KEEP_DAYS cannot be read.", hint="For example: archive=90,optional=365")
        days[category.strip()] = float(count)
    return days


def lease_taker(settings: SyncSettings) -> Callable[[VolumeRoot], Lease | None]:
    """What takes the lease of the volume: its own locks, or a database."""
    if settings.sync_database_url is None:
        return take_volume_lease
    from sayso.modelsync.volume.database_lease import LeaseDatabase

    return LeaseDatabase(settings.sync_database_url.get_secret_value()).take
