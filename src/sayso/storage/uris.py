"""The two kinds of URI, ``file:///a/directory/a%20name.mp3`` and ``s3://bucket/a key.mp3``.

The former is percent-encoded. The latter is not: as in AWS's own tools, everything after the bucket's name is the key.
"""

from __future__ import annotations

import re
from urllib.parse import quote, unquote_to_bytes

from sayso.errors import InvalidInput

RESERVED_PREFIX = ".sayso-"
"""The prefixes of names that storages reserve."""

_FILE = "file://"
_S3 = "s3://"

_MAXIMUM_NAME_BYTES = 255  # the limit of common file systems
_MAXIMUM_KEY_BYTES = 1024  # the limit of S3

_FORBIDDEN = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
"""Control characters, and lone surrogates, which cannot be encoded."""

_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,254}")
_STEPS = frozenset({".", ".."})


def uri_within(base: str, *names: str) -> str:
    """The URI of a file below another URI.

    Args:
        base: a directory or a prefix, as ``s3://bucket/prefix`` or ``file:///directory``.
        names: the names below it, not encoded.

    Raises:
        InvalidInput: a name is empty, is ``.`` or ``..``, or has a separator or a control character.
    """
    for name in names:
        if "/" in name or not _is_plain(name):
            raise InvalidInput(f"{name!r} cannot be the name of a file.")
    encoded = [quote(name) for name in names] if base.startswith(_FILE) else names
    return "/".join((base.rstrip("/"), *encoded))


def file_names(uri: str) -> tuple[str, ...]:
    """The names of a ``file://`` URI from the root of the file system on, decoded.

    Raises:
        InvalidInput: it is not a ``file://`` URI, or is ambiguous.
    """
    path = uri.removeprefix(_FILE)
    if path == uri or not path.startswith("/") or "?" in path or "#" in path or _FORBIDDEN.search(path):
        raise InvalidInput(f"{uri!r} is not of the form file:///directory/file.")
    return tuple(_decoded(uri, part) for part in path[1:].split("/"))


def _decoded(uri: str, part: str) -> str:
    try:
        name = unquote_to_bytes(part).decode()
    except UnicodeDecodeError:
        raise InvalidInput(f"{uri!r} is not UTF-8.") from None
    if "/" in name or not is_file_name(name):
        raise InvalidInput(f"{uri!r} has a name in it that no file here can have.")
    return name


def is_file_name(name: str) -> bool:
    """Whether a file of the local storage may have this name; the caller checks for separators."""
    return _is_plain(name) and not name.startswith(RESERVED_PREFIX) and len(name.encode()) <= _MAXIMUM_NAME_BYTES


def bucket_and_key(uri: str) -> tuple[str, str]:
    """The two parts of an ``s3://`` URI.

    Raises:
        InvalidInput: it is not an ``s3://`` URI, has no key, or has a step that HTTP clients would resolve (``..``).
    """
    bucket, _, key = uri.removeprefix(_S3).partition("/")
    if not uri.startswith(_S3) or not _BUCKET.fullmatch(bucket):
        raise InvalidInput(f"{uri!r} is not of the form s3://bucket/key.")
    names = key.split("/")
    if not names[-1] or _STEPS.intersection(names) or _FORBIDDEN.search(key):
        raise InvalidInput(f"{uri!r} has a key that no file here can have.")
    if len(key.encode()) > _MAXIMUM_KEY_BYTES:
        raise InvalidInput(f"The key of {uri!r} is longer than {_MAXIMUM_KEY_BYTES} bytes.")
    return bucket, key


def canonical(uri: str) -> tuple[str, ...]:
    """A value that is equal for all spellings of a file's URI (``%41`` and ``A``, the case of a bucket's name).

    A URI that belongs to no storage is its own canonical form.
    """
    try:
        if uri.startswith(_FILE):
            return (_FILE, *file_names(uri))
        bucket, key = bucket_and_key(uri)
    except InvalidInput:
        return (uri,)
    return (_S3, bucket.lower(), *filter(None, key.split("/")))


def _is_plain(name: str) -> bool:
    return bool(name) and name not in _STEPS and not _FORBIDDEN.search(name)
