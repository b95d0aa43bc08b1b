"""Events are acted on while a reconciliation runs, and what they decide is not undone by its older plan."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from sayso.modelsync.records import EventKind
from support.aws.object_server import ObjectServer, Reply, SeenRequest, object_server
from support.modelsync.services import RunningSync, files_of, options, put_set, running_sync
from support.waiting import WAIT_SECONDS, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

BODY = b"x" * 5000
"""Small enough for one request."""


@pytest.fixture
def server() -> Iterator[ObjectServer]:
    with object_server() as running:
        yield running


def hold(server: ObjectServer, matches: Callable[[SeenRequest], bool]) -> None:
    """Let the responses to such requests hang in the middle, until `release`."""
    server.choose = lambda request: Reply(sent_bytes=10, is_hanging=True) if matches(request) else None


def hold_key(server: ObjectServer, key: str) -> None:
    hold(server, lambda request: request.method == "GET" and request.key == key)


def release(server: ObjectServer) -> None:
    server.choose = lambda _request: None
    server.released.set()


def gets(server: ObjectServer, key: str) -> int:
    return sum(request.method == "GET" and request.key == key for request in list(server.requests))


@pytest.fixture
def busy(server: ObjectServer, tmp_path: Path) -> Iterator[RunningSync]:
    """A service whose first reconciliation fetches an object that does not come to its end."""
    server.put("slow.bin", BODY)
    hold_key(server, "slow.bin")
    with running_sync(server, options(tmp_path)) as running:
        wait_until(lambda: gets(server, "slow.bin") == 1)
        yield running


def test_a_new_object_appears_while_a_reconciliation_fetches_another(busy: RunningSync) -> None:
    busy.server.put("new.bin", b"new")
    assert busy.event("new.bin") == {}
    assert files_of(busy.base) == {"new.bin": b"new"}
    assert not busy.sync.state.has_reconciled
    release(busy.server)
    busy.wait_until_idle()
    assert files_of(busy.base) == {"new.bin": b"new", "slow.bin": BODY}


def test_a_new_object_appears_while_the_bucket_is_listed(server: ObjectServer, tmp_path: Path) -> None:
    """The listing began before, and does not have it; the file is not deleted for that."""
    server.page_size = 1
    server.put("a.bin", b"a")
    server.put("z.bin", b"z")
    hold(server, lambda request: "continuation-token" in request.query)
    with running_sync(server, options(tmp_path)) as running:
        wait_until(lambda: any("continuation-token" in request.query for request in list(server.requests)))
        server.put("B.bin", b"new")
        assert running.event("B.bin") == {}
        assert files_of(tmp_path) == {"B.bin": b"new"}
        release(server)
        running.wait_until_idle()
        assert files_of(tmp_path) == {"a.bin": b"a", "B.bin": b"new", "z.bin": b"z"}
        assert running.sync.state.last is not None
        assert running.sync.state.last.is_successful


def test_what_the_reconciliation_fetches_already_is_not_fetched_twice(busy: RunningSync) -> None:
    """The event is done; who counts how long changes take knows that it is not on the volume yet."""
    applied = busy.send("slow.bin").result(60)
    assert applied.failed == {}
    assert applied.later == {"slow.bin"}
    release(busy.server)
    busy.wait_until_idle()
    assert gets(busy.server, "slow.bin") == 2  # the connection was cut once
    assert files_of(busy.base) == {"slow.bin": BODY}


def test_an_older_object_is_not_published_over_a_newer_one(busy: RunningSync) -> None:
    """The reconciliation leaves alone what an event has decided since, and has no error for that."""
    hold(busy.server, lambda request: request.method == "GET" and gets(busy.server, "slow.bin") <= 1)
    busy.server.put("slow.bin", b"newer")
    assert busy.event("slow.bin") == {}
    assert files_of(busy.base) == {"slow.bin": b"newer"}
    release(busy.server)
    busy.wait_until_idle()
    assert files_of(busy.base) == {"slow.bin": b"newer"}
    assert busy.sync.state.last is not None
    assert busy.sync.state.last.errors == ()


def test_an_object_that_is_gone_by_now_is_not_published(busy: RunningSync) -> None:
    """Also where its body arrives completely afterwards."""
    busy.server.put("b.bin", b"b")
    old = busy.server.objects.pop("slow.bin")
    assert busy.event("slow.bin", kind=EventKind.REMOVED) == {}
    busy.server.objects["slow.bin"] = old  # as if the request had been answered in full
    release(busy.server)
    busy.wait_until_idle()
    assert files_of(busy.base) == {}


def test_a_file_whose_object_is_back_is_not_deleted(server: ObjectServer, tmp_path: Path) -> None:
    """The plan of the reconciliation says that it is gone; its deletions are made last."""
    server.put("back.bin", b"back")
    server.put("stays.bin", b"stays")
    with running_sync(server, options(tmp_path)) as running:
        running.wait_until_idle()
        back = server.objects.pop("back.bin")
        server.put("slow.bin", BODY)
        hold_key(server, "slow.bin")
        result = running.sync.full_sync()
        wait_until(lambda: gets(server, "slow.bin") == 1)
        server.objects["back.bin"] = back
        assert running.event("back.bin") == {}
        release(server)
        assert result.result(WAIT_SECONDS).deleted == ()
        assert files_of(tmp_path) == {"back.bin": b"back", "stays.bin": b"stays", "slow.bin": BODY}
        assert gets(server, "back.bin") == 1


def test_while_a_set_is_put_together_its_own_events_wait(server: ObjectServer, tmp_path: Path) -> None:
    """Others do not; and the set that is published in the end is the new one."""
    put_set(server, "set/", one=BODY, two=b"2")
    hold_key(server, "set/one.bin")
    with running_sync(server, options(tmp_path)) as running:
        wait_until(lambda: gets(server, "set/one.bin") == 1)
        put_set(server, "set/", one=b"newer", two=b"2")
        waiting = running.send("set/x.manifest.json")
        server.put("single.bin", b"single")
        assert running.event("single.bin") == {}
        assert files_of(tmp_path) == {"single.bin": b"single"}
        assert not waiting.done()
        release(server)
        assert waiting.result(WAIT_SECONDS).failed == {}
        running.wait_until_idle()
        assert (tmp_path / "set/one.bin").read_bytes() == b"newer"


def test_a_set_of_an_event_is_not_replaced_by_the_older_one_of_the_plan(busy: RunningSync) -> None:
    """Nor are the single files of a directory that has become a set published into it."""
    put_set(busy.server, "set/", one=b"newer")
    assert busy.event("set/x.manifest.json") == {}
    assert (busy.base / "set/one.bin").read_bytes() == b"newer"
    release(busy.server)
    busy.wait_until_idle()
    assert (busy.base / "set").is_symlink()
    assert (busy.base / "set/one.bin").read_bytes() == b"newer"
    assert busy.sync.state.last is not None
    assert busy.sync.state.last.errors == ()


def test_a_key_that_collides_with_one_that_is_on_its_way_is_refused(busy: RunningSync) -> None:
    busy.server.put("Slow.bin", b"other")
    assert busy.event("Slow.bin") == {}
    release(busy.server)
    busy.wait_until_idle()
    assert files_of(busy.base) == {"slow.bin": BODY}


def test_an_event_that_fails_leaves_the_key_to_the_reconciliation(busy: RunningSync) -> None:
    busy.server.head_faults.append(Reply(status=403, code="AccessDenied"))
    assert set(busy.event("slow.bin")) == {"slow.bin"}
    release(busy.server)
    busy.wait_until_idle()
    assert files_of(busy.base) == {"slow.bin": BODY}


def test_damage_is_mended_by_a_running_service(server: ObjectServer, tmp_path: Path) -> None:
    """Events are acted on while files are read, and what they publish is not taken for damage."""
    for key in ("a.bin", "b.bin", "gone.bin"):
        server.put(key, key.encode())
    with running_sync(server, options(tmp_path)) as running:
        running.wait_until_idle()
        found = (tmp_path / "a.bin").stat()
        (tmp_path / "a.bin").write_bytes(b"bad!!")
        os.utime(tmp_path / "a.bin", ns=(found.st_atime_ns, found.st_mtime_ns))  # as bits that rot: only bytes differ
        (tmp_path / "gone.bin").unlink()
        assert running.sync.full_sync().result(WAIT_SECONDS).published == ("gone.bin",)
        (tmp_path / "gone.bin").unlink()
        verifying = running.sync.verify()
        server.put("b.bin", b"newer")
        assert running.event("b.bin") == {}
        result = verifying.result(WAIT_SECONDS)
        assert (result.damaged, result.missing) == (("a.bin",), ("gone.bin",))
        wait_until(lambda: files_of(tmp_path) == {"a.bin": b"a.bin", "b.bin": b"newer", "gone.bin": b"gone.bin"})
