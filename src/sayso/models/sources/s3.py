"""An S3 prefix laid out as the store is: ``prefix/model/file``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sayso.errors import NotInstalled, SourceFailed
from sayso.models.entries import File
from sayso.models.files import ONE_MIB

if TYPE_CHECKING:
    from obstore.store import ClientConfig, S3Config, S3Store

    from sayso.models.inbox import Inbox
    from sayso.settings import Settings

_MAX_RETRIES = 3


class S3Source:
    """Model files in a bucket; the address is ``//bucket/prefix``, so that a place reads ``s3://bucket/prefix``."""

    needs_network = True

    def __init__(self, settings: Settings) -> None:
        """Take region, endpoint and keys from the settings; what they leave out is found as AWS's own tools do."""
        self._config, self._client_options = _configuration(settings)

    def fetch(self, address: str, model_name: str, inbox: Inbox) -> None:
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
            from obstore.exceptions import BaseError
            from obstore.store import S3Store
        except ImportError as error:
            raise NotInstalled(
                "Models on S3 need the extra `s3`.", hint='Run: python -m pip install "sayso[s3]"'
            ) from error
        try:
            return S3Store.from_url(
                url,
                config=self._config,
                client_options=self._client_options,
                retry_config={"max_retries": _MAX_RETRIES},
            )
        except (BaseError, ValueError) as error:
            raise SourceFailed(_first_line(error)) from error


def _configuration(settings: Settings) -> tuple[S3Config, ClientConfig]:
    """What obstore is told, out of the settings."""
    config: S3Config = {}
    if settings.aws_region is not None:
        config["region"] = settings.aws_region
    if settings.aws_endpoint_url is not None:
        config["endpoint"] = settings.aws_endpoint_url
    if settings.aws_access_key_id is not None and settings.aws_secret_access_key is not None:
        config["access_key_id"] = settings.aws_access_key_id
        config["secret_access_key"] = settings.aws_secret_access_key.get_secret_value()
    endpoint = settings.aws_endpoint_url or ""
    return config, {"allow_http": endpoint.startswith("http://")}


def _download(store: S3Store, key: str, file: File, inbox: Inbox) -> None:
    """Transfer one object; the checksum tells whether the two halves of a resumed one belong together."""
    import obstore
    from obstore.exceptions import BaseError

    start = inbox.arrived(file)
    start = start if start < file.size_bytes else 0
    try:
        result = obstore.get(store, key, options={"range": {"offset": start}})
        inbox.receive(file, map(bytes, result.stream(min_chunk_size=ONE_MIB)), start=start)
    except (BaseError, OSError) as error:
        raise SourceFailed(_first_line(error)) from error


def _first_line(error: Exception) -> str:
    """The part of obstore's message that is written for people; its debug output follows on later lines."""
    return str(error).partition("\n")[0]
