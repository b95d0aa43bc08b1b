"""A directory tree: a mirror on a shared disk, or files carried to a machine without a network."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sayso.errors import SourceFailed
from sayso.models.archives import is_archive, offer_members

if TYPE_CHECKING:
    from sayso.models.staging import DownloadStaging


class DirectorySource:
    """Model files below a directory, under any name, and downloaded packages of the registries."""

    needs_network = False

    def fetch(self, address: str, model_name: str, staging: DownloadStaging) -> None:  # noqa: ARG002 -- content tells the model
        """Offer every file below the directory ``address``, then the content of every package.

        Raises:
            SourceFailed: the directory does not exist, or something in it cannot be read.
            OutputFailed: the staging directory cannot be written.
        """
        root = Path(address)
        if not root.is_dir():
            raise SourceFailed(f"{root} is not a directory")
        problems = []
        for path in _plain_files_first(root):
            try:
                if is_archive(path):
                    offer_members(path, staging)
                else:
                    _offer_file(path, staging)
            except SourceFailed as error:
                problems.append(error.message)
        if problems and staging.missing:
            raise SourceFailed("; ".join(problems))


def _plain_files_first(root: Path) -> list[Path]:
    """All files below ``root``, packages last, because they are slower to read."""
    return sorted((path for path in root.rglob("*") if path.is_file()), key=lambda path: (is_archive(path), path))


def _offer_file(path: Path, staging: DownloadStaging) -> None:
    try:
        size_bytes = path.stat().st_size
        if staging.wants_size(size_bytes):
            with path.open("rb") as stream:
                staging.offer(stream, size_bytes)
    except OSError as error:
        raise SourceFailed(f"{path} cannot be read: {error.strerror or error}") from error
