"""The volume is cleaned up at the start and on a schedule, also where no reconciliation succeeds."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest

from sayso.errors import LeaseLost
from sayso.modelsync.keys import is_temporary
from sayso.modelsync.service.schedule import SyncSchedule
from support.aws.object_server import ObjectServer, Reply, object_server
from support.modelsync.services import files_of, options, put_set, reconciler, running_sync
from support.modelsync.transfers import RANGE
from support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DAY = 86_400.0
TEMPORARY = ".a.bin.sayso-0123456789abcdef.partial"


@pytest.fixture
def server() -> Iterator[ObjectServer]:
    with object_server() as running:
        yield running


def test_what_a_crash_has_left_goes_before_the_bucket_answers(server: ObjectServer, tmp_path: Path) -> None:
    """It may take the space that the first reconciliation needs."""
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / TEMPORARY).write_bytes(b"half")
    server.choose = lambda _request: Reply(status=503)
    with running_sync(server, options(tmp_path)):
        wait_until(lambda: not (tmp_path / "sub" / TEMPORARY).exists())


def test_a_clean_up_is_due_every_hour_where_no_reconciliation_comes() -> None:
    now = [0.0]
    schedule = SyncSchedule(interval_seconds=0, quiet_seconds=60, clock=lambda: now[0])
    schedule.reconciled(is_successful=True)
    assert (schedule.is_clean_up_due, schedule.due_seconds()) == (False, 3600)
    now[0] = 3600
    assert (schedule.is_clean_up_due, schedule.due_seconds()) == (True, 0)
    schedule.cleaned_up()
    assert (schedule.is_clean_up_due, schedule.due_seconds()) == (False, 3600)


def test_replaced_and_deleted_files_go_after_their_time(server: ObjectServer, tmp_path: Path) -> None:
    now = [1_000_000.0]
    server.put("a.bin", b"first")
    server.put("b.bin", b"first")
    made = options(tmp_path, grace_seconds=3600.0, quarantine_seconds=DAY)
    with reconciler(server, made, threading.Event(), clock=lambda: now[0]) as (reconciling, _):
        reconciling.run()
        server.put("a.bin", b"second")
        del server.objects["b.bin"]
        reconciling.run()
        kept = [tmp_path / ".sayso/old", tmp_path / ".sayso/quarantine"]
        assert all(list(path.iterdir()) for path in kept)
        now[0] += 3601
        reconciling.clean_up()
        assert list(kept[0].iterdir()) == []
        assert list(kept[1].iterdir()) != []
        now[0] += DAY
        reconciling.clean_up()
        assert list(kept[1].iterdir()) == []


def test_the_versions_of_a_set_that_is_gone_go_as_deleted_files_do(server: ObjectServer, tmp_path: Path) -> None:
    """Afterwards its prefix is not one of a set any more."""
    now = [1_000_000.0]
    put_set(server, "set/", one=b"1")
    made = options(tmp_path, quarantine_seconds=DAY)
    with reconciler(server, made, threading.Event(), clock=lambda: now[0]) as (reconciling, volume):
        reconciling.run()
        server.objects.clear()
        reconciling.run()
        (versions,) = (tmp_path / ".sayso/sets").iterdir()
        reconciling.clean_up()
        assert len(list(versions.iterdir())) == 1
        now[0] += DAY + 1
        reconciling.clean_up()
        assert list(versions.iterdir()) == []
        assert volume.journal.state.sets == {}
        server.put("set/one.bin", b"single")
        assert reconciling.run().is_successful
        assert files_of(tmp_path) == {"set/one.bin": b"single"}


def test_a_version_of_a_set_stays_for_the_grace_period_however_many_come_after_it(
    server: ObjectServer, tmp_path: Path
) -> None:
    """On NFS, the files of a version that is removed would be lost to those who have them open."""
    now = [1_000_000.0]
    made = options(tmp_path, grace_seconds=3600.0, kept_versions=1)
    with reconciler(server, made, threading.Event(), clock=lambda: now[0]) as (reconciling, _):
        for number in range(4):
            put_set(server, "set/", one=str(number).encode())
            assert reconciling.run().is_successful
            now[0] += 60
        (versions,) = (tmp_path / ".sayso/sets").iterdir()
        assert len(list(versions.iterdir())) == 4
        now[0] += 3600
        reconciling.clean_up()
        assert len(list(versions.iterdir())) == 2
        assert files_of(tmp_path)["set/one.bin"] == b"3"


def test_what_was_begun_of_a_set_stays_for_a_day(server: ObjectServer, tmp_path: Path) -> None:
    """Its large files can be resumed."""
    put_set(server, "set/", one=b"1")
    now = [0.0]
    with reconciler(server, options(tmp_path), threading.Event(), clock=lambda: now[0]) as (reconciling, _):
        reconciling.run()
        (versions,) = (tmp_path / ".sayso/sets").iterdir()
        building = versions / "building-0123"
        building.mkdir()
        (building / "large.bin").write_bytes(b"begun")
        now[0] = (building / "large.bin").stat().st_mtime
        reconciling.clean_up()
        assert building.exists()
        now[0] += DAY + 60
        reconciling.clean_up()
        assert not building.exists()


def test_a_large_file_is_not_resumed_once_everything_is_here(server: ObjectServer, tmp_path: Path) -> None:
    """Its object was replaced by a small one: the space is free at once, and not after a day."""
    server.put("a.bin", bytes(3 * RANGE))
    server.choose = lambda request: (
        Reply(status=503) if request.headers.get("range", "").startswith("bytes=2") else None
    )
    with reconciler(server, options(tmp_path), threading.Event(), clock=time.time) as (reconciling, _):
        assert not reconciling.run().is_successful
        assert [path.name for path in tmp_path.iterdir() if is_temporary(path.name)] != []
        server.choose = lambda _request: None
        server.put("a.bin", b"small")
        assert reconciling.run().is_successful
    assert sorted(path.name for path in tmp_path.iterdir()) == [".sayso", "a.bin"]
    assert list((tmp_path / ".sayso/partial").iterdir()) == []


def test_nothing_is_removed_without_the_lease(server: ObjectServer, tmp_path: Path) -> None:
    with reconciler(server, options(tmp_path), threading.Event(), clock=lambda: 0.0) as (reconciling, _):
        (tmp_path / TEMPORARY).write_bytes(b"of another process")
        (tmp_path / ".sayso/lease").write_text("{}")
        with pytest.raises(LeaseLost):
            reconciling.clean_up()
        assert (tmp_path / TEMPORARY).exists()
