"""Signatures of requests, version 4, for requests without a body.

https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
"""

from __future__ import annotations

import hashlib
import hmac
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_EMPTY_BODY = hashlib.sha256(b"").hexdigest()
_ALGORITHM = "AWS4-HMAC-SHA256"
_UNRESERVED = "-_.~"


@dataclass(frozen=True, kw_only=True, slots=True)
class Keys:
    """Credentials at one moment.

    Attributes:
        access_key_id: names the key.
        secret_access_key: the secret of it.
        session_token: of a temporary key; None otherwise.
    """

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)


class Signer:
    """Signs requests; any thread may use it. The key of a day is derived once.

    Args:
        keys: returns the credentials, which it renews when they expire; None for anonymous requests.
        region: of the bucket.
        now: Unix time in seconds, by the clock of the server if that is known.
    """

    def __init__(self, keys: Callable[[], Keys | None], *, region: str, now: Callable[[], float] = time.time) -> None:
        self._keys = keys
        self._region = region
        self._now = now
        self._derived: tuple[tuple[str, str], bytes] | None = None

    def signed(
        self, method: str, host: str, path: str, query: Mapping[str, str], headers: Mapping[str, str]
    ) -> Mapping[str, str]:
        """The headers of a request, with its signature and without ``Host``.

        Args:
            method: of HTTP.
            host: the value of the header ``Host``.
            path: as it is sent, encoded by `encode_path`.
            query: not encoded yet.
            headers: the others, their names in lower case; S3 demands that those of its own (``x-amz-``) are signed.
        """
        keys = self._keys()
        if keys is None:
            return headers
        timestamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(self._now()))
        own = {"host": host, "x-amz-content-sha256": _EMPTY_BODY, "x-amz-date": timestamp}
        if keys.session_token is not None:
            own["x-amz-security-token"] = keys.session_token
        own.update((name, value) for name, value in headers.items() if name.startswith("x-amz-"))
        signed = dict(sorted(own.items()))
        names = ";".join(signed)
        lines = "".join(f"{name}:{value}\n" for name, value in signed.items())
        canonical = f"{method}\n{path}\n{encode_query(query)}\n{lines}\n{names}\n{_EMPTY_BODY}"
        scope = f"{timestamp[:8]}/{self._region}/s3/aws4_request"
        digest = hashlib.sha256(canonical.encode()).hexdigest()
        text = f"{_ALGORITHM}\n{timestamp}\n{scope}\n{digest}"
        signature = hmac.digest(self._key(keys, timestamp[:8]), text.encode(), "sha256").hex()
        del signed["host"]
        authorization = f"{_ALGORITHM} Credential={keys.access_key_id}/{scope}, SignedHeaders={names}"
        return {**headers, **signed, "authorization": f"{authorization}, Signature={signature}"}

    def _key(self, keys: Keys, day: str) -> bytes:
        label = (keys.secret_access_key, day)
        derived = self._derived
        if derived is not None and derived[0] == label:
            return derived[1]
        key = f"AWS4{keys.secret_access_key}".encode()
        for part in (day, self._region, "s3", "aws4_request"):
            key = hmac.digest(key, part.encode(), "sha256")
        self._derived = (label, key)  # one assignment: threads may both derive it, to the same value
        return key


def encode_path(path: str) -> str:
    """The path of a request: every character of a key but letters, digits, ``-_.~`` and slashes is encoded."""
    return quote(path, safe=f"/{_UNRESERVED}")


def encode_query(query: Mapping[str, str]) -> str:
    """The query of a request, in the canonical order."""
    pairs = sorted((quote(name, safe=_UNRESERVED), quote(value, safe=_UNRESERVED)) for name, value in query.items())
    return "&".join(f"{name}={value}" for name, value in pairs)
