"""The storage of the role ``cards`` from its settings: a directory that a web server serves, or S3."""

from __future__ import annotations

import errno
import os
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sayso.bootstrap.storages import open_aws
from sayso.cards.files import CARD_FILES_PATH
from sayso.cards.speech_store import FOLDER
from sayso.errors import InvalidInput, ServiceUnavailable
from sayso.files import make_private_directory, writable_hint
from sayso.storage import LinkSigner, LocalStorage, Root, SignedFiles, Storages, open_s3_storage

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AsyncExitStack
    from pathlib import Path

    from sayso.settings import CardsSettings

CACHE_CONTROL = "public, max-age=31536000, immutable"
"""How long caches keep a file of cards: for a year; another content has another URL."""

_STAGING = ".sayso-staging"
"""The directory of files on their way, beside the published ones."""

_LEAST_FREE_BYTES = 16 * 2**20
"""With less free space than this, no job is begun."""

_HINTS: Mapping[int | None, str] = {
    errno.EROFS: "The volume is mounted read-only: mount it so that it can be written, or name another directory in "
    "LOCAL_STORAGE_PATH.",
    errno.ENOSPC: "Make room on the volume, or name another directory in LOCAL_STORAGE_PATH.",
    errno.EEXIST: "A file is there: name a directory in LOCAL_STORAGE_PATH.",
    errno.ENOTDIR: "A part of the path is a file: name a directory in LOCAL_STORAGE_PATH.",
}
"""What to do about a directory that another owner would not make writable."""

_OTHER_DIRECTORY = "Or name another directory in LOCAL_STORAGE_PATH."

_DEFAULT_REGION = "us-east-1"


@dataclass(frozen=True, kw_only=True, slots=True)
class CardStorage:
    """The place of the files of cards.

    Attributes:
        storages: where they go.
        root: the URI below which they are.
        base_url: their public address.
    """

    storages: Storages
    root: str
    base_url: str


def in_data_directory(settings: CardsSettings) -> Mapping[str, Any]:
    """The settings of cards that `sayso up` brings: files go to the data directory unless a directory is named."""
    if "local_storage_path" in settings.model_fields_set:
        return {}
    return {"local_storage_path": settings.data_dir / "cards"}


def card_files_url(settings: CardsSettings) -> str:
    """The public address of the files.

    Raises:
        InvalidInput: they are to be in S3, and there is no bucket.
    """
    bucket = None if settings.storage_type == "local" else _bucket(settings)
    if settings.cards_public_base_url is not None:
        return settings.cards_public_base_url.rstrip("/")
    if bucket is None:
        return f"http://localhost:{settings.port}{CARD_FILES_PATH}"
    if settings.aws_endpoint_url is not None:
        return f"{settings.aws_endpoint_url.rstrip('/')}/{bucket}"
    host = f"s3.{settings.aws_region or _DEFAULT_REGION}.amazonaws.com"
    return f"https://{host}/{bucket}" if "." in bucket else f"https://{bucket}.{host}"  # certificates have one level


def card_files_root(settings: CardsSettings) -> str:
    """The URI below which the files are.

    Raises:
        InvalidInput: they are to be in S3, and there is no bucket.
    """
    return settings.local_storage_path.as_uri() if settings.storage_type == "local" else f"s3://{_bucket(settings)}"


async def open_card_storage(settings: CardsSettings, stack: AsyncExitStack) -> CardStorage:
    """The storage, for the loop on which it is opened; the stack closes it.

    Raises:
        InvalidInput: a setting cannot be used.
        NotInstalled: S3 needs the extra ``aws``.
    """
    if settings.storage_type == "local":
        storages = Storages({"file": local_card_storage(settings.local_storage_path)})
    else:
        s3 = await open_s3_storage(
            await open_aws(settings, stack),
            own_bucket=_bucket(settings),
            bucket_setting="AWS_S3_BUCKET",
            cache_control=CACHE_CONTROL,
        )
        storages = Storages({"s3": s3})
    return CardStorage(storages=storages, root=card_files_root(settings), base_url=card_files_url(settings))


def local_card_storage(directory: Path) -> LocalStorage:
    """The storage in a directory: everyone may read its files."""
    files = SignedFiles(root=Root(directory), signer=LinkSigner(()))
    return LocalStorage(files, everyone_reads=True, staging=_STAGING)


def check_card_directory(directory: Path) -> None:
    """Make the directory of the files, and make sure that this process can write there. Blocks.

    Raises:
        InvalidInput: it cannot; the hint has the command that changes the owner, where the owner is the reason.
    """
    try:
        make_private_directory(directory, everyone_reads=True)
        probe = directory / f".sayso-probe-{os.getpid()}"
        probe.touch()
        probe.unlink()
        for path in (directory, directory / _STAGING, directory / FOLDER):
            if path.exists() and not os.access(path, os.R_OK | os.W_OK | os.X_OK):
                raise PermissionError(errno.EACCES, f"{path} belongs to the user {path.stat().st_uid}")
    except OSError as error:
        reason = error.strerror or str(error)
        raise InvalidInput(
            f"The MP3 files of cards cannot be stored in {directory}: {reason}.",
            hint=_HINTS.get(error.errno) or f"{writable_hint(error, directory)} {_OTHER_DIRECTORY}".strip(),
        ) from error


def check_free_space(directory: Path) -> None:
    """Make sure that there is room for files. Blocks.

    Raises:
        ServiceUnavailable: there is hardly any.
    """
    free_bytes = shutil.disk_usage(directory).free
    if free_bytes < _LEAST_FREE_BYTES:
        raise ServiceUnavailable(f"The disk of {directory} is full: {free_bytes // 2**20} MiB are left.")


def _bucket(settings: CardsSettings) -> str:
    if settings.cards_bucket is None:
        raise InvalidInput("STORAGE_TYPE is s3, and AWS_S3_BUCKET is not set.", hint="Name the bucket of the files.")
    return settings.cards_bucket
