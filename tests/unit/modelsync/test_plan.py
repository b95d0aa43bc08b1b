"""A plan makes the volume equal to the bucket, and touches nothing else."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sayso.modelsync.actions import ActionKind, Plan
from sayso.modelsync.keys import KeyRules
from sayso.modelsync.plan import PlanRules, make_plan
from sayso.modelsync.plan_report import plan_lines, summary
from sayso.modelsync.records import Checksum, ChecksumAlgorithm, FileKind, Listing, RefusalReason, VolumeScan
from support.modelsync.volume_model import NOW, Entry, Model

ALL = PlanRules(keys=KeyRules(), max_delete_ratio=1.0, atomic_prefixes=("atomic/",))
KEYS = [
    "a.bin",
    "A.bin",
    "a.bin/b.json",
    "a/b.bin",
    "a/b.bin/c.txt",
    "a/c.json",
    "设/模型 v2+.onnx",
    "set/x.bin",
    "set/y.bin",
    "set/deep/z.bin",
    "atomic/x.bin",
    "atomic/y.bin",
    "../out.bin",
    "readme.md",
]
CONTENTS = [b"", b"one", b"two", b"three"]


def manifest_of(model: Model, *, extra: int = 0) -> bytes:
    """The manifest of the objects below ``set/``, or one that is wrong about their sizes."""
    files = [
        {"path": key[4:], "size": len(content) + extra, "sha256": sha256(content).hexdigest()}
        for key, content in model.bucket.items()
        if key.startswith("set/") and not key.endswith(".manifest.json")
    ]
    return json.dumps({"manifest_version": 1, "files": files}).encode()


@st.composite
def changed(draw: st.DrawFn, model: Model) -> None:
    """Change the bucket and the volume."""
    for key in draw(st.lists(st.sampled_from(KEYS), max_size=6)):
        model.put(key, draw(st.sampled_from(CONTENTS)), etag=draw(st.sampled_from([None, f"{model.inodes}-2"])))
    for key in draw(st.lists(st.sampled_from([*KEYS, "set/m.manifest.json"]), max_size=4)):
        model.bucket.pop(key, None)
    if draw(st.booleans()):
        model.put("set/m.manifest.json", manifest_of(model, extra=draw(st.sampled_from([0, 0, 0, 1]))))
    paths = st.sampled_from([*KEYS[:-2], "notes.txt", "set", "set/mine.txt", "a/b.bin/own.log"])
    for path in draw(st.lists(paths, max_size=4)):
        if not any(path.startswith(prefix) or f"{path}/" == prefix for prefix in model.links):
            kind = draw(st.sampled_from([FileKind.FILE, FileKind.FILE, FileKind.SYMLINK]))
            model.write(path, draw(st.sampled_from(CONTENTS)), kind)
    for path in sorted(draw(st.sets(st.sampled_from(sorted(model.volume)), max_size=3)) if model.volume else ()):
        if draw(st.booleans()):
            model.touch(path)
        else:
            del model.volume[path]


def foreign_entries(model: Model, plan: Plan) -> dict[str, Entry]:
    return {each.path: model.volume[each.path] for each in plan.foreign}


@settings(deadline=None, max_examples=400)
@given(st.data())
def test_plans_make_the_volume_equal_to_the_bucket(data: st.DataObject) -> None:
    """After each change; nothing foreign is touched, and then there is nothing more to do."""
    model = Model()
    for _ in range(data.draw(st.integers(1, 4))):
        data.draw(changed(model))
        for _ in range(4):
            plan = model.plan(ALL)
            before = foreign_entries(model, plan)
            model.apply(plan)
            assert {path: model.volume.get(path) for path in before} == before
            if plan.is_empty:
                break
        assert plan.is_empty
        assert model.plan(ALL) == plan
        waiting = tuple(each.prefix for each in plan.waiting)
        left_out = {each.key for each in plan.refused}
        for key, content in model.bucket.items():
            if key in left_out or key == "readme.md" or key.startswith(waiting):
                continue
            assert model.volume[key].content == content
            assert model.volume[key].kind is FileKind.FILE
            assert model.state.files[key].stat == model.volume[key].stat
        gone = {key for key in model.state.files if key not in model.bucket and not key.startswith(waiting)}
        assert gone == set()


@settings(deadline=None, max_examples=200)
@given(st.data())
def test_nothing_is_deleted_unless_everything_is_known(data: st.DataObject) -> None:
    """After an error in the listing, in the scan, or in the journal; the rest of the plan is made."""
    model = Model()
    data.draw(changed(model))
    model.apply(model.plan(ALL))
    data.draw(changed(model))
    scan, listing = model.scan(), model.listing()
    cases = [
        (replace(listing, objects=listing.objects[::2], is_complete=False), scan, model.state),
        (listing, replace(scan, is_complete=False), model.state),
        (listing, scan, replace(model.state, is_certain=False)),
    ]
    for some_listing, some_scan, state in cases:
        plan = make_plan(some_listing, some_scan, state, rules=ALL, now=NOW, manifests=model.manifests())
        assert not {action.kind for action in plan.actions} & {ActionKind.DELETE, ActionKind.FORGET}
        assert not any(change.removed for change in plan.sets)
        gone = state.files.keys() - {each.key for each in some_listing.objects}
        assert set(plan.withheld) == gone
        assert (plan.withheld_reason is not None) is bool(gone)


@settings(deadline=None, max_examples=200)
@given(st.data(), st.floats(0, 1))
def test_no_plan_deletes_more_than_the_limit(data: st.DataObject, ratio: float) -> None:
    """All deletions are withheld then; files are downloaded nevertheless."""
    model = Model()
    data.draw(changed(model))
    model.apply(model.plan(ALL))
    data.draw(changed(model))
    plan = model.plan(replace(ALL, max_delete_ratio=ratio))
    deletions = sum(action.kind is ActionKind.DELETE for action in plan.actions)
    assert deletions <= ratio * len(model.state.files)
    if plan.withheld_reason is None:
        assert plan == model.plan(ALL)


@settings(deadline=None, max_examples=200)
@given(st.data())
def test_a_plan_can_be_carried_out_in_part(data: st.DataObject) -> None:
    """Whatever was left out is planned again."""
    model = Model()
    data.draw(changed(model))
    plan = model.plan(ALL)
    count = data.draw(st.integers(0, len(plan.actions)))
    model.apply(replace(plan, actions=plan.actions[:count], sets=plan.sets[: data.draw(st.integers(0, 2))]))
    model.apply(model.plan(ALL))
    whole = Model(bucket=model.bucket, uploaded=model.uploaded)
    for key in model.state.files:
        assert model.volume[key].content == whole.bucket[key]


def only(plan: Plan) -> tuple[ActionKind, str]:
    (action,) = plan.actions
    return action.kind, action.reason


@pytest.fixture(name="model")
def model_of_one_file() -> Model:
    """One file, as it should be."""
    model = Model()
    model.put("a/b.bin", b"one")
    model.apply(model.plan(ALL))
    assert model.plan(ALL).is_empty
    return model


def test_a_new_object_is_downloaded(model: Model) -> None:
    """And so is one whose file has disappeared."""
    model.put("a/c.json", b"{}")
    assert only(model.plan(ALL)) == (ActionKind.DOWNLOAD, "it is not on the volume")
    del model.bucket["a/c.json"]
    del model.volume["a/b.bin"]
    assert only(model.plan(ALL)) == (ActionKind.DOWNLOAD, "the file is gone from the volume")


def test_a_changed_object_replaces_its_file(model: Model) -> None:
    """Also if it has the same size, and the same time."""
    model.put("a/b.bin", b"two")
    assert only(model.plan(ALL)) == (ActionKind.REPLACE, "the object was changed")


def test_the_time_decides_where_there_are_no_etags(model: Model) -> None:
    """Some servers send none."""
    stored = model.state.files["a/b.bin"]
    model.state.files["a/b.bin"] = replace(stored, etag="")
    assert model.plan(ALL).is_empty
    model.put("a/b.bin", b"one", at=NOW)
    assert only(model.plan(ALL)) == (ActionKind.REPLACE, "the object was changed")


def test_the_same_content_under_another_etag_is_not_downloaded(model: Model) -> None:
    """If the bucket says its checksum."""
    (remote,) = model.listing().objects
    for digest, kind in ((sha256(b"one").hexdigest(), ActionKind.ADOPT), ("0" * 64, ActionKind.REPLACE)):
        changed_object = replace(
            remote,
            etag="other-3",
            checksums=(
                Checksum(algorithm=ChecksumAlgorithm.CRC32, digest="00000000", is_full_object=False),
                Checksum(algorithm=ChecksumAlgorithm.SHA256, digest=digest),
            ),
        )
        listing = Listing(objects=(changed_object,), is_complete=True)
        plan = make_plan(listing, model.scan(), model.state, rules=ALL, now=NOW)
        assert only(plan)[0] is kind


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"one", (ActionKind.ADOPT, "the journal does not know the file")),
        (b"two", (ActionKind.ADOPT, "the journal does not know the file")),
        (b"three", (ActionKind.REPLACE, "the file has another size")),
    ],
)
def test_the_files_of_a_former_service_are_adopted(content: bytes, expected: tuple[ActionKind, str]) -> None:
    """By comparing checksums where the size is right; whatever is different is downloaded."""
    model = Model()
    model.put("a/b.bin", b"one")
    model.write("a/b.bin", content)
    before = model.volume["a/b.bin"].stat
    plan = model.plan(ALL)
    assert only(plan) == expected
    model.apply(plan)
    assert (model.volume["a/b.bin"].stat == before) is (content == b"one")
    assert model.plan(ALL).is_empty


def test_a_file_whose_checksum_is_known_to_differ_is_not_read_again() -> None:
    """Nor is one that is known to be equal: the action has what was found."""
    model = Model()
    model.put("a/b.bin", b"one")
    model.write("a/b.bin", b"two")
    (remote,) = model.listing().objects
    for content, kind in ((b"two", ActionKind.REPLACE), (b"one", ActionKind.ADOPT)):
        checksum = Checksum(algorithm=ChecksumAlgorithm.SHA256, digest=sha256(content).hexdigest())
        entries = dict(model.scan().entries)
        entries["a/b.bin"] = replace(entries["a/b.bin"], checksums=(checksum,))
        listed = replace(
            remote, checksums=(Checksum(algorithm=ChecksumAlgorithm.SHA256, digest=sha256(b"one").hexdigest()),)
        )
        listing = Listing(objects=(listed,), is_complete=True)
        plan = make_plan(listing, VolumeScan(entries=entries), model.state, rules=ALL, now=NOW)
        assert plan.actions[0].kind is kind
        assert plan.actions[0].found == entries["a/b.bin"]


def test_a_file_that_was_touched_is_compared(model: Model) -> None:
    """And replaced only if it differs."""
    model.touch("a/b.bin")
    assert only(model.plan(ALL)) == (ActionKind.ADOPT, "the file was touched since it was published")


def test_only_unchanged_files_of_ours_are_deleted(model: Model) -> None:
    """A file that others have changed, or put there, stays."""
    del model.bucket["a/b.bin"]
    assert only(model.plan(ALL)) == (ActionKind.DELETE, "the object is gone")
    kept = model.state.files["a/b.bin"]
    model.state.files["a/b.bin"] = replace(kept, is_ours=False)
    assert only(model.plan(ALL)) == (ActionKind.FORGET, "the object is gone; the file is not from Sayso and stays")
    model.state.files["a/b.bin"] = kept
    model.touch("a/b.bin")
    plan = model.plan(ALL)
    assert only(plan) == (ActionKind.FORGET, "the object is gone; the file was changed by others and stays")
    model.apply(plan)
    assert [each.path for each in model.plan(ALL).foreign] == ["a/b.bin"]
    del model.volume["a/b.bin"]
    assert model.plan(ALL).is_empty


def test_an_emptied_bucket_deletes_nothing(model: Model) -> None:
    """It would be more than the limit; the reason says how many."""
    model.bucket.clear()
    plan = model.plan(PlanRules())
    assert (plan.actions, plan.withheld) == ((), ("a/b.bin",))
    assert plan.withheld_reason == "1 of 1 files would be deleted, more than the limit of 50%."


def test_files_and_directories_change_places(model: Model) -> None:
    """The deletion comes first."""
    del model.bucket["a/b.bin"]
    model.put("a/b.bin/c.txt", b"two")
    plan = model.plan(ALL)
    assert [(action.kind, action.key) for action in plan.actions] == [
        (ActionKind.DELETE, "a/b.bin"),
        (ActionKind.DOWNLOAD, "a/b.bin/c.txt"),
    ]
    model.apply(plan)
    del model.bucket["a/b.bin/c.txt"]
    model.put("a/b.bin", b"one")
    plan = model.plan(ALL)
    assert [(action.kind, action.key) for action in plan.actions] == [
        (ActionKind.DELETE, "a/b.bin/c.txt"),
        (ActionKind.DOWNLOAD, "a/b.bin"),
    ]
    model.apply(plan)
    assert model.plan(ALL).is_empty


@pytest.mark.parametrize("kind", [FileKind.SYMLINK, FileKind.OTHER, FileKind.FILE])
@pytest.mark.parametrize("path", ["x", "x/y.bin", "x/y.bin/deep/own.log"])
def test_what_is_foreign_is_in_the_way_and_stays(kind: FileKind, path: str) -> None:
    """A link is not followed, a file not replaced by a directory, a directory not emptied."""
    model = Model()
    model.put("x/y.bin", b"one")
    model.put("z.bin", b"one")
    model.write(path, b"mine", kind)
    plan = model.plan(ALL)
    if path == "x/y.bin" and kind is FileKind.FILE:
        assert plan.refused == ()
        return
    (refused,) = plan.refused
    assert (refused.key, refused.reason) == ("x/y.bin", RefusalReason.FOREIGN_ENTRY)
    assert [action.key for action in plan.actions] == ["z.bin"]


def test_temporary_files_and_skipped_objects_are_left_alone() -> None:
    """They are neither foreign nor deleted."""
    model = Model()
    model.put("readme.md", b"one")
    model.write(".a.bin.sayso-0f.partial", b"half")
    model.write("readme.md", b"other")
    plan = model.plan(ALL)
    assert (plan.is_empty, plan.foreign, plan.skipped) == (True, (), 1)


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


def test_a_plan_is_printed() -> None:
    """A line for each thing, without characters that disturb a terminal, and a sum."""
    model = Model()
    for number in range(12):
        model.put(f"a/{number:02}.bin", b"one")
    model.put("a/\x1b[2J.bin", b"x")
    model.put("atomic/x.bin", b"one")
    model.put("set/x.bin", b"one")
    model.put("set/m.manifest.json", b"")
    model.write("notes\x07.txt", b"mine")
    plan = model.plan(ALL)
    lines = list(plan_lines(plan, maximum_each=10))
    assert all(line.isprintable() for line in lines)
    assert "download  'a/00.bin' (3 bytes): it is not on the volume" in lines
    assert "… and 2 more actions" in lines
    assert any(line.startswith("publish   'atomic/' as version ") for line in lines)
    assert any(line.startswith("wait      'set/': The manifest 'set/m.manifest.json' cannot be used") for line in lines)
    assert r"refuse    The key 'a/\x1b[2J.bin' has a control character." in lines
    assert r"keep      'notes\x07.txt': not in the bucket, and not from Sayso" in lines
    assert lines[-1] == summary(plan)
    assert lines[-1] == (
        "13 to download, 1 sets to publish, 0 unchanged, 0 skipped, 1 refused; at most 39 bytes to transfer"
    )


def test_a_hundred_thousand_objects_are_planned() -> None:
    """All at once."""
    model = Model()
    for number in range(100_000):
        model.put(f"essential/{number % 100}/模型-{number}.bin", b"one")
    assert len(model.plan(ALL).actions) == 100_000
