"""The lease of a volume in PostgreSQL: one holder, who notices that another one has taken over, and is fenced off."""

from __future__ import annotations

import threading
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import pytest

from sayso.errors import LeaseLost, ServiceUnavailable
from sayso.modelsync.journal.disk import PosixDisk
from sayso.modelsync.journal.entries import Certainty
from sayso.modelsync.journal.journal import Journal
from sayso.modelsync.keys import is_temporary
from sayso.modelsync.reconciliation.opened import open_volume
from sayso.modelsync.reconciliation.progress import Progress
from sayso.modelsync.reconciliation.reconcile import Reconciler
from sayso.modelsync.volume.database_lease import LeaseDatabase
from sayso.modelsync.volume.directories import VolumeRoot
from sayso.modelsync.volume.lease import volume_id
from support.aws.object_server import ObjectServer, object_server
from support.modelsync.services import files_of, options, put_set, running_sync
from support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sayso.modelsync.reconciliation.opened import OpenVolume
    from sayso.modelsync.volume.database_lease import DatabaseLease
    from support.postgres.databases import Databases

HOUR = 3600.0
EXTENDED = "select 1 from sayso.sync_leases where leased_until > clock_timestamp()"


@pytest.fixture
def server() -> Iterator[ObjectServer]:
    with object_server() as running:
        yield running


@pytest.fixture
def root(tmp_path: Path) -> Iterator[VolumeRoot]:
    (tmp_path / "models").mkdir()
    with VolumeRoot(tmp_path / "models") as opened:
        yield opened


class Clock:
    """A clock of a machine that may be frozen: its threads do nothing meanwhile."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def database(conninfo: str, clock: Clock | None = None, *, extend_seconds: float = HOUR) -> LeaseDatabase:
    """Leases of an hour, so that they end only where a test lets them."""
    now = clock or Clock()
    return LeaseDatabase(conninfo, lease_seconds=HOUR, extend_seconds=extend_seconds, clocks=(now, now))


def taken(leases: LeaseDatabase, root: VolumeRoot) -> DatabaseLease:
    lease = leases.take(root)
    assert lease is not None
    return lease


def end_leases(leases: LeaseDatabase) -> None:
    """Let every lease end, as after its time."""
    leases.fetch("update sayso.sync_leases set leased_until = clock_timestamp() - interval '1 second'", {})


def test_one_has_it_until_it_is_released(databases: Databases, root: VolumeRoot) -> None:
    """The number grows; after a release in good order no holder is fenced off."""
    leases = database(databases.bare())
    first = taken(leases, root)
    assert leases.take(root) is None
    first.confirm()
    first.close()
    second = taken(leases, root)
    assert not second.is_takeover
    assert [row["lease_id"] for row in leases.fetch("select lease_id from sayso.sync_leases", {})] == [2]
    second.close()


def test_volumes_have_leases_of_their_own(databases: Databases, tmp_path: Path, root: VolumeRoot) -> None:
    """A volume is known by a name on it, wherever it is mounted."""
    leases = database(databases.new())
    (tmp_path / "other").mkdir()
    (tmp_path / "same").symlink_to(root.path)
    first = taken(leases, root)
    with VolumeRoot(tmp_path / "other") as other, VolumeRoot(tmp_path / "same") as same:
        assert volume_id(same) == volume_id(root) != volume_id(other)
        second = taken(leases, other)
        assert leases.take(same) is None
        second.close()
    first.close()


def test_a_frozen_holder_finds_out_when_it_wakes(databases: Databases, root: VolumeRoot) -> None:
    """Its clock shows that it is not sure any more, and the database that another one has the lease."""
    conninfo, clock = databases.new(), Clock()
    frozen = taken(database(conninfo, clock), root)
    leases = database(conninfo)
    end_leases(leases)
    second = taken(leases, root)
    assert second.is_takeover
    clock.now += HOUR
    with pytest.raises(LeaseLost):
        frozen.confirm()
    frozen.close()  # it releases nothing of the other
    second.confirm()
    assert leases.take(root) is None
    second.close()


def test_a_holder_that_woke_in_time_keeps_its_lease(databases: Databases, root: VolumeRoot) -> None:
    """No other process wanted it meanwhile; also where only the time of day was changed."""
    conninfo, steady, wall = databases.new(), Clock(), Clock()
    leases = LeaseDatabase(conninfo, lease_seconds=HOUR, extend_seconds=HOUR, clocks=(steady, wall))
    lease = taken(leases, root)
    for clock, seconds in ((steady, HOUR), (wall, 10 * HOUR), (wall, -20 * HOUR)):
        end_leases(leases)
        clock.now += seconds
        lease.confirm()
        assert leases.take(root) is None
    lease.close()


def test_a_holder_extends_its_lease(databases: Databases, root: VolumeRoot) -> None:
    leases = database(databases.new(), extend_seconds=0.01)
    lease = taken(leases, root)
    end_leases(leases)
    wait_until(lambda: bool(leases.fetch(EXTENDED, {})))
    assert leases.take(root) is None
    lease.close()


def test_without_an_answer_of_the_database_the_lease_is_lost(
    databases: Databases, root: VolumeRoot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While it is certain the database is not needed."""
    clock = Clock()
    leases = database(databases.new(), clock)
    lease = taken(leases, root)

    def refuse(*_: object) -> list[dict[str, object]]:
        raise ServiceUnavailable("The database does not answer.")

    monkeypatch.setattr(leases, "fetch", refuse)
    lease.confirm()
    clock.now += HOUR
    with pytest.raises(LeaseLost, match="does not answer"):
        lease.confirm()
    lease.close()


@contextmanager
def opened(server: ObjectServer, lease: DatabaseLease, root: VolumeRoot) -> Iterator[tuple[Reconciler, OpenVolume]]:
    with ExitStack() as stack:
        reader = stack.enter_context(server.reader())
        stack.callback(lease.close)
        volume = stack.enter_context(open_volume(options(root.path), reader, root, lease))
        yield Reconciler(volume, Progress(), threading.Event()), volume


@pytest.mark.parametrize("is_set", [False, True], ids=["file", "set"])
def test_a_writer_that_wakes_after_another_took_over_writes_nothing(
    databases: Databases, root: VolumeRoot, server: ObjectServer, monkeypatch: pytest.MonkeyPatch, is_set: bool
) -> None:
    """It was frozen at the worst moment: behind its last look at the lease, right before a rename.

    The other one has published a newer file meanwhile. Neither the volume nor the journal shows anything of the first.
    """

    def put(body: bytes) -> None:
        if is_set:
            put_set(server, "set/", one=body)
        else:
            server.put("a.bin", body)

    conninfo, clock = databases.new(), Clock()
    put(b"older")
    rename = root.rename
    with opened(server, taken(database(conninfo, clock), root), root) as (frozen, volume):

        def frozen_rename(source: str, target: str) -> None:
            if not is_temporary(source.rpartition("/")[2]):
                rename(source, target)
                return
            monkeypatch.setattr(root, "rename", rename)
            put(b"newer, of the second")
            leases = database(conninfo)
            end_leases(leases)
            with VolumeRoot(root.path) as same, opened(server, taken(leases, same), same) as (second, _):
                assert second.run().is_successful
            clock.now += HOUR  # the first one wakes
            rename(source, target)

        monkeypatch.setattr(root, "rename", frozen_rename)
        with pytest.raises(LeaseLost):
            frozen.run()
        with pytest.raises(LeaseLost):
            frozen.clean_up()
        volume.journal.append(Certainty(is_certain=False))  # whatever it still wrote
    assert files_of(root.path) == {key: served.content for key, served in server.objects.items()}
    journal = Journal.read(PosixDisk(root.path))
    assert journal.damage == ()
    assert journal.state.is_certain
    assert {stored.etag for stored in journal.state.files.values()} == {
        served.quoted_etag.strip('"') for served in server.objects.values()
    }


def test_a_second_replica_takes_over_from_a_frozen_one(
    databases: Databases, server: ObjectServer, tmp_path: Path
) -> None:
    """The first one stands by once it wakes."""
    conninfo, clock = databases.new(), Clock()
    server.put("a.bin", b"one")
    made = options(tmp_path / "models")
    with running_sync(server, made, take_lease=database(conninfo, clock).take) as first:
        first.wait_until_idle()
        with running_sync(server, made, take_lease=database(conninfo).take) as second:
            wait_until(lambda: second.sync.state.is_standby)
            end_leases(database(conninfo))
            second.wait_until_idle()
            clock.now += HOUR
            wait_until(lambda: first.sync.state.is_standby)
            server.put("b.bin", b"two")
            assert second.event("b.bin") == {}
            assert files_of(made.base_path) == {"a.bin": b"one", "b.bin": b"two"}
            assert first.sync.apply([]).exception(60) is not None


def test_without_its_database_nothing_is_written_and_the_service_says_so(server: ObjectServer, tmp_path: Path) -> None:
    leases = LeaseDatabase("postgresql://127.0.0.1:1/none")
    with running_sync(server, options(tmp_path / "models"), take_lease=leases.take) as running:
        wait_until(lambda: running.sync.state.trouble is not None)
        assert "database" in (running.sync.state.trouble or "")
        assert files_of(tmp_path / "models") == {}
