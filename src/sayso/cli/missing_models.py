"""A command that needs a model which is missing pulls it first, and shows how far it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sayso.bootstrap.model_needs import Obtain
    from sayso.settings import Settings


def pulling(settings: Settings, *, quiet: bool = False) -> Obtain | None:
    """How a command gets models that are missing; None where SAYSO_PULL_MODELS forbids it, or no engine is installed.

    Args:
        settings: the places of the models, and whether the network may be used.
        quiet: show nothing.
    """
    from sayso.bootstrap.local_engines import has_local_engines

    if not settings.pull_models or not has_local_engines():
        return None

    def obtain(names: Sequence[str]) -> None:
        from rich.console import Console

        from sayso.cli.model_progress import pull_progress
        from sayso.models import open_store

        store = open_store(settings)
        missing = store.missing(names)
        if not missing:
            return
        console = Console(stderr=True)
        if not quiet:
            said = f"Not here yet, and pulled once into {store.root}: {', '.join(missing)}"
            console.print(said, markup=False, highlight=False, soft_wrap=True)
        with pull_progress(console, quiet=quiet) as progress:
            store.pull(missing, offline=settings.offline, progress=progress)

    return obtain
