"""A volume that gets another bucket: nothing of the first one is deleted, what both have is taken over."""

from __future__ import annotations

import errno
import json
import threading
from typing import TYPE_CHECKING

import pytest

from sayso.modelsync.volume.lease import volume_id
from support.aws.object_server import ObjectServer, object_server
from support.modelsync.services import files_of, options, put_set, reconciler

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def first() -> Iterator[ObjectServer]:
    with object_server() as running:
        yield running


@pytest.fixture
def second() -> Iterator[ObjectServer]:
    with object_server() as running:
        yield running


def test_the_files_of_another_bucket_stay(first: ObjectServer, second: ObjectServer, tmp_path: Path) -> None:
    """However few they are, and in every later reconciliation; what goes from the new bucket is deleted as ever."""
    first.put("only-first.bin", b"1")
    first.put("both.bin", b"both")
    put_set(first, "set/", one=b"set of the first")
    for key in ("both.bin", "a.bin", "b.bin", "c.bin", "d.bin", "e.bin", "f.bin"):
        second.put(key, b"both" if key == "both.bin" else key.encode())
    made = options(tmp_path)
    with reconciler(first, made, threading.Event(), clock=lambda: 0.0) as (of_first, _):
        assert of_first.run().is_successful
    of_the_first = files_of(tmp_path)
    with reconciler(second, made, threading.Event(), clock=lambda: 0.0) as (of_second, volume):
        planned = of_second.plan()
        assert [str(action.kind) for action in planned.actions if action.remote is None] == []
        for _ in range(2):
            result = of_second.run()
            assert (result.is_successful, result.deleted) == (True, ())
        assert set(volume.journal.state.files) == set(second.objects)
        assert "both.bin" not in result.published
        del second.objects["a.bin"]
        assert of_second.run().deleted == ("a.bin",)
    expected = of_the_first | {key: served.content for key, served in second.objects.items()}
    assert files_of(tmp_path) == expected


def test_a_volume_of_an_older_version_belongs_to_the_bucket_that_it_is_used_with(
    first: ObjectServer, tmp_path: Path
) -> None:
    made = options(tmp_path)
    for key in ("a.bin", "b.bin", "c.bin"):
        first.put(key, b"x")
    with reconciler(first, made, threading.Event(), clock=lambda: 0.0) as (reconciling, _):
        reconciling.run()
        place = tmp_path / ".sayso/source"
        assert json.loads(place.read_text())["bucket"]
        place.unlink()
        del first.objects["a.bin"]
        assert reconciling.run().deleted == ("a.bin",)
        place.write_text("half wri")
        del first.objects["b.bin"]
        assert reconciling.run().deleted == ("b.bin",)


def test_an_incomplete_listing_of_another_bucket_changes_nothing(
    first: ObjectServer, second: ObjectServer, tmp_path: Path
) -> None:
    """As where the address of the bucket is wrong for a moment."""
    made = options(tmp_path)
    first.put("a.bin", b"x")
    with reconciler(first, made, threading.Event(), clock=lambda: 0.0) as (reconciling, _):
        reconciling.run()
    second.own_page = b"<html>not found</html>"
    with reconciler(second, made, threading.Event(), clock=lambda: 0.0) as (reconciling, volume):
        assert not reconciling.run().is_complete
        assert set(volume.journal.state.files) == {"a.bin"}
    del first.objects["a.bin"]
    first.put("b.bin", b"x")
    with reconciler(first, made, threading.Event(), clock=lambda: 0.0) as (reconciling, _):
        assert reconciling.run().deleted == ("a.bin",)


def test_a_volume_without_fsync_is_enough(first: ObjectServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """For the lease, the name of the volume, its bucket and what readers may know of it."""

    def refuse(_descriptor: int) -> None:
        raise OSError(errno.EOPNOTSUPP, "Operation not supported")

    monkeypatch.setattr("os.fsync", refuse)
    first.put("a.bin", b"x")
    with reconciler(first, options(tmp_path), threading.Event(), clock=lambda: 0.0) as (reconciling, volume):
        assert volume_id(volume.root) == volume_id(volume.root)
        assert reconciling.run().is_successful
    assert files_of(tmp_path) == {"a.bin": b"x"}
    assert {"lease", "source", "synchronised", "volume"} <= {path.name for path in (tmp_path / ".sayso").iterdir()}
