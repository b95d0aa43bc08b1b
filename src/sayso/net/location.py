"""A strict parser of URLs; its result is used everywhere, so that no second parser can disagree."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, cast
from urllib.parse import quote, urljoin, urlsplit

from sayso.errors import FetchRefused

if TYPE_CHECKING:
    from collections.abc import Collection

MAXIMUM_URL_CHARACTERS = 8192
_FORBIDDEN = re.compile(r"[\x00-\x20\x7f-\xa0\\]")
_ALREADY_ENCODED = "/%:@!$&'()*+,;=-._~?[]"


@dataclass(frozen=True, kw_only=True, slots=True)
class Location:
    """Where a URL leads.

    Attributes:
        scheme: the protocol.
        host: a name in ASCII and lower case without a final dot, or an address without brackets.
        port: the one that is named, or the scheme's.
        target: path and query as they are asked for; ASCII.
    """

    scheme: Literal["http", "https"]
    host: str
    port: int
    target: str

    @property
    def host_header(self) -> str:
        """The host as a request names it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _default_port(self.scheme) else f"{host}:{self.port}"

    @property
    def path(self) -> str:
        """The target without its query."""
        return self.target.partition("?")[0]

    def redirected(self, to: str) -> Location:
        """Where a ``Location`` header leads from here.

        Raises:
            FetchRefused: as `locate`.
        """
        return locate(urljoin(f"{self.scheme}://{self.host_header}{self.target}", to))


def locate(url: str) -> Location:
    """Read a URL.

    Raises:
        FetchRefused: it is no URL of HTTP or HTTPS, names a user, or has characters that a URL has not. The URL is not
            repeated: it may hold a secret.
    """
    if len(url) > MAXIMUM_URL_CHARACTERS or _FORBIDDEN.search(url):
        raise FetchRefused("The URL is too long, or holds a space, a backslash or a control character.")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise FetchRefused("The URL is malformed.") from None
    if parts.scheme not in {"http", "https"}:
        raise FetchRefused("Only http and https URLs are fetched.")
    if "@" in parts.netloc:
        raise FetchRefused("The URL names a user; URLs with credentials are not fetched.")
    if not host or port == 0 or ("[" in parts.netloc and ":" not in host):
        raise FetchRefused("The URL names no host, or no port that can be.")
    scheme = cast("Literal['http', 'https']", parts.scheme)
    target = quote(parts.path or "/", safe=_ALREADY_ENCODED)
    if parts.query:
        target += f"?{quote(parts.query, safe=_ALREADY_ENCODED)}"
    return Location(scheme=scheme, host=_ascii(host), port=port or _default_port(scheme), target=target)


def normalised_hosts(names: Collection[str]) -> frozenset[str]:
    """Names of hosts as `Location.host` has them."""
    return frozenset(name.lower().strip("[].") for name in names)


def _ascii(host: str) -> str:
    """A host's name as resolvers take it."""
    if ":" in host:
        return host
    try:
        name = host.encode("idna").decode("ascii").lower().removesuffix(".")
    except UnicodeError:
        name = ""
    if not name:
        raise FetchRefused("The URL's host is not a name.")
    return name


def _default_port(scheme: str) -> int:
    return 443 if scheme == "https" else 80
