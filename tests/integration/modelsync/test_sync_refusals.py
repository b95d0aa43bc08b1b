"""What the bucket does not give is said with what helps, is not asked for in a storm, and holds up nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sayso.errors import InvalidInput, ServiceUnavailable
from sayso.modelsync.plan.plan import PlanRules
from sayso.modelsync.records import EventKind
from support.aws.object_server import ObjectServer, Reply, object_server
from support.modelsync.services import files_of, options, put_set, running_sync
from support.waiting import WAIT_SECONDS, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def server() -> Iterator[ObjectServer]:
    with object_server() as running:
        yield running


def refuse_gets(server: ObjectServer, *keys: str, code: str) -> None:
    server.choose = lambda request: (
        Reply(status=403, code=code) if request.method == "GET" and request.key in keys else None
    )


def test_archived_objects_are_named_and_the_rest_goes_on(server: ObjectServer, tmp_path: Path) -> None:
    """They are no reason to reconcile again soon; a set with one of them waits as a whole."""
    server.put("archive/old.bin", b"old")
    server.put("essential/new.bin", b"new")
    put_set(server, "set/", one=b"1", two=b"2")
    refuse_gets(server, "archive/old.bin", "set/one.bin", code="InvalidObjectState")
    with running_sync(server, options(tmp_path)) as running:
        running.wait_until_idle()
        result = running.sync.state.last
        assert result is not None
        assert files_of(tmp_path) == {"essential/new.bin": b"new"}
        assert [each.path for each in result.errors] == ["archive/old.bin", "set/"]
        assert all("Restore it" in each.error for each in result.errors)
        assert (result.is_complete, result.is_worth_repeating) == (True, False)
        asked = sum(request.key == "archive/old.bin" for request in server.requests)
        assert asked == 1
        (error,) = running.event("archive/old.bin").values()
        assert isinstance(error, InvalidInput)  # the event is dead-lettered with its reason, not repeated
        server.choose = lambda _request: None  # restored
        assert running.sync.full_sync().result(WAIT_SECONDS).is_successful


def test_a_bucket_that_is_empty_by_mistake_deletes_nothing(server: ObjectServer, tmp_path: Path) -> None:
    """The service is ready all the same, also after a restart: what readers need is on the volume."""
    made = options(tmp_path, rules=PlanRules())
    server.put("a.bin", b"a")
    server.put("b.bin", b"b")
    with running_sync(server, made) as running:
        running.wait_until_idle()
    server.objects.clear()
    with running_sync(server, made) as running:
        running.wait_until_idle()
        assert files_of(tmp_path) == {"a.bin": b"a", "b.bin": b"b"}
        state = running.sync.state
        assert state.trouble is None
        assert state.last is not None
        assert "2 of 2 files would be deleted" in (state.last.withheld_reason or "")
        assert not state.last.is_worth_repeating


@pytest.mark.parametrize(
    ("reply", "hint"),
    [
        (Reply(status=403, code="AccessDenied"), "s3:ListBucket"),
        (Reply(status=404, code="NoSuchBucket"), "S3_BUCKET_NAME"),
        (Reply(status=301, headers={"x-amz-bucket-region": "eu-central-1"}), "AWS_REGION=eu-central-1"),
        (Reply(status=400, code="ExpiredToken"), "The test says so."),
    ],
)
def test_a_bucket_that_cannot_be_listed_is_trouble_with_what_helps(
    server: ObjectServer, tmp_path: Path, reply: Reply, hint: str
) -> None:
    """No event is lost meanwhile, and nothing deleted; it goes on by itself."""
    server.put("a.bin", b"a")
    with running_sync(server, options(tmp_path)) as running:
        running.wait_until_idle()
        server.put("b.bin", b"b")
        server.choose = lambda _request: reply
        assert not running.sync.full_sync().result(WAIT_SECONDS).is_complete
        assert hint in (running.sync.state.trouble or "")
        (error,) = running.event("a.bin", kind=EventKind.REMOVED).values()
        assert isinstance(error, ServiceUnavailable)
        assert files_of(tmp_path) == {"a.bin": b"a"}
        server.choose = lambda _request: None
        assert running.event("b.bin") == {}
        wait_until(lambda: not running.sync._requests.is_posted)
        assert running.sync.full_sync().result(WAIT_SECONDS).is_complete
        assert running.sync.state.trouble is None
        assert files_of(tmp_path) == {"a.bin": b"a", "b.bin": b"b"}
