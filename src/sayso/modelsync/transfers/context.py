"""What all transfers of a volume share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from sayso.aws.s3_reader import BucketReader
    from sayso.modelsync.transfers.bandwidth import Bandwidth, Space
    from sayso.modelsync.transfers.values import TransferOptions
    from sayso.modelsync.volume.directories import VolumeRoot


@dataclass(frozen=True, kw_only=True, slots=True)
class TransferContext:
    """What all transfers share.

    Attributes:
        reader: of the bucket.
        root: of the volume.
        options: how objects are fetched.
        space: of the volume.
        bandwidth: the limit of all transfers; None for none.
        on_received: called with the number of bytes that arrived, from any thread.
    """

    reader: BucketReader
    root: VolumeRoot
    options: TransferOptions
    space: Space
    bandwidth: Bandwidth | None
    on_received: Callable[[int], None]
