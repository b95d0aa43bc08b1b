"""The page over a server that narrates with a hum: one for the tests of a module, which leave nothing unfinished."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.narrations.server import Narrated
from support.pages.narrations import TEXT, opened

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Page

    from e2e.web.conftest import Visit


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Narrated]:
    """A server for all tests, which tell their narrations apart by name."""
    with Narrated(tmp_path_factory.mktemp("narrated")).running() as server:
        yield server


@pytest.fixture
def narrated(server: Narrated) -> Iterator[Narrated]:
    """The server, on which a test leaves nothing that is not finished."""
    server.hold()
    yield server
    server.go_on()
    server.settle()


@pytest.fixture
def narrated_elsewhere(tmp_path: Path) -> Iterator[Narrated]:
    """A server whose files are at another address; it outlives the browser's pages if it is named before them."""
    with Narrated(tmp_path, files_host="localhost").running() as server:
        server.go_on()
        server.submit(TEXT, name="away")
        server.settle()
        yield server


@pytest.fixture
def page(visit: Visit, narrated: Narrated) -> Page:
    """The page, with the list as the server has it."""
    return opened(visit, narrated)
