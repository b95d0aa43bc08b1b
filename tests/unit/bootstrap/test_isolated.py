"""Attempts in processes of their own: as many at once as there is memory for."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from sayso.bootstrap.isolated import IsolatedNarrator
from sayso.errors import Busy
from sayso.settings import load_settings

GIB = 2**30


@pytest.mark.parametrize(("available_bytes", "children"), [(0, 1), (GIB, 1), (2 * GIB, 2), (4 * GIB + 1, 4)])
def test_there_are_as_many_as_memory_allows_and_at_least_one(available_bytes: int, children: int) -> None:
    """The next one is busy: its job is released, and neither waits nor loses time of its attempt."""
    narrator = IsolatedNarrator(load_settings(), available_bytes=lambda: available_bytes)
    for _ in range(2):  # what was taken is given back
        with ExitStack() as stack:
            for _ in range(children):
                stack.enter_context(narrator._reserved_memory())
            with pytest.raises(Busy), narrator._reserved_memory():
                pytest.fail("there is no room")
