"""Manifests are read as their description says, and refused with a reason otherwise."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sayso.errors import InvalidInput
from sayso.models import CATALOGUE
from sayso.modelsync.plan import manifests
from sayso.modelsync.plan.manifests import is_manifest, manifest_json, manifest_schema, parse_manifest, prefix_of
from sayso.modelsync.records import Checksum, ChecksumAlgorithm

REFERENCE = Path(__file__).parents[3] / "docs" / "reference"
KEY = "essential/whisper/base.manifest.json"
SHA256 = "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9"


def document(*files: dict[str, Any], **entries: Any) -> dict[str, Any]:
    return {"manifest_version": 1, "files": list(files) or [file()], **entries}


def file(path: str = "model.bin", **entries: Any) -> dict[str, Any]:
    return {"path": path, "size": 3, "sha256": SHA256, **entries}


def parsed(value: object) -> manifests.SetManifest:
    return parse_manifest(json.dumps(value).encode(), KEY)


def test_the_example_of_the_reference_is_read() -> None:
    """With its checksums."""
    (example,) = re.findall(
        r"```json\n(.*?)```", (REFERENCE / "model-manifest.md").read_text(encoding="utf-8"), re.DOTALL
    )
    manifest = parse_manifest(example.encode(), KEY)
    assert (manifest.name, manifest.version) == ("whisper-base", "2026-11-30")
    model, config = manifest.files
    assert (model.path, model.size_bytes, model.sha256) == ("model.bin", 145_217_532, SHA256)
    assert model.checksums == (Checksum(algorithm=ChecksumAlgorithm.SHA256, digest=SHA256),)
    assert config.checksums[1] == Checksum(algorithm=ChecksumAlgorithm.CRC32, digest="0badc0de")


def test_other_fields_are_ignored_and_a_byte_order_mark_is_skipped() -> None:
    """A later program may add some; the name is that of the file if there is none."""
    content = b"\xef\xbb\xbf" + json.dumps(document(file(more=1), author="x")).encode()
    assert parse_manifest(content, KEY).name == "base"


@pytest.mark.parametrize("name", CATALOGUE)
def test_a_model_of_the_catalogue_is_a_manifest(name: str) -> None:
    """The same Protocol: its manifest can be written, and says the same files."""
    model = CATALOGUE[name]
    manifest = parse_manifest(manifest_json(model, version="1"), KEY)
    assert (manifest.name, manifest.version) == (name, "1")
    assert [(each.path, each.size_bytes, each.sha256) for each in manifest.files] == [
        (each.path, each.size_bytes, each.sha256) for each in model.files
    ]
    assert manifest_json(manifest) == manifest_json(model)


WRONG: list[tuple[object, str]] = [
    ([], "it is no JSON object"),
    ({}, "manifest_version: Field required; files: Field required"),
    (document(manifest_version=2, files="whatever"), "it has the version 2; this version of Sayso knows 1"),
    (document(manifest_version="1"), "manifest_version: Input should be 1"),
    ({"manifest_version": 1, "files": []}, "files: List should have at least 1 item"),
    (document(file(size=-1)), "files.0.size: Input should be greater than or equal to 0"),
    (document(file(size="3")), "files.0.size: Input should be a valid integer"),
    (document(file(size=2**60)), "files.0.size: Input should be less than or equal to"),
    (document(file(sha256=SHA256.upper())), "files.0.sha256: String should match pattern"),
    (document(*[{}] * 9), "and 24 more"),
    (document(file(checksums={"MD4": "0" * 32})), "files.0.checksums.MD4"),
]
WRONG_BEYOND_THE_SCHEMA: list[tuple[object, str]] = [
    (document(file(sha256=SHA256 + "\n")), "files.0.sha256: String should match pattern"),
    (document(file(checksums={"MD5": "0" * 16})), "the MD5 of 'model.bin' has 16 digits, not 32"),
    (document(file(checksums={"SHA256": "0" * 64})), "'model.bin' has two different SHA-256"),
    (document(file("../model.bin")), "in its files, the key '../model.bin' has a part that is . or .."),
    (document(file("/etc/passwd")), "begins with a slash"),
    (document(file("a\0b")), "has a control character"),
    (document(file("\ud800")), "is not Unicode"),
    (document(file("")), "is empty"),
    (document(file("a.bin"), file("a.bin")), "'a.bin' is in its files twice"),
    (document(file("base.manifest.json")), "is in its files twice, or is the manifest"),
    (document(file("a.bin"), file("A.bin")), "differs from 'a.bin' only in case"),
    (document(file("a"), file("a/b")), "needs a directory where the key 'a' is a file"),
]


@pytest.mark.parametrize(("value", "reason"), [*WRONG, *WRONG_BEYOND_THE_SCHEMA])
def test_what_cannot_be_used_is_refused_with_the_place(value: object, reason: str) -> None:
    """In one sentence of bounded length."""
    with pytest.raises(InvalidInput) as caught:
        parsed(value)
    assert caught.value.message.startswith(f"The manifest '{KEY}' cannot be used: ")
    assert reason in caught.value.message
    assert len(caught.value.message) < 500


@pytest.mark.parametrize("content", [b"", b"\xff", b"[" * 100_000, b'{"a": NaN', b"null"])
def test_what_is_not_json_is_refused(content: bytes) -> None:
    """Also if it is nested without end."""
    with pytest.raises(InvalidInput, match="it is n"):
        parse_manifest(content, KEY)


def test_a_manifest_that_is_too_large_is_not_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its size is bounded."""
    monkeypatch.setattr(manifests, "MAXIMUM_MANIFEST_BYTES", 100)
    with pytest.raises(InvalidInput, match="it has more than 100 bytes"):
        parse_manifest(json.dumps(document()).encode(), KEY)


def test_the_schema_agrees_with_the_parser() -> None:
    """What it accepts and refuses; paths and the lengths of checksums are checked besides."""
    validator = jsonschema.Draft202012Validator(manifest_schema())
    for good in (document(), document(file(checksums={"CRC32": "0badc0de"}), name="x", version="y", more=[])):
        assert validator.is_valid(good)
        parsed(good)
    for value, _ in WRONG:
        assert not validator.is_valid(value)
    for value, _ in WRONG_BEYOND_THE_SCHEMA:
        assert validator.is_valid(value)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(
    st.fixed_dictionaries(
        {
            "manifest_version": st.just(1) | json_values,
            "files": json_values
            | st.lists(
                st.fixed_dictionaries(
                    {"path": json_values, "size": st.integers() | json_values, "sha256": st.just(SHA256) | json_values},
                    optional={"checksums": json_values},
                ),
                max_size=3,
            ),
        },
        optional={"name": json_values, "version": json_values},
    )
    | json_values
)
def test_any_json_is_read_or_refused(value: object) -> None:
    """Nothing else is raised."""
    try:
        parsed(value)
    except InvalidInput:
        return


@pytest.mark.parametrize(
    ("key", "prefix"),
    [
        ("essential/whisper/base.manifest.json", "essential/whisper/"),
        ("a/B.MANIFEST.JSON", "a/"),
        ("x.manifest.json", ""),
        ("a/.manifest.json", None),
        ("a/manifest.json", None),
        ("a/x.manifest.json/b.bin", None),
    ],
)
def test_manifests_are_known_by_their_names(key: str, prefix: str | None) -> None:
    """The set is the directory of the manifest."""
    assert is_manifest(key) is (prefix is not None)
    if prefix is not None:
        assert prefix_of(key) == prefix
