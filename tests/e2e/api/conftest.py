"""The application on a port of this machine, over parts that a test chooses."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import httpx2
import numpy as np
import pytest
import uvicorn

from openai_conformance import RATE_HZ, silent_samples, wav
from sayso.api.app import create_app

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from sayso.api.served import Served


@pytest.fixture
def serve() -> Callable[[Served], AbstractContextManager[httpx2.Client]]:
    """Runs the application with uvicorn, and gives a client that connects to it."""

    @contextmanager
    def running(served: Served) -> Iterator[httpx2.Client]:
        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        server = uvicorn.Server(
            uvicorn.Config(create_app(served), log_config=None, ws="none", timeout_graceful_shutdown=5)
        )
        thread = threading.Thread(target=server.run, args=([listener],), name="served", daemon=True)
        thread.start()
        while not server.started and thread.is_alive():
            time.sleep(0.01)
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        try:
            with httpx2.Client(base_url=address, timeout=60) as client:
                yield client
        finally:
            server.should_exit = True
            thread.join()
            listener.close()

    return running


@pytest.fixture(scope="session")
def recording_of_noise() -> bytes:
    """Two seconds in which the fake transcriber hears its text."""
    return wav((0.1 * np.random.default_rng(5).standard_normal(2 * RATE_HZ)).astype(np.float32))


@pytest.fixture(scope="session")
def silent_recording() -> bytes:
    """Two seconds of nothing."""
    return wav(silent_samples(2.0))
