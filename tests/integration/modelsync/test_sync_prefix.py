"""A volume whose prefix is changed: what is outside of it is left alone, whatever the bucket has."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from support.aws.object_server import object_server
from support.modelsync.services import files_of, options, put_set, reconciler

if TYPE_CHECKING:
    from pathlib import Path


def test_files_outside_the_prefix_stay(tmp_path: Path) -> None:
    """Also sets; below the prefix, files go as ever, and with the wider prefix again, the others do, too."""
    with object_server() as server:
        for key in ("essential/a/1.bin", "essential/a/2.bin", "optional/b/1.bin"):
            server.put(key, key.encode())
        put_set(server, "optset/", one=b"set")
        with reconciler(server, options(tmp_path), threading.Event(), clock=lambda: 0.0) as (reconciling, _):
            assert reconciling.run().is_successful
        everything = files_of(tmp_path)
        assert len(everything) == 5
        narrow = options(tmp_path, prefix="essential/")
        with reconciler(server, narrow, threading.Event(), clock=lambda: 0.0) as (reconciling, _):
            plan = reconciling.plan()
            assert (plan.actions, plan.sets, plan.foreign, plan.withheld) == ((), (), (), ())
            assert reconciling.run().deleted == ()
            assert files_of(tmp_path) == everything
            del server.objects["essential/a/1.bin"]
            del server.objects["optional/b/1.bin"]
            assert reconciling.run().deleted == ("essential/a/1.bin",)
        with reconciler(server, options(tmp_path), threading.Event(), clock=lambda: 0.0) as (reconciling, _):
            assert reconciling.run().deleted == ("optional/b/1.bin",)
        assert files_of(tmp_path).keys() == everything.keys() - {"essential/a/1.bin", "optional/b/1.bin"}


def test_a_prefix_within_a_set_changes_nothing_of_it(tmp_path: Path) -> None:
    """The keys are refused: a set is published as a whole, and only a part of it is listed."""
    with object_server() as server:
        put_set(server, "set/", one=b"1", two=b"2")
        with reconciler(server, options(tmp_path), threading.Event(), clock=lambda: 0.0) as (reconciling, _):
            assert reconciling.run().is_successful
        everything = files_of(tmp_path)
        server.put("set/one.bin", b"another")
        narrow = options(tmp_path, prefix="set/o")
        with reconciler(server, narrow, threading.Event(), clock=lambda: 0.0) as (reconciling, _):
            assert [each.key for each in reconciling.run().refused] == ["set/one.bin"]
        assert files_of(tmp_path) == everything
