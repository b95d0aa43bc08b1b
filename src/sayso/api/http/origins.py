"""Checks of the headers Host, Origin and Sec-Fetch-Site, with which browsers identify the origin of a request.

A server without API keys trusts everyone who can reach it, and a browser on the same machine reaches it on behalf of
every page that it shows. `TrustedHosts` refuses pages that reach it under a name of their own (DNS rebinding), and
`CrossOriginRequests` refuses requests that pages of other origins send without being able to read the response. A
server with keys needs neither: browsers do not attach keys automatically, and no cookie is ever set or read.
"""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from starlette.datastructures import Headers

from sayso.api.http.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from starlette.types import ASGIApp, Receive, Scope, Send

ANY = "*"

_HOST = re.compile(r"(?:\[(?P<address>[0-9A-Fa-f:.]+)\]|(?P<name>[A-Za-z0-9._-]+))(?::(?P<port>[0-9]{0,5}))?")
_DEFAULT_PORTS = {"http": 80, "https": 443}
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_OWN_SITES = frozenset({"same-origin", "none"})


class Origin(NamedTuple):
    """An origin in the form in which browsers compare them (RFC 6454)."""

    scheme: str
    host: str
    port: int


def parse_host(header: str) -> tuple[str, int | None] | None:
    """The host and the port of a Host header; None if it is malformed.

    Names are in lower case and without a final dot; addresses are in their shortest form and without brackets.
    """
    found = _HOST.fullmatch(header.strip())
    if found is None:
        return _bare_ipv6(header.strip())
    port = int(found["port"]) if found["port"] else None
    if found["address"]:
        address = _bare_ipv6(found["address"])
        return None if address is None else (address[0], port)
    name = found["name"].lower().removesuffix(".")
    return (name, port) if name else None


def parse_origin(text: str) -> Origin | None:
    """An HTTP origin, such as ``https://speech.example.com``; None for any other, including ``null``.

    A path, as in a base URL, is ignored.
    """
    try:
        parts = urlsplit(text.strip())
    except ValueError:
        return None
    host = parse_host(parts.netloc)
    if host is None or parts.scheme not in _DEFAULT_PORTS:
        return None
    return Origin(parts.scheme, host[0], _DEFAULT_PORTS[parts.scheme] if host[1] is None else host[1])


class TrustedHosts:
    """Accepts only requests to the server's own host names; the port does not matter.

    IP addresses are always accepted: DNS rebinding needs a name.

    Args:
        app: the wrapped application.
        hosts: the names; None for any.
    """

    def __init__(self, app: ASGIApp, *, hosts: Collection[str] | None) -> None:
        self._app = app
        self._hosts = None if hosts is None else frozenset(host.lower().removesuffix(".") for host in hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if self._hosts is not None and scope["type"] == "http" and not _is_nameless(scope):
            host = parse_host(Headers(scope=scope).get("host", ""))
            if host is None or not (host[0] in self._hosts or _is_address(host[0])):
                problem = Problem(
                    status=400,
                    message="This server does not accept that host name. Its operator can add it to SAYSO_HOSTS.",
                    code="unknown_host",
                )
                await problem.response()(scope, receive, send)
                return
        await self._app(scope, receive, send)


class CrossOriginRequests:
    """Refuses unsafe requests from pages of other origins, before the body is read.

    Requests from other programs than browsers have neither header, and pass.

    Args:
        app: the wrapped application.
        base_url: the public address of this server, besides the one in the request.
        allowed: the origins whose pages may call it; ``*`` for all.
    """

    def __init__(self, app: ASGIApp, *, base_url: str | None = None, allowed: Iterable[str] = ()) -> None:
        allowed = tuple(allowed)
        self._app = app
        self._own = None if base_url is None else parse_origin(base_url)
        self._allows_all = ANY in allowed
        self._allowed = frozenset(filter(None, map(parse_origin, allowed)))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] == "http" and scope["method"] not in _SAFE_METHODS and not self._may_ask(scope):
            problem = Problem(
                status=403,
                message="This server has no API keys, so pages of other origins may not use it. Its operator can add "
                "their origins to SAYSO_CORS_ORIGINS.",
                code="foreign_origin",
            )
            await problem.response()(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _may_ask(self, scope: Scope) -> bool:
        headers = Headers(scope=scope)
        sites = {site.strip().lower() for site in headers.getlist("sec-fetch-site")}
        origins = [parse_origin(text) for text in headers.getlist("origin")]
        if self._allows_all or (origins and all(origin in self._allowed for origin in origins)):
            return True
        if not sites <= _OWN_SITES:
            return False
        is_same = sites == {"same-origin"}
        return all(origin is not None and self._is_own(origin, scope, headers, is_same=is_same) for origin in origins)

    def _is_own(self, origin: Origin, scope: Scope, headers: Headers, *, is_same: bool) -> bool:
        """Whether an origin is this server's.

        Behind a proxy that terminates TLS, the scheme is http here and https in the browser. So if the browser itself
        says that the origins are the same, the scheme is not compared.
        """
        if origin == self._own:
            return True
        host = headers.get("host", "")
        schemes = tuple(_DEFAULT_PORTS) if is_same else (scope["scheme"],)
        return any(origin == parse_origin(f"{scheme}://{host}") for scheme in schemes)


def _is_nameless(scope: Scope) -> bool:
    """Whether a request is of HTTP/1.0 and names no host, as health checks of load balancers; no browser sends it."""
    return scope["http_version"] == "1.0" and "host" not in Headers(scope=scope)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _bare_ipv6(text: str) -> tuple[str, None] | None:
    try:
        return ipaddress.IPv6Address(text).compressed, None
    except ValueError:
        return None
