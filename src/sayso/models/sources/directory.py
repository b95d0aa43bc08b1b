"""A directory tree: a mirror on a shared disk, or what was carried to a machine without a network."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sayso.errors import SourceFailed
from sayso.models.archives import is_archive, offer_members

if TYPE_CHECKING:
    from sayso.models.staging import DownloadStaging


class DirectorySource:
    """Model files below a directory, under any name, and packages of the registries as they were downloaded."""

    needs_network = False

    def fetch(self, address: str, model_name: str, inbox: DownloadStaging) -> None:  # noqa: ARG002 -- content tells the model
        """Offer every file below the directory ``address``, and then the content of every package.

        Raises:
            SourceFailed: there is no such directory, or something in it cannot be read.
            OutputFailed: the inbox cannot write.
        """
        root = Path(address)
        if not root.is_dir():
            raise SourceFailed(f"{root} is not a directory")
        problems = []
        for path in _plain_files_first(root):
            try:
                if is_archive(path):
                    offer_members(path, inbox)
                else:
                    _offer_file(path, inbox)
            except SourceFailed as error:
                problems.append(error.message)
        if problems and inbox.missing:
            raise SourceFailed("; ".join(problems))


def _plain_files_first(root: Path) -> list[Path]:
    """All files below ``root``: the cheap ones before the packages, which have to be unpacked."""
    return sorted((path for path in root.rglob("*") if path.is_file()), key=lambda path: (is_archive(path), path))


def _offer_file(path: Path, inbox: DownloadStaging) -> None:
    try:
        size_bytes = path.stat().st_size
        if inbox.wants_size(size_bytes):
            with path.open("rb") as stream:
                inbox.offer(stream, size_bytes)
    except OSError as error:
        raise SourceFailed(f"{path} cannot be read: {error.strerror or error}") from error
