"""Opens databases and storages from the settings, on the loop that uses them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import structlog

from sayso.aws.session import Aws, AwsAccess
from sayso.errors import InvalidInput, OutputFailed, ServiceUnavailable
from sayso.files import check_writable, make_private_directory, writable_hint
from sayso.resilience.retry import retry_blocking
from sayso.resilience.retry_policies import DATABASE_START
from sayso.signing import signing_keys
from sayso.storage import LinkSigner, LocalStorage, Root, SignedFiles, Storages, open_s3_storage

if TYPE_CHECKING:
    from contextlib import AsyncExitStack
    from pathlib import Path

    from sayso.postgres.migrate import Migration
    from sayso.postgres.pool import Database
    from sayso.settings import AwsSettings, DataSettings, StorageSettings
    from sayso.storage import Storage


_log = structlog.get_logger(__name__)

_NARRATION_FILE = re.compile(r"/narrations/nar_[0-9a-f]{32}/narration\.[a-z0-9]{1,5}\Z")
"""The files of narrations; their rows hold the URIs of the time when they were made."""


def output_directory(settings: StorageSettings) -> Path:
    """The directory of files that are not in S3."""
    return settings.data_dir / "output"


def work_directory(settings: DataSettings) -> Path:
    """The directory of workers for the files of running jobs."""
    return settings.data_dir / "work"


def check_work_directory(settings: DataSettings) -> None:
    """Make sure that workers can store the files of running jobs. Blocks.

    Raises:
        OutputFailed: they cannot; the hint has the command that changes the owner, where the owner is the reason.
    """
    directory = work_directory(settings)
    try:
        check_writable(directory)
    except OSError as error:
        raise OutputFailed(
            f"Running jobs cannot be stored in {directory}: {error.strerror or error}.",
            hint=f"{writable_hint(error, settings.data_dir)} Or name another directory in SAYSO_DATA.".strip(),
        ) from error


def output_root(settings: StorageSettings) -> str:
    """The URI below which narrations are stored."""
    bucket = settings.output_bucket
    return output_directory(settings).as_uri() if bucket is None else f"s3://{bucket}"


def signed_files(settings: StorageSettings) -> SignedFiles:
    """The files that are not in S3, with signed links.

    Raises:
        OutputFailed: the secret for signed links cannot be stored.
    """
    return SignedFiles(
        root=Root(output_directory(settings), moved=_NARRATION_FILE),
        signer=LinkSigner(signing_keys(settings).for_links()),
        base_url=settings.public_base_url or "",
    )


async def open_aws(settings: AwsSettings, stack: AsyncExitStack) -> Aws:
    """An AWS session, which the stack closes."""
    aws = Aws(AwsAccess.of(settings))
    stack.push_async_callback(aws.close)
    return aws


async def open_storages(settings: StorageSettings, stack: AsyncExitStack) -> Storages:
    """Every storage of the settings: S3 if stories may be stored there, and a directory. The stack closes them.

    Raises:
        OutputFailed: narrations, or the secret for signed links, cannot be stored.
        NotInstalled: S3 needs the extra ``aws``.
    """
    storages: dict[str, Storage] = {}
    if settings.queue_url is not None or settings.output_bucket is not None:
        storages["s3"] = await open_s3_storage(await open_aws(settings, stack), own_bucket=settings.output_bucket)
    if settings.queue_url is None:
        _make_output_directory(settings)
        storages["file"] = LocalStorage(signed_files(settings), group_reads=settings.group_reads)
    return Storages(storages)


def _make_output_directory(settings: StorageSettings) -> None:
    directory = output_directory(settings)
    try:
        make_private_directory(directory, group_reads=settings.group_reads)
    except OSError as error:
        hint = writable_hint(error, directory)
        raise OutputFailed(f"Cannot keep narrations in {directory}: {error.strerror or error}.", hint=hint) from error


def prepare_database(conninfo: str) -> Migration:
    """Migrate the schema; waits for a database that is starting, so that the order of starts does not matter. Blocks.

    Raises:
        ServiceUnavailable: it has not answered for a minute.
    """
    from sayso.postgres.migrate import migrate

    def log(error: BaseException) -> None:
        _log.warning("waiting for the database", reason=str(error))

    return retry_blocking(lambda: migrate(conninfo), DATABASE_START, on=ServiceUnavailable, on_retry=log)


async def open_database(settings: StorageSettings, stack: AsyncExitStack) -> Database:
    """The database of jobs, which the stack closes.

    Raises:
        InvalidInput: there is none, or its address is invalid.
    """
    from sayso.postgres.pool import Database

    if settings.database_url is None:
        raise InvalidInput("DATABASE_URL is not set.", hint="`sayso up` brings its own database.")
    database = Database(settings.database_url.get_secret_value(), listen=settings.database_listen)
    return await stack.enter_async_context(database)
