"""What the commands of ``sayso sync`` use: the volume and the bucket of the settings, without a service."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sayso.bootstrap.sync_parts import lease_taker, open_channels, open_reader, sync_options
from sayso.errors import Busy, InvalidInput, ServiceUnavailable
from sayso.modelsync.journal.disk import PosixDisk
from sayso.modelsync.journal.journal import Journal
from sayso.modelsync.reconciliation.opened import open_volume
from sayso.modelsync.reconciliation.planning import Planner
from sayso.modelsync.reconciliation.progress import Progress
from sayso.modelsync.reconciliation.reconcile import Reconciler
from sayso.modelsync.reconciliation.verify import verify_volume
from sayso.modelsync.volume.directories import VolumeRoot
from sayso.modelsync.volume.lease import lease_holder
from sayso.modelsync.volume.root_directory import make_root
from sayso.modelsync.volume.synchronised import why_incomplete

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterator

    from sayso.aws.s3_reader import BucketReader
    from sayso.modelsync.plan.actions import Plan
    from sayso.modelsync.reconciliation.opened import OpenVolume, SyncOptions
    from sayso.modelsync.reconciliation.reconciled import Reconciled
    from sayso.modelsync.reconciliation.verify import Verification
    from sayso.settings import SyncSettings

_BUSY_SECONDS = 60.0


@dataclass(frozen=True, kw_only=True, slots=True)
class _View:
    """A volume that is only looked at."""

    options: SyncOptions
    reader: BucketReader
    root: VolumeRoot
    journal: Journal


class SyncTools:
    """The commands' work.

    Args:
        settings: of the role sync.

    Raises:
        InvalidInput: a setting cannot be used.
    """

    def __init__(self, settings: SyncSettings) -> None:
        self._settings = settings
        self._options = sync_options(settings)
        self.progress = Progress()

    def full(self, stopped: threading.Event) -> Reconciled:
        """Make the volume equal to the bucket, and send the notifications.

        Raises:
            Busy: another process has the volume.
            SaysoError: the volume or the bucket cannot be used.
        """
        with self._opened() as volume:
            result = Reconciler(volume, self.progress, stopped).run()
            if self._options.is_announced:
                asyncio.run(self._announce(volume.journal))
            return result

    def plan(self) -> Plan:
        """What `full` would do now; nothing is changed.

        Raises:
            SaysoError: the volume or the bucket cannot be used.
        """
        with self._seen() as view:
            plan, listing = Planner(view, self.progress).plan()
            if not listing.is_complete:
                raise ServiceUnavailable(f"The bucket could not be listed: {listing.trouble}")
            return plan

    def verify(self, stopped: threading.Event) -> Verification:
        """Read every file; what is damaged is noted for the next synchronisation, unless a service has the volume.

        Raises:
            SaysoError: the volume cannot be used.
        """
        self._require_volume()
        try:
            with self._opened() as volume:
                return Reconciler(volume, self.progress, stopped).verify()
        except Busy:
            with self._seen() as view:
                return verify_volume(view, stopped, is_noted=False)

    def why_incomplete(self, prefix: str) -> str | None:
        """Why not everything below a prefix is on the volume, in a sentence; None if it is. AWS is not asked."""
        return why_incomplete(self._options.base_path, prefix)

    @contextmanager
    def _opened(self) -> Iterator[OpenVolume]:
        with ExitStack() as stack:
            reader = stack.enter_context(open_reader(self._settings))
            make_root(self._options.base_path)
            root = stack.enter_context(VolumeRoot(self._options.base_path, self._options.modes))
            lease = lease_taker(self._settings)(root)
            if lease is None:
                raise Busy(
                    f"Another process has the volume: {lease_holder(root) or 'it does not say which'}.",
                    retry_after_seconds=_BUSY_SECONDS,
                    hint="Ask it, with: --url http://HOST:8080",
                )
            stack.callback(lease.close)
            yield stack.enter_context(
                open_volume(self._options, reader, root, lease, on_received=self.progress.received)
            )

    @contextmanager
    def _seen(self) -> Iterator[_View]:
        self._require_volume()
        with open_reader(self._settings) as reader, VolumeRoot(self._options.base_path) as root:
            journal = Journal.read(PosixDisk(self._options.base_path))
            yield _View(options=self._options, reader=reader, root=root, journal=journal)

    def _require_volume(self) -> None:
        if not self._options.base_path.is_dir():
            raise InvalidInput(
                f"There is no directory {self._options.base_path}.", hint="MODELS_BASE_PATH names the volume."
            )

    async def _announce(self, journal: Journal) -> None:
        """Send the notifications.

        Raises:
            SaysoError: a receiver does not take one now; the service sends it later.
        """
        from sayso.bootstrap.storages import open_aws
        from sayso.modelsync.notifications.channels import SqsChannel
        from sayso.modelsync.notifications.outbox import OutboxSender

        async with AsyncExitStack() as stack:
            channels = open_channels(self._settings)
            if self._settings.sync_notification_queue_url is not None:
                aws = await open_aws(self._settings, stack)
                channels.insert(0, SqsChannel(await aws.client("sqs"), self._settings.sync_notification_queue_url))
            await OutboxSender(lambda: journal, channels).send_all()
