"""The container engine and the images of `make image`."""

from __future__ import annotations

import pytest

from support.containers.engine import ContainerEngine


@pytest.fixture(scope="session")
def engine() -> ContainerEngine:
    return ContainerEngine.of_environment()
