"""The shared cache while S3 fails: it costs a little time, once, and never the work."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from sayso.errors import InvalidInput
from sayso.settings import Settings
from sayso.shared_cache import S3Cache, open_s3_cache
from support.aws.s3_server import Fault, S3Server, s3_server

if TYPE_CHECKING:
    from collections.abc import Iterator

KEY = "a" * 64
OTHER = "b" * 64
REST_SECONDS = 60.0


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(scope="module")
def shared() -> Iterator[S3Server]:
    with s3_server() as server:
        yield server


@pytest.fixture
def server(shared: S3Server) -> S3Server:
    """S3 with a bucket, and nothing planned or remembered."""
    shared.start_over("bucket")
    return shared


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def cache(server: S3Server, clock: Clock) -> S3Cache:
    return opened(server.settings(), clock)


def opened(settings: Settings, clock: Clock, timeout_seconds: float = 5.0) -> S3Cache:
    return open_s3_cache("s3://bucket/speech", settings, timeout_seconds=timeout_seconds, clock=clock)


def test_one_failure_is_a_miss(server: S3Server, cache: S3Cache) -> None:
    """When S3 fails once, nothing is there or kept this time, and nobody is alarmed."""
    cache.put(KEY, b"data")
    with capture_logs() as logs:
        server.faults.append(Fault(kind="refuse", method="GET"))
        assert cache.get(KEY) is None
        assert cache.get(KEY) == b"data"
        server.faults.append(Fault(kind="refuse", method="PUT"))
        cache.put(OTHER, b"data")
        assert cache.get(OTHER) is None
    assert not logs


def test_what_keeps_failing_is_left_alone(server: S3Server, cache: S3Cache, clock: Clock) -> None:
    """After failures in a row S3 is asked nothing for a while, which is said once; then it is tried again."""
    cache.put(KEY, b"data")
    server.faults += [Fault(kind="refuse", method="GET")] * 2
    server.requests.clear()
    with capture_logs() as logs:
        assert [cache.get(KEY) for _ in range(10)] == [None] * 10
    assert len(server.requests) == 2
    assert [(log["event"], log["doing"]) for log in logs] == [("shared cache left alone", "reading")]
    clock.now = REST_SECONDS
    assert cache.get(KEY) == b"data"


def test_a_service_that_hangs_is_not_waited_for(server: S3Server, clock: Clock) -> None:
    """An answer that does not come is a failure like any other."""
    cache = opened(server.settings(), clock, timeout_seconds=0.5)
    server.faults += [Fault(kind="hang", method=method) for method in ("PUT", "PUT", "GET", "GET")]
    with capture_logs() as logs:
        for _ in range(3):
            cache.put(KEY, b"data")
            assert cache.get(KEY) is None
    assert {log["doing"] for log in logs} == {"reading", "writing"}
    assert not server.faults


def test_an_answer_that_is_cut_off_is_a_failure(server: S3Server, cache: S3Cache) -> None:
    """Half an entry is none."""
    cache.put(KEY, b"data" * 10_000)
    server.faults.append(Fault(kind="cut", method="GET"))
    assert cache.get(KEY) is None
    assert cache.get(KEY) == b"data" * 10_000


def test_what_is_missing_is_no_failure(cache: S3Cache) -> None:
    """However often something is not there, S3 is asked on."""
    with capture_logs() as logs:
        for number in range(30):
            assert cache.get(f"{number:064x}") is None
    assert not logs
    cache.put(KEY, b"data")
    assert cache.get(KEY) == b"data"


def test_what_cannot_be_written_costs_the_cache(server: S3Server, clock: Clock) -> None:
    """Where nothing can be kept, as without the bucket, the work goes on, and the log says what is not done and why."""
    cache = open_s3_cache("s3://nowhere", server.settings(), clock=clock)
    with capture_logs() as logs:
        for _ in range(5):
            cache.put(KEY, b"data")
            assert cache.get(KEY) is None
    assert [log["doing"] for log in logs] == ["writing"]
    assert "404 Not Found" in logs[0]["reason"]


def test_nobody_listening_costs_the_cache(clock: Clock) -> None:
    """Where there is no S3 at all, nothing is there, and no secret is logged."""
    settings = Settings(
        aws_endpoint_url="http://127.0.0.1:9", aws_access_key_id="key", aws_secret_access_key=SecretStr("hush-hush")
    )
    cache = opened(settings, clock)
    with capture_logs() as logs:
        assert [cache.get(KEY) for _ in range(3)] == [None] * 3
    assert [log["event"] for log in logs] == ["shared cache left alone"]
    assert "hush-hush" not in str(logs)


def test_what_is_too_large_is_not_sent(server: S3Server, cache: S3Cache) -> None:
    """An entry that would take longer to transfer than to make is kept by nobody but its maker."""
    cache.put(KEY, bytes(9 * 2**20))
    assert not server.requests


def test_an_address_that_is_none_is_refused() -> None:
    """A prefix that is not S3's is a mistake of whoever set it."""
    with pytest.raises(InvalidInput):
        open_s3_cache("gopher://bucket", Settings())
