"""Where a bucket is, and with which credentials, as botocore's configuration chain says."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from sayso.aws.s3_reader.signing import Keys, encode_path
from sayso.aws.s3_reader.sockets import Address, Proxy
from sayso.aws.session import service_tables
from sayso.errors import InvalidInput, NotInstalled, ServiceUnavailable
from sayso.installation import install_hint

if TYPE_CHECKING:
    from collections.abc import Callable

    from sayso.aws.access import AwsAccess

_PROBE = "k"
_PORTS = {"http": 80, "https": 443}
_NO_CREDENTIALS_HINT = (
    "Give the task a role, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; "
    "a public bucket can be read without, by the setting for anonymous requests."
)


@dataclass(frozen=True, kw_only=True, slots=True)
class BucketLocation:
    """How to read a bucket.

    Attributes:
        bucket: its name.
        address: of the server.
        host: the value of the header ``Host``.
        path: what comes before the key in the path of a request: ``/`` or ``/bucket/``, encoded.
        region: for signatures.
        keys: returns the credentials of the moment, and renews them when they expire; returns None for anonymous
            requests. It raises `ServiceUnavailable` where there are none.
    """

    bucket: str
    address: Address
    host: str
    path: str
    region: str
    keys: Callable[[], Keys | None]


def locate_bucket(bucket: str, access: AwsAccess, *, is_anonymous: bool = False) -> BucketLocation:
    """Find a bucket's endpoint and credentials, as AWS's own tools find them; no bucket is asked yet.

    The configuration file, the profile, the partition of the region, proxies and ``AWS_CA_BUNDLE`` are respected. With
    an endpoint of its own the bucket is a part of the path, unless the configuration asks for virtual hosts.

    Args:
        bucket: its name, or the ARN of an access point.
        access: region, endpoint and keys.
        is_anonymous: whether requests are not signed, for a public bucket.

    Raises:
        NotInstalled: the extra ``aws`` is missing.
        InvalidInput: the bucket, the region or the endpoint cannot be used.
    """
    session = _session()
    from botocore.exceptions import BotoCoreError
    from botocore.utils import get_environ_proxies

    try:
        url, region = _url_of_probe(session, bucket, access)
        verify = session.get_config_variable("ca_bundle")
    except (BotoCoreError, ValueError) as error:
        raise InvalidInput(f"The bucket {bucket} cannot be used: {error}", hint="See S3_BUCKET_NAME.") from None
    parts = urlsplit(url)
    is_encrypted = parts.scheme == "https"
    proxy_url = get_environ_proxies(url).get("https") if is_encrypted else None
    address = Address(
        host=parts.hostname or "",
        port=parts.port or _PORTS[parts.scheme],
        tls=_tls(verify) if is_encrypted else None,
        proxy=_proxy(proxy_url),
    )
    return BucketLocation(
        bucket=bucket,
        address=address,
        host=parts.netloc,
        path=parts.path.removesuffix(_PROBE),
        region=region,
        keys=(lambda: None) if is_anonymous else _Credentials(session, access),
    )


def _session() -> Any:
    try:
        from botocore.session import Session
    except ImportError as error:
        raise NotInstalled("S3 needs the extra `aws`.", hint=install_hint("aws")) from error
    session = Session()
    session.register_component("data_loader", service_tables())
    return session


def _url_of_probe(session: Any, bucket: str, access: AwsAccess) -> tuple[str, str]:
    """The URL of a key in the bucket, and the region."""
    style = _addressing_style(session)
    if access.endpoint_url is not None and style != "virtual" and not bucket.startswith("arn:"):
        # Without the description of S3, which takes 0.2 s to load.
        return f"{access.endpoint_url.rstrip('/')}/{encode_path(bucket)}/{_PROBE}", access.region
    from botocore import UNSIGNED
    from botocore.config import Config

    if style == "auto":  # for which botocore would return the global endpoint here
        style = "path" if "." in bucket else "virtual"
    client = session.create_client(
        "s3",
        region_name=access.region,
        endpoint_url=access.endpoint_url,
        config=Config(signature_version=UNSIGNED, s3={"addressing_style": style}),
        verify=None if access.is_encrypted else False,  # without TLS no certificates are loaded
    )
    try:
        url: str = client.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": _PROBE})
        return url.partition("?")[0], client.meta.region_name
    finally:
        client.close()


def _addressing_style(session: Any) -> str:
    """``auto``, ``path`` or ``virtual``, as the configuration file says."""
    configured = session.get_scoped_config().get("s3")
    style = configured.get("addressing_style") if isinstance(configured, dict) else None
    return style if style in {"path", "virtual"} else "auto"


def _tls(bundle: str | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=bundle)
    except OSError as error:
        raise InvalidInput(f"The CA bundle {bundle} cannot be used: {error}", hint="See AWS_CA_BUNDLE.") from error


def _proxy(url: str | None) -> Proxy | None:
    if not url:
        return None
    parts = urlsplit(url if "://" in url else f"http://{url}")
    credentials = None
    if parts.username is not None:
        credentials = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return Proxy(host=parts.hostname or "", port=parts.port or _PORTS["http"], credentials=credentials)


class _Credentials:
    """The credentials of the settings, or those that botocore's chain finds and renews; any thread may call it."""

    def __init__(self, session: Any, access: AwsAccess) -> None:
        self._session = session
        self._found: Any = None
        self._own: Keys | None = None
        if access.access_key_id is not None and access.secret_access_key is not None:
            self._own = Keys(
                access_key_id=access.access_key_id,
                secret_access_key=access.secret_access_key,
                session_token=access.session_token,
            )

    def __call__(self) -> Keys:
        if self._own is not None:
            return self._own
        from botocore.exceptions import BotoCoreError

        try:
            found = self._found = self._found or self._session.get_credentials()
            frozen = None if found is None else found.get_frozen_credentials()
        except BotoCoreError as error:
            raise ServiceUnavailable(f"There are no AWS credentials for s3: {error}") from None
        if frozen is None:
            raise ServiceUnavailable("There are no AWS credentials for s3.", hint=_NO_CREDENTIALS_HINT)
        return Keys(access_key_id=frozen.access_key, secret_access_key=frozen.secret_key, session_token=frozen.token)
