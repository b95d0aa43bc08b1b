"""Databases and storages, opened from the settings on the loop that needs them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import structlog

from sayso.aws.session import Aws, AwsAccess
from sayso.errors import InvalidInput, OutputFailed, ServiceUnavailable
from sayso.files import make_private_directory
from sayso.resilience.retry import DATABASE_START, retry_blocking
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
"""Files of narrations, whose rows have their URIs as they were when they were made."""

"""For how long a database is waited for at the start."""


def output_directory(settings: StorageSettings) -> Path:
    """Where files go that are not in S3."""
    return settings.data_dir / "output"


def work_directory(settings: DataSettings) -> Path:
    """Where workers have the files of jobs in hand."""
    return settings.data_dir / "work"


def output_root(settings: StorageSettings) -> str:
    """The URI below which narrations go."""
    bucket = settings.output_bucket
    return output_directory(settings).as_uri() if bucket is None else f"s3://{bucket}"


def signed_files(settings: StorageSettings) -> SignedFiles:
    """The files that are not in S3, as the service gives them out.

    Raises:
        OutputFailed: what links are signed with cannot be kept.
    """
    return SignedFiles(
        root=Root(output_directory(settings), moved=_NARRATION_FILE),
        signer=LinkSigner(signing_keys(settings).for_links()),
        base_url=settings.public_base_url or "",
    )


async def open_aws(settings: AwsSettings, stack: AsyncExitStack) -> Aws:
    """A session with AWS, which ends with the stack."""
    aws = Aws(AwsAccess.of(settings))
    stack.push_async_callback(aws.close)
    return aws


async def open_storages(settings: StorageSettings, stack: AsyncExitStack) -> Storages:
    """Every storage that the settings name: S3 where stories may go there, and a directory. They end with the stack.

    Raises:
        OutputFailed: narrations, or what links are signed with, cannot be kept.
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
        raise OutputFailed(f"Cannot keep narrations in {directory}: {error.strerror or error}.") from error


def prepare_database(conninfo: str) -> Migration:
    """Bring the schema up to date; a database that restarts is waited for, so that nobody need start in order. Blocks.

    Raises:
        ServiceUnavailable: it has not answered for a minute.
    """
    from sayso.postgres.migrate import migrate

    def log(error: BaseException) -> None:
        _log.warning("waiting for the database", reason=str(error))

    return retry_blocking(lambda: migrate(conninfo), DATABASE_START, on=ServiceUnavailable, on_retry=log)


async def open_database(settings: StorageSettings, stack: AsyncExitStack) -> Database:
    """The database that jobs are in, which ends with the stack.

    Raises:
        InvalidInput: there is none, or its address cannot be read.
    """
    from sayso.postgres.pool import Database

    if settings.database_url is None:
        raise InvalidInput("DATABASE_URL is not set.", hint="`sayso up` brings its own database.")
    database = Database(settings.database_url.get_secret_value(), listen=settings.database_listen)
    return await stack.enter_async_context(database)
