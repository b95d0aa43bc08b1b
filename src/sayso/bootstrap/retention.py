"""What removes old narrations and jobs, opened from the settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sayso.bootstrap.storages import output_root
from sayso.narrations.retention import Retention

if TYPE_CHECKING:
    from collections.abc import Callable

    from sayso.postgres.pool import Database
    from sayso.settings import StorageSettings
    from sayso.storage import Storages


def open_retention(
    settings: StorageSettings,
    database: Database,
    storages: Storages,
    *,
    on_removed: Callable[[str, int], None] = lambda _kind, _count: None,
) -> Retention:
    """It, on the loop that database and storages were opened on.

    Args:
        settings: where narrations have their files.
        database: where their rows are.
        storages: where files are.
        on_removed: told what was removed, and how many of it.
    """
    from sayso.narrations.postgres.pruning import Pruner

    return Retention(Pruner(database), storages, output_root=output_root(settings), on_removed=on_removed)
