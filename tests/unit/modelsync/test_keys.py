"""Keys become paths below the root, or are refused with a reason."""

from __future__ import annotations

import os
import unicodedata
from itertools import combinations
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sayso.modelsync.keys import (
    MAXIMUM_NAME_BYTES,
    KeyIndex,
    KeyRules,
    category_of,
    folded,
    is_temporary,
    temporary_name,
    type_of,
)
from sayso.modelsync.records import RefusalReason

if TYPE_CHECKING:
    import random

RULES = KeyRules(suffixes=())

hostile_names = st.sampled_from(
    [
        "",
        ".",
        "..",
        "...",
        ".sayso",
        ".SAYSO",
        "a",
        "A",
        "a.bin",
        "é",
        "e\u0301",
        "É",
        "ß",
        "SS",
        "\0",
        "\\",
        "a\n",
        "\ud800",
    ]
) | st.text(max_size=5)
hostile_keys = st.lists(hostile_names, max_size=5).map("/".join) | st.text(max_size=20)


@given(hostile_keys)
def test_no_path_leaves_the_root(key: str) -> None:
    """A path is a plain relative one, which normalising does not change, and not where Sayso keeps its state."""
    if RULES.refusal_of(key) is not None:
        return
    root = "/srv/models"
    path = os.path.normpath(os.path.join(root, key))  # noqa: PTH118
    assert path == f"{root}/{key}"
    assert os.path.relpath(path, root) == key
    assert key.partition("/")[0].lower() != ".sayso"
    assert all(len(name.encode()) <= MAXIMUM_NAME_BYTES for name in key.split("/"))


@given(st.lists(hostile_keys, max_size=12), st.randoms(use_true_random=False))
def test_the_accepted_keys_have_paths_of_their_own(keys: list[str], order: random.Random) -> None:
    """On every file system; each key is accepted or refused, whatever the order of the listing."""
    resolved = RULES.resolve(keys)
    shuffled = keys.copy()
    order.shuffle(shuffled)
    assert RULES.resolve(shuffled) == resolved
    assert sorted([*resolved.accepted, *(refusal.key for refusal in resolved.refused)]) == sorted(set(keys))
    for first, second in combinations(resolved.accepted, 2):
        assert folded(first) != folded(second)
        assert not f"{folded(first)}/".startswith(f"{folded(second)}/")
        assert not f"{folded(second)}/".startswith(f"{folded(first)}/")


@given(st.lists(hostile_keys, max_size=12), st.data())
def test_the_keys_that_have_a_file_keep_it(keys: list[str], data: st.DataObject) -> None:
    """A new key never replaces an older one, and a removed key makes room."""
    before = RULES.resolve(keys)
    more = data.draw(st.lists(hostile_keys, max_size=12))
    after = RULES.resolve([*keys, *more], incumbents=set(before.accepted))
    assert set(before.accepted) <= set(after.accepted)
    index = KeyIndex()
    for key in before.accepted:
        assert index.add(key) is None
        assert index.add(key) is None
    for key in before.accepted:
        index.discard(key)
        index.discard("no such key")
    assert all(index.add(key) is None for key in after.accepted)


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        ("", RefusalReason.EMPTY),
        ("/etc/passwd.txt", RefusalReason.ABSOLUTE),
        ("../a.bin", RefusalReason.PARENT),
        ("a/../../b.bin", RefusalReason.PARENT),
        ("a/./b.bin", RefusalReason.PARENT),
        ("a//b.bin", RefusalReason.EMPTY_SEGMENT),
        ("a/", RefusalReason.EMPTY_SEGMENT),
        ("a\\..\\b.bin", RefusalReason.BACKSLASH),
        ("a\0.bin", RefusalReason.CONTROL_CHARACTER),
        ("a\n.bin", RefusalReason.CONTROL_CHARACTER),
        ("\udcff.bin", RefusalReason.NOT_UNICODE),
        (".sayso/journal/log.json", RefusalReason.RESERVED),
        ("a/.Sayso/b.json", RefusalReason.RESERVED),
        (f"a/{temporary_name('b.bin', '0f')}", RefusalReason.RESERVED),
        ("a/" + "é" * 126 + ".bin", RefusalReason.NAME_TOO_LONG),
    ],
)
def test_what_is_no_plain_path_is_refused(key: str, reason: RefusalReason) -> None:
    """With a label, and a sentence in which nothing disturbs a terminal."""
    refusal = RULES.refusal_of(key)
    assert refusal is not None
    assert (refusal.key, refusal.reason) == (key, reason)
    assert refusal.detail.isprintable()


@pytest.mark.parametrize(
    "key",
    ["中文/模型 v2+.onnx", "a b/c+d%20.bin", "...", "a/..b", "a/b..", ".hidden/x.bin", "C:/x.bin", "-rf", "a:b|c?*"],
)
def test_unusual_names_are_paths(key: str) -> None:
    """Chinese names, spaces, ``+`` and percent signs are used as they are."""
    assert RULES.refusal_of(key) is None


def test_a_path_may_be_as_long_as_the_system_allows() -> None:
    """The root counts."""
    key = "/".join(["a" * 255] * 4)
    assert KeyRules(root_bytes=4095 - 1 - len(key)).refusal_of(key) is None
    refusal = KeyRules(root_bytes=4095 - len(key)).refusal_of(key)
    assert refusal is not None
    assert refusal.reason is RefusalReason.PATH_TOO_LONG


@pytest.mark.parametrize(
    ("keys", "accepted", "reason"),
    [
        (["a/Model.bin", "a/model.bin"], "a/Model.bin", RefusalReason.NAME_COLLISION),
        (["é.bin", "e\u0301.bin"], "e\u0301.bin", RefusalReason.NAME_COLLISION),
        (["straße.bin", "STRASSE.bin"], "STRASSE.bin", RefusalReason.NAME_COLLISION),
        (["A/x.bin", "a/X.bin"], "A/x.bin", RefusalReason.NAME_COLLISION),
        (["x.bin", "x.bin/y.json"], "x.bin", RefusalReason.FILE_AND_DIRECTORY),
        (["x.bin/y.json", "X.bin"], "X.bin", RefusalReason.FILE_AND_DIRECTORY),
    ],
)
def test_one_of_two_keys_that_collide_is_refused(keys: list[str], accepted: str, reason: RefusalReason) -> None:
    """The first in the order of code points wins, unless the other one has a file already."""
    resolved = RULES.resolve(keys)
    (refusal,) = resolved.refused
    assert (resolved.accepted, refusal.reason) == ((accepted,), reason)
    other = refusal.key
    assert RULES.resolve(keys, incumbents={other}).accepted == (other,)


def test_directories_may_differ_in_case() -> None:
    """Where case is ignored they are one directory, which does no harm to the files in it."""
    assert RULES.resolve(["A/x.bin", "a/y.bin"]).refused == ()


@pytest.mark.parametrize(
    ("key", "counts"),
    [
        ("a/model.PTH", True),
        ("a/model.Bin", True),
        ("a/b.onnx.json", True),
        ("a/中文.safetensors", True),
        ("a/model.bin.gz", False),
        ("a.bin/readme", False),
        ("a/.json", False),
        ("a/json", False),
        ("a/", False),
    ],
)
def test_only_model_files_count(key: str, counts: bool) -> None:
    """By the end of their names, in any case; others are skipped, not refused."""
    assert KeyRules().counts(key) is counts
    resolved = KeyRules().resolve([key])
    assert (len(resolved.accepted), resolved.skipped, resolved.refused) == (counts, not counts, ())


def test_the_suffixes_can_be_configured() -> None:
    """Also with more than one dot; none at all means all names."""
    rules = KeyRules(suffixes=(".tar.gz",))
    assert rules.counts("a.TAR.GZ")
    assert not rules.counts("a.gz")
    assert KeyRules(suffixes=()).counts("a")


@pytest.mark.parametrize(
    ("key", "category", "kind"),
    [
        ("essential/bert/model.bin", "essential", "bert"),
        ("essential/model.bin", "essential", "model.bin"),
        ("model.bin", "model.bin", "unknown"),
        ("", "unknown", "unknown"),
        ("//x", "unknown", "unknown"),
    ],
)
def test_category_and_type_are_the_first_two_parts(key: str, category: str, kind: str) -> None:
    """As the attributes of the notifications have them."""
    assert (category_of(key), type_of(key)) == (category, kind)


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="/"), min_size=1, max_size=255))
def test_a_temporary_name_fits_beside_any_file(name: str) -> None:
    """It is recognised, hidden, and short enough."""
    temporary = temporary_name(name, "0123456789abcdef")
    assert len(temporary.encode()) <= MAXIMUM_NAME_BYTES
    assert is_temporary(temporary)
    assert temporary.startswith(".")
    assert not is_temporary(name) or RULES.refusal_of(name) is not None


@given(st.text(max_size=20))
def test_folding_is_that_of_unicode(text: str) -> None:
    """Forms and cases of one text are equal, and folding twice is folding once."""
    assert folded(folded(text)) == folded(text)
    for form in ("NFC", "NFD"):
        assert folded(unicodedata.normalize(form, text)) == folded(text)
