"""The store of everything that was ever spoken for cards: MP3 files by the key of their speech, shared by all workers.

Nothing is ever removed, and unlike a cache it does not take a failure for a miss: a text that is in the store must not
be bought again because the store cannot be read now. An entry carries a checksum; a damaged one is a miss.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from sayso.aws.object_store import first_line, open_object_store
from sayso.cache import pack_entry, unpack_entry
from sayso.errors import OutputFailed, ServiceUnavailable
from sayso.files import make_private_directory, replacing
from sayso.models.files import flush_to_disk

if TYPE_CHECKING:
    from pathlib import Path

    from obstore.store import S3Store

    from sayso.settings.aws import AwsSettings

FOLDER = ".sayso-speech"
"""Where the store is, beside the published files; a web server cannot enter it."""

_RETRIES = 3
_TIMEOUT_SECONDS = 10.0


class DirectorySpeechStore:
    """See `sayso.cache.Cache`; any number of threads and processes may share the directory.

    Args:
        directory: of the entries; made with the first one, for its owner only.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def get(self, key: str) -> bytes | None:
        """See `Cache.get`.

        Raises:
            ServiceUnavailable: the entry cannot be read.
        """
        try:
            return unpack_entry(self._path(key).read_bytes())
        except FileNotFoundError:
            return None
        except OSError as error:
            raise ServiceUnavailable(f"Speech in {self._directory} cannot be read: {error.strerror}.") from error

    def put(self, key: str, data: bytes) -> None:
        """See `Cache.put`; when it returns, the entry survives a power cut.

        Raises:
            OutputFailed: the entry cannot be written.
        """
        path = self._path(key)
        try:
            make_private_directory(path.parent)
        except OSError as error:
            raise OutputFailed(f"Speech cannot be stored in {self._directory}: {error.strerror}.") from error
        with replacing(path, private=True) as file:
            file.write(pack_entry(data))
            file.flush()
            os.fsync(file.fileno())
        with suppress(OSError):  # some file systems cannot, and the entry is there
            flush_to_disk(path.parent)

    def close(self, timeout_seconds: float) -> None:
        """Does nothing: `put` writes each entry before it returns."""

    def _path(self, key: str) -> Path:
        return self._directory / key[:2] / f"{key}.entry"


class S3SpeechStore:
    """See `sayso.cache.Cache`; each entry is one object.

    Args:
        store: the objects below the prefix; its own retries are all that there are.
    """

    def __init__(self, store: S3Store) -> None:
        self._store = store

    def get(self, key: str) -> bytes | None:
        """See `Cache.get`.

        Raises:
            ServiceUnavailable: S3 does not answer, or refuses.
        """
        import obstore
        from obstore.exceptions import BaseError, NotFoundError

        try:
            return unpack_entry(bytes(obstore.get(self._store, _name(key)).bytes()))
        except (NotFoundError, FileNotFoundError):
            return None
        except (BaseError, OSError) as error:
            hint = "The role needs s3:GetObject, and s3:ListBucket: without it a missing object counts as forbidden."
            raise ServiceUnavailable(f"Speech in S3 cannot be read: {first_line(error)}.", hint=hint) from error

    def put(self, key: str, data: bytes) -> None:
        """See `Cache.put`.

        Raises:
            ServiceUnavailable: S3 does not answer, or refuses.
        """
        import obstore
        from obstore.exceptions import BaseError

        try:
            obstore.put(self._store, _name(key), pack_entry(data), use_multipart=False)
        except (BaseError, OSError) as error:
            raise ServiceUnavailable(f"Speech cannot be stored in S3: {first_line(error)}.") from error

    def close(self, timeout_seconds: float) -> None:
        """Does nothing: `put` uploads each entry before it returns."""


def open_s3_speech_store(url: str, settings: AwsSettings) -> S3SpeechStore:
    """The store beside the published files in S3; S3 is not called yet.

    Args:
        url: of the published files, as ``s3://bucket`` or ``s3://bucket/prefix``.
        settings: how S3 is reached.

    Raises:
        NotInstalled: the extra ``s3`` is missing.
        InvalidInput: the address or a setting cannot be used.
    """
    parts = urlsplit(url)
    prefix = "/".join(part for part in (parts.path.strip("/"), FOLDER) if part)
    store = open_object_store(
        f"s3://{parts.netloc}/{prefix}", settings, max_retries=_RETRIES, timeout_seconds=_TIMEOUT_SECONDS
    )
    return S3SpeechStore(store)


def _name(key: str) -> str:
    return f"{key[:2]}/{key}.entry"
