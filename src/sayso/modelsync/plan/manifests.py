"""The manifest of a set: a ``NAME.manifest.json`` beside the files that are published together.

Its format is described in ``docs/reference/model-manifest.md``.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from sayso.errors import InvalidInput
from sayso.modelsync.keys import KeyIndex, KeyRules, shown
from sayso.modelsync.records import Checksum, ChecksumAlgorithm

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sayso.models.manifest import Manifest

SUFFIX = ".manifest.json"

MAXIMUM_MANIFEST_BYTES = 16 * 2**20
"""The bound of a manifest; one of 100,000 files has about as much."""

_DIGEST_DIGITS = {
    ChecksumAlgorithm.CRC64NVME: 16,
    ChecksumAlgorithm.CRC32C: 8,
    ChecksumAlgorithm.CRC32: 8,
    ChecksumAlgorithm.SHA256: 64,
    ChecksumAlgorithm.SHA1: 40,
    ChecksumAlgorithm.MD5: 32,
}
_MAXIMUM_FILES = 100_000
_MAXIMUM_PROBLEMS = 3
_MAXIMUM_OBJECT_BYTES = 50 * 2**40  # the limit of S3
_RULES = KeyRules(suffixes=())


@dataclass(frozen=True, kw_only=True, slots=True)
class SetFile:
    """One file of a set.

    Attributes:
        path: relative to the directory of the manifest.
        size_bytes: the exact size.
        sha256: the checksum, in lower-case hexadecimal.
        checksums: of its content: the SHA-256, and others that the manifest has.
    """

    path: str
    size_bytes: int
    sha256: str
    checksums: tuple[Checksum, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class SetManifest:
    """The files of a set.

    Attributes:
        name: what the manifest calls it, otherwise the name of its file without the suffix.
        version: what its author calls this version; empty if it has none.
        files: all are required; the manifest itself is not among them.
    """

    name: str
    version: str
    files: tuple[SetFile, ...]


ReadManifests: TypeAlias = "Mapping[tuple[str, str], SetManifest | InvalidInput]"
"""What was read of manifests, by the key and the ETag of the object; the error of one that cannot be used."""


def is_manifest(key: str) -> bool:
    """Whether an object is a manifest, by its key."""
    name = key.rpartition("/")[2]
    return name.lower().endswith(SUFFIX) and len(name) > len(SUFFIX)


def prefix_of(key: str) -> str:
    """The prefix of the set of a manifest, with a ``/`` at the end; empty at the root, which cannot be a set."""
    directory, slash, _ = key.rpartition("/")
    return directory + slash


def parse_manifest(content: bytes, key: str) -> SetManifest:
    """Read a manifest.

    Args:
        content: of the object.
        key: of the object.

    Raises:
        InvalidInput: it is too large, not JSON, of a later version, or says something that cannot be; the error names
            the places.
    """
    if len(content) > MAXIMUM_MANIFEST_BYTES:
        raise _wrong(key, f"it has more than {MAXIMUM_MANIFEST_BYTES:,} bytes")
    try:
        value = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        raise _wrong(key, "it is not JSON in UTF-8") from None
    if not isinstance(value, dict):
        raise _wrong(key, "it is no JSON object")
    if type(value.get("manifest_version")) is int and value["manifest_version"] > 1:
        raise _wrong(key, f"it has the version {value['manifest_version']}; this version of Sayso knows 1")
    try:
        document = _adapter().validate_python(value)
    except ValidationError as error:
        raise _wrong(key, _problems(error)) from None
    files = tuple(_file_of(file, key) for file in document.files)
    _check_paths(files, key)
    default_name = key.rpartition("/")[2][: -len(SUFFIX)]
    return SetManifest(name=document.name or default_name, version=document.version, files=files)


def manifest_json(manifest: Manifest, *, version: str = "") -> bytes:
    """A manifest as the content of a file ``NAME.manifest.json``, also of a model of the catalogue.

    Args:
        manifest: the files.
        version: what its author calls this version.
    """
    files = [{"path": file.path, "size": file.size_bytes, "sha256": file.sha256} for file in manifest.files]
    document = {"manifest_version": 1, "name": manifest.name, "version": version, "files": files}
    return (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode()


def manifest_schema() -> dict[str, Any]:
    """The JSON schema of a manifest."""
    return _adapter().json_schema()


_Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{8,64}$")]


class _FileEntry(BaseModel):
    """One file of the set."""

    model_config = ConfigDict(strict=True, title="File")

    path: str = Field(description="Relative to the directory of the manifest, with / between its parts.")
    size: int = Field(ge=0, le=_MAXIMUM_OBJECT_BYTES, description="In bytes.")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$", description="Of the content, in lower-case hexadecimal.")
    checksums: dict[Annotated[ChecksumAlgorithm, Field(strict=False)], _Digest] = Field(
        default_factory=dict,
        description="Others of the whole content, by S3's name of the algorithm, in lower-case hexadecimal.",
    )


class _ManifestDocument(BaseModel):
    """The files of a set that is published together."""

    model_config = ConfigDict(strict=True, title="Manifest of a set")

    manifest_version: Literal[1] = Field(description="Of this format.")
    name: str = Field(default="", max_length=200, description="Of the set; otherwise that of the file.")
    version: str = Field(default="", max_length=200, description="What the author calls this version of the set.")
    files: list[_FileEntry] = Field(
        min_length=1, max_length=_MAXIMUM_FILES, description="All files, without the manifest."
    )


@cache
def _adapter() -> TypeAdapter[_ManifestDocument]:
    return TypeAdapter(_ManifestDocument)


def _file_of(file: _FileEntry, key: str) -> SetFile:
    """The value of a file.

    Raises:
        InvalidInput: a checksum is not as long as its algorithm makes it, or is not that of ``sha256``.
    """
    digests = {ChecksumAlgorithm.SHA256: file.sha256, **file.checksums}
    for algorithm, digest in digests.items():
        if len(digest) != _DIGEST_DIGITS[algorithm]:
            raise _wrong(
                key, f"the {algorithm} of {shown(file.path)} has {len(digest)} digits, not {_DIGEST_DIGITS[algorithm]}"
            )
    if digests[ChecksumAlgorithm.SHA256] != file.sha256:
        raise _wrong(key, f"{shown(file.path)} has two different SHA-256")
    checksums = tuple(Checksum(algorithm=algorithm, digest=digest) for algorithm, digest in digests.items())
    return SetFile(path=file.path, size_bytes=file.size, sha256=file.sha256, checksums=checksums)


def _check_paths(files: tuple[SetFile, ...], key: str) -> None:
    """See that each path can be a file of its own.

    Raises:
        InvalidInput: one cannot.
    """
    index = KeyIndex()
    index.add(key.rpartition("/")[2])
    seen: set[str] = {key.rpartition("/")[2]}
    for file in files:
        refusal = _RULES.refusal_of(file.path) or index.add(file.path)
        if refusal is not None:
            raise _wrong(key, f"in its files, {refusal.detail[0].lower()}{refusal.detail[1:].removesuffix('.')}")
        if file.path in seen:
            raise _wrong(key, f"{shown(file.path)} is in its files twice, or is the manifest")
        seen.add(file.path)


def _problems(error: ValidationError) -> str:
    """The first problems, each with its place."""
    shown_errors = [
        f"{'.'.join(str(part) for part in each['loc']) or 'the document'}: {each['msg']}"
        for each in error.errors(include_url=False, include_input=False)[:_MAXIMUM_PROBLEMS]
    ]
    rest = error.error_count() - len(shown_errors)
    return "; ".join(shown_errors) + (f"; and {rest} more" if rest > 0 else "")


def _wrong(key: str, reason: str) -> InvalidInput:
    return InvalidInput(f"The manifest {shown(key)} cannot be used: {reason}.")
