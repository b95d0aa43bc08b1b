"""The application on a port of this machine, over parts that a test chooses."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import httpx2
import numpy as np
import pytest

from support.api.app_contexts import running
from support.openai_server.conformance import RATE_HZ, silent_samples, wav

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from sayso.api.context import AppContext


@pytest.fixture
def serve() -> Callable[[AppContext], AbstractContextManager[httpx2.Client]]:
    """Runs the application with uvicorn, and gives a client that connects to it."""

    @contextmanager
    def serving(served: AppContext) -> Iterator[httpx2.Client]:
        with running(served) as address, httpx2.Client(base_url=address, timeout=60) as client:
            yield client

    return serving


@pytest.fixture(scope="session")
def recording_of_noise() -> bytes:
    """Two seconds in which the fake transcriber hears its text."""
    return wav((0.1 * np.random.default_rng(5).standard_normal(2 * RATE_HZ)).astype(np.float32))


@pytest.fixture(scope="session")
def silent_recording() -> bytes:
    """Two seconds of nothing."""
    return wav(silent_samples(2.0))
