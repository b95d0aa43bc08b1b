"""The real engines, loaded once for all tests that ask for them.

Their models are those of `sayso models pull`; where one is missing, the tests fail and say how to get it.
"""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sayso.settings import Settings
    from sayso.tts.engines.kokoro import KokoroEngine
    from sayso.tts.engines.piper import PiperEngine
    from support.aws.server import AwsPlace
    from support.postgres.databases import Databases


# A test that takes a model's files away expects the error, and no test pulls models over a network.
os.environ.setdefault("SAYSO_PULL_MODELS", "false")

# A shell that starts the tests in its background has them ignore SIGINT, and with them each process that they start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# How long an example takes, or its making, says how busy the machine is.
settings.register_profile("sayso", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("sayso")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Containers are started only when they are asked for: `make test-containers`."""
    if "containers" not in config.option.markexpr:
        for item in items:
            if item.get_closest_marker("containers") is not None:
                item.add_marker(pytest.mark.skip(reason="runs containers: make test-containers"))


@pytest.fixture(scope="session")
def real_settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The models of this machine, with a speech cache that is thrown away, and without measuring the machine."""
    from sayso.settings import load_settings

    cache = tmp_path_factory.mktemp("cache")
    return load_settings().model_copy(update={"cache_dir": cache, "synthesis_workers": 2})


@pytest.fixture(scope="session")
def kokoro_engine(real_settings: Settings) -> KokoroEngine:
    """Kokoro with all its voices."""
    from sayso.bootstrap import open_engine
    from sayso.tts.engines.kokoro import KokoroEngine

    engine = open_engine("kokoro", real_settings)
    assert isinstance(engine, KokoroEngine)
    return engine


@pytest.fixture(scope="session")
def piper_engine(real_settings: Settings) -> PiperEngine:
    """Piper with the voice Joe."""
    from sayso.bootstrap import open_engine
    from sayso.tts.engines.piper import PiperEngine

    engine = open_engine("piper", real_settings)
    assert isinstance(engine, PiperEngine)
    return engine


@pytest.fixture(scope="session")
def databases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Databases]:
    """A PostgreSQL server, in which tests have databases of their own."""
    from support.postgres.databases import Databases

    with Databases(tmp_path_factory.mktemp("postgres") / "data") as server:
        yield server


@pytest.fixture(scope="module")
def database_url(databases: Databases) -> str:
    """A database with Sayso's tables, for the tests of a module."""
    return databases.new()


@pytest.fixture(scope="module")
def pooled_database_url(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The same behind PgBouncer, through which its tables are made, too."""
    from sayso.postgres.migrate import migrate
    from support.postgres.pgbouncer import pgbouncer

    with pgbouncer(tmp_path_factory.mktemp("pgbouncer"), databases.bare()) as behind:
        migrate(behind)
        yield behind


@pytest.fixture(scope="session")
def aws_place() -> Iterator[AwsPlace]:
    """A server that speaks for SQS, DynamoDB and S3."""
    from support.aws.server import aws_place

    with aws_place() as place:
        yield place


@pytest.fixture
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pauses before each next attempt are a twentieth of what their policy says; nothing else of it changes."""
    from sayso.resilience.retry_policies import RetryPolicy

    whole = RetryPolicy.pause_seconds
    monkeypatch.setattr(RetryPolicy, "pause_seconds", lambda policy, *given, **more: whole(policy, *given, **more) / 20)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Asynchronous tests run on asyncio, as Sayso does."""
    return "asyncio"
