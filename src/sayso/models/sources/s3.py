"""An S3 prefix with the layout of the store: ``prefix/model/file``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sayso.aws.object_store import first_line, open_object_store
from sayso.errors import InvalidInput, SourceFailed
from sayso.models.files import ONE_MIB
from sayso.models.model_types import File

if TYPE_CHECKING:
    from obstore.store import S3Store

    from sayso.models.staging import DownloadStaging
    from sayso.settings import SpeechSettings

_MAX_RETRIES = 3


class S3Source:
    """Model files in a bucket; the address is ``//bucket/prefix``, so that a place reads ``s3://bucket/prefix``."""

    needs_network = True

    def __init__(self, settings: SpeechSettings) -> None:
        """Region, endpoint and keys come from the settings, otherwise from AWS's own configuration."""
        self._settings = settings

    def fetch(self, address: str, model_name: str, staging: DownloadStaging) -> None:
        """Download each missing file, resuming an interrupted download.

        Raises:
            NotInstalled: the extra ``s3`` is missing.
            SourceFailed: the bucket cannot be reached, or does not have a file.
            OutputFailed: the staging directory cannot be written.
        """
        store = self._open(f"s3:{address}")
        for file in staging.wanted:
            if isinstance(file, File):
                _download(store, f"{model_name}/{file.path}", file, staging)

    def _open(self, url: str) -> S3Store:
        try:
            return open_object_store(url, self._settings, max_retries=_MAX_RETRIES)
        except InvalidInput as error:
            raise SourceFailed(error.message) from error


def _download(store: S3Store, key: str, file: File, staging: DownloadStaging) -> None:
    """Transfer one object; the checksum detects a resumed transfer whose halves do not belong together."""
    import obstore
    from obstore.exceptions import BaseError

    start = staging.arrived(file)
    start = start if start < file.size_bytes else 0
    try:
        result = obstore.get(store, key, options={"range": {"offset": start}})
        staging.receive(file, map(bytes, result.stream(min_chunk_size=ONE_MIB)), start=start)
    except (BaseError, OSError) as error:
        raise SourceFailed(first_line(error)) from error
