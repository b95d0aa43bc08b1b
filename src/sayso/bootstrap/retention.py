"""Opens the retention of narrations and jobs from the settings."""

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
    """The retention, for the loop on which database and storages were opened.

    Args:
        settings: the place of narrations' files.
        database: of the rows.
        storages: of the files.
        on_removed: called with what was removed, and how many.
    """
    from sayso.narrations.postgres.pruning import Pruner

    return Retention(Pruner(database), storages, output_root=output_root(settings), on_removed=on_removed)
