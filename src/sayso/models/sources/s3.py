"""An S3 prefix laid out as the store is: ``prefix/model/file``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sayso.aws.object_store import first_line, open_object_store
from sayso.errors import InvalidInput, SourceFailed
from sayso.models.entries import File
from sayso.models.files import ONE_MIB

if TYPE_CHECKING:
    from obstore.store import S3Store

    from sayso.models.staging import DownloadStaging
    from sayso.settings import Settings

_MAX_RETRIES = 3


class S3Source:
    """Model files in a bucket; the address is ``//bucket/prefix``, so that a place reads ``s3://bucket/prefix``."""

    needs_network = True

    def __init__(self, settings: Settings) -> None:
        """Take region, endpoint and keys from the settings; what they leave out is found as AWS's own tools do."""
        self._settings = settings

    def fetch(self, address: str, model_name: str, inbox: DownloadStaging) -> None:
        """Download each missing file, going on where an interrupted download stopped.

        Raises:
            NotInstalled: the extra ``s3`` is missing.
            SourceFailed: the bucket cannot be reached, or does not have a file.
            OutputFailed: the inbox cannot write.
        """
        store = self._open(f"s3:{address}")
        for file in inbox.wanted:
            if isinstance(file, File):
                _download(store, f"{model_name}/{file.path}", file, inbox)

    def _open(self, url: str) -> S3Store:
        try:
            return open_object_store(url, self._settings, max_retries=_MAX_RETRIES)
        except InvalidInput as error:
            raise SourceFailed(error.message) from error


def _download(store: S3Store, key: str, file: File, inbox: DownloadStaging) -> None:
    """Transfer one object; the checksum tells whether the two halves of a resumed one belong together."""
    import obstore
    from obstore.exceptions import BaseError

    start = inbox.arrived(file)
    start = start if start < file.size_bytes else 0
    try:
        result = obstore.get(store, key, options={"range": {"offset": start}})
        inbox.receive(file, map(bytes, result.stream(min_chunk_size=ONE_MIB)), start=start)
    except (BaseError, OSError) as error:
        raise SourceFailed(first_line(error)) from error
