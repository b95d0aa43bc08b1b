"""A plan publishes sets as a whole."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from hashlib import sha256

import pytest

from sayso.modelsync.keys import KeyRules
from sayso.modelsync.plan.actions import ActionKind
from sayso.modelsync.plan.plan import PlanRules, make_plan
from sayso.modelsync.records import Checksum, ChecksumAlgorithm, FileKind
from support.modelsync.volume_model import NOW, Model, manifest_of

ALL = PlanRules(keys=KeyRules(), max_delete_ratio=1.0, atomic_prefixes=("atomic/",))


@pytest.fixture(name="of_set")
def model_of_a_set() -> Model:
    """A set with a manifest, published."""
    model = Model()
    model.put("set/x.bin", b"one")
    model.put("set/tokenizer.model", b"a suffix that does not count")
    model.put("set/m.manifest.json", manifest_of(model))
    plan = model.plan(ALL)
    assert plan.actions == ()
    (change,) = plan.sets
    assert change.reason == "3 files to transfer, it is not published as a set yet"
    model.apply(plan)
    assert model.plan(ALL).is_empty
    return model


def test_a_set_is_published_with_the_checksums_of_its_manifest(of_set: Model) -> None:
    """The files that it lists count whatever their suffix is."""
    of_set.put("set/x.bin", b"two")
    of_set.put("set/m.manifest.json", manifest_of(of_set))
    (change,) = of_set.plan(ALL).sets
    assert [member.key for member in change.members] == ["set/m.manifest.json", "set/tokenizer.model", "set/x.bin"]
    assert [action.key for action in change.transfers] == ["set/m.manifest.json", "set/x.bin"]
    checksum = Checksum(algorithm=ChecksumAlgorithm.SHA256, digest=sha256(b"two").hexdigest())
    assert change.members[2].checksums == (checksum,)
    assert change.transfers[1].remote == change.members[2]


@pytest.mark.parametrize(
    ("key", "content", "reason"),
    [
        ("set/x.bin", b"larger", "Its manifest says that 'x.bin' has 3 bytes; in the bucket it has 6."),
        ("set/x.bin", None, "Its manifest lists 'x.bin', which is not in the bucket or cannot be a file."),
        ("set/m.manifest.json", b"{}", "cannot be used: manifest_version: Field required"),
    ],
)
def test_a_set_waits_until_it_is_what_its_manifest_says(
    of_set: Model, key: str, content: bytes | None, reason: str
) -> None:
    """The version before stays on the volume."""
    if content is None:
        del of_set.bucket[key]
    else:
        of_set.put(key, content)
    plan = of_set.plan(ALL)
    (waiting,) = plan.waiting
    assert plan.is_empty
    assert reason in waiting.reason


def test_a_manifest_has_to_be_read_first(of_set: Model) -> None:
    """The plan says which."""
    of_set.put("set/m.manifest.json", manifest_of(of_set) + b" ")
    plan = make_plan(of_set.listing(), of_set.scan(), of_set.state, rules=ALL, now=NOW)
    (waiting,) = plan.waiting
    assert waiting.unread == (of_set.remote("set/m.manifest.json"),)


def test_a_set_without_a_manifest_waits_until_it_is_quiet() -> None:
    """By the clock of the bucket."""
    model = Model()
    rules = replace(ALL, quiet_seconds=30.0)
    for age_seconds, is_published in ((29, False), (30, True)):
        model.put("atomic/x.bin", b"one", at=NOW - timedelta(seconds=age_seconds))
        plan = model.plan(rules)
        assert (len(plan.sets) == 1) is is_published
        assert plan.is_empty is not is_published


def test_a_file_that_leaves_a_set_is_not_in_its_next_version(of_set: Model) -> None:
    """It is not deleted on its own: the version before keeps it."""
    del of_set.bucket["set/x.bin"]
    of_set.put("set/m.manifest.json", manifest_of(of_set))
    plan = of_set.plan(ALL)
    (change,) = plan.sets
    assert (plan.actions, change.removed) == ((), ("set/x.bin",))
    limited = of_set.plan(replace(ALL, max_delete_ratio=0.1))
    assert limited.is_empty
    assert [each.prefix for each in limited.waiting] == ["set/"]


def test_a_set_whose_objects_are_gone_is_removed(of_set: Model) -> None:
    """With its link; after that it is no set any more."""
    of_set.bucket.clear()
    plan = of_set.plan(ALL)
    (change,) = plan.sets
    assert (change.version, change.members, len(change.removed)) == ("", (), 3)
    of_set.apply(plan)
    assert of_set.plan(ALL).is_empty
    assert (of_set.volume, of_set.state.sets) == ({}, {})


def test_a_set_does_not_hide_foreign_files() -> None:
    """A directory that has some stays; one with files of the set alone is taken over."""
    model = Model()
    model.put("atomic/x.bin", b"one")
    model.write("atomic/x.bin", b"one")
    assert [action.kind for action in model.plan(ALL).sets[0].transfers] == [ActionKind.ADOPT]
    model.write("atomic/mine.txt", b"mine")
    plan = model.plan(ALL)
    assert plan.is_empty
    assert "has a file that is not from Sayso, which a link would hide: 'atomic/mine.txt'" in plan.waiting[0].reason
    model.write("atomic", b"", FileKind.SYMLINK)
    assert "A symlink that is not from this set is in its place: 'atomic'." in model.plan(ALL).waiting[0].reason


def test_sets_do_not_nest() -> None:
    """The outermost one is the set; a manifest at the root makes none."""
    model = Model()
    for key in ("atomic/deep/x.bin", "atomic/deep/m.manifest.json", "m.manifest.json"):
        model.put(key, b"one")
    plan = model.plan(ALL)
    assert [change.prefix for change in plan.sets] == ["atomic/"]
    assert [action.key for action in plan.actions] == ["m.manifest.json"]
