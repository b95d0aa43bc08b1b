"""Checks of a URL that need no connection."""

from __future__ import annotations

import ipaddress
import socket
from typing import TYPE_CHECKING

from sayso.errors import FetchRefused
from sayso.net.addresses import is_public
from sayso.net.location import locate, normalised_hosts

if TYPE_CHECKING:
    from collections.abc import Collection

_LOOPBACK_NAME = "localhost"


def check_url(url: str, *, private_hosts: Collection[str] = ()) -> None:
    """Refuse a URL that `fetch` and `post` would always refuse; no name is resolved, which they do when they call.

    Args:
        url: that is to be called later.
        private_hosts: hosts that may be named although their addresses are not public.

    Raises:
        FetchRefused: it is no URL of HTTP or HTTPS, has credentials, or names an address that is not public.
    """
    host = locate(url).host
    if host in normalised_hosts(private_hosts):
        return
    if host == _LOOPBACK_NAME or host.endswith(f".{_LOOPBACK_NAME}") or not _may_be_public(host):
        raise FetchRefused(
            "The URL's host is not on the public internet.",
            hint="Hosts that may be private are named in SAYSO_PRIVATE_HOSTS.",
        )


def _may_be_public(host: str) -> bool:
    """Whether a host is a name, or a public address in any form that the system reads: decimal, octal."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except (OSError, UnicodeError):
        return True
    return all(is_public(ipaddress.ip_address(entry[4][0])) for entry in found)
