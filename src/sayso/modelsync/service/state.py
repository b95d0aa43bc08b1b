"""What the service of model sync says about itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sayso.modelsync.reconciliation.reconciled import Reconciled
    from sayso.modelsync.volume.capabilities import Abilities


@dataclass(frozen=True, kw_only=True, slots=True)
class ServiceState:
    """What the service does.

    Attributes:
        status: ``starting``, ``standby``, ``syncing``, ``running`` or ``stopped``.
        has_reconciled: whether a reconciliation has looked at everything since the start.
        is_standby: whether another process has the volume.
        trouble: why the volume is not kept equal to the bucket, in a sentence; None while it is.
        last: what came of the last reconciliation; None before the first.
        abilities: what the volume can do; None while it is not open here.
    """

    status: str
    has_reconciled: bool
    is_standby: bool
    trouble: str | None
    last: Reconciled | None
    abilities: Abilities | None
