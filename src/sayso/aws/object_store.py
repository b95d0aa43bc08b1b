"""S3 by obstore, for threads: bulk transfers without conditions."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sayso.errors import InvalidInput, NotInstalled
from sayso.installation import install_hint

if TYPE_CHECKING:
    from obstore.store import ClientConfig, S3Config, S3Store

    from sayso.settings.aws import AwsSettings


def open_object_store(
    url: str, settings: AwsSettings, *, max_retries: int, timeout_seconds: float | None = None
) -> S3Store:
    """The objects below a prefix; any thread may use them. S3 is not called yet.

    Args:
        url: the prefix, as ``s3://bucket/prefix``.
        settings: region, endpoint and keys; what is missing comes from AWS's own configuration.
        max_retries: how many tries may follow the first, of each call.
        timeout_seconds: the time limit of one try; None for obstore's default.

    Raises:
        NotInstalled: the extra ``s3`` is missing.
        InvalidInput: the address or a setting cannot be used.
    """
    try:
        from obstore.exceptions import BaseError
        from obstore.store import S3Store
    except ImportError as error:
        raise NotInstalled("S3 needs the extra `s3`.", hint=install_hint("s3")) from error
    try:
        return S3Store.from_url(
            url,
            config=_config(settings),
            client_options=_client_options(settings, timeout_seconds),
            retry_config={"max_retries": max_retries},
        )
    except (BaseError, ValueError) as error:
        raise InvalidInput(first_line(error)) from error


def first_line(error: Exception) -> str:
    """The readable part of obstore's message; its debug output follows on later lines."""
    return str(error).partition("\n")[0]


def _config(settings: AwsSettings) -> S3Config:
    config: S3Config = {}
    if settings.aws_region is not None:
        config["region"] = settings.aws_region
    if settings.aws_endpoint_url is not None:
        config["endpoint"] = settings.aws_endpoint_url
    if settings.aws_access_key_id is not None and settings.aws_secret_access_key is not None:
        config["access_key_id"] = settings.aws_access_key_id
        config["secret_access_key"] = settings.aws_secret_access_key.get_secret_value()
        if settings.aws_session_token is not None:
            config["session_token"] = settings.aws_session_token.get_secret_value()
    return config


def _client_options(settings: AwsSettings, timeout_seconds: float | None) -> ClientConfig:
    endpoint = settings.aws_endpoint_url or ""
    options: ClientConfig = {"allow_http": endpoint.startswith("http://")}
    if timeout_seconds is not None:
        options["timeout"] = options["connect_timeout"] = timedelta(seconds=timeout_seconds)
    return options
