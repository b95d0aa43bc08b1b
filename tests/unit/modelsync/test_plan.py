"""A plan makes the volume equal to the bucket, and touches nothing else."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sayso.modelsync.keys import KeyRules
from sayso.modelsync.plan.actions import ActionKind, Plan
from sayso.modelsync.plan.plan import PlanRules, make_plan
from sayso.modelsync.plan.report import plan_lines, summary
from sayso.modelsync.records import Checksum, ChecksumAlgorithm, FileKind, Listing, RefusalReason, VolumeScan
from support.modelsync.volume_model import NOW, Entry, Model, manifest_of

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
