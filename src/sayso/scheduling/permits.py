"""Compute permits for work that takes longer than one should be held."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sayso.scheduling.context import RequestContext


@contextmanager
def compute_permits(context: RequestContext) -> Iterator[Callable[[], None]]:
    """Hold one compute permit after another: the function that is yielded ends one and waits for the next."""
    with ExitStack() as held:

        def take_next() -> None:
            held.close()
            held.enter_context(context.permit())

        take_next()
        yield take_next
