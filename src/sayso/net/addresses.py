"""The addresses of the public internet."""

from __future__ import annotations

import ipaddress
from typing import TypeAlias

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address

_IPV4_NOT_PUBLIC = tuple(
    ipaddress.IPv4Network(block)
    for block in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # shared by carriers; a cloud's metadata service
        "127.0.0.0/8",  # loopback
        "168.63.129.16/32",  # Azure's host agent, in the public range
        "169.254.0.0/16",  # link-local; the clouds' metadata services
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments; a cloud's metadata service
        "192.0.2.0/24",  # documentation
        "192.31.196.0/24",  # AS112
        "192.52.193.0/24",  # multicast tunnels
        "192.88.99.0/24",  # relays of 6to4
        "192.168.0.0/16",  # private
        "192.175.48.0/24",  # AS112
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, broadcast
    )
)
"""https://www.iana.org/assignments/iana-ipv4-special-registry, and multicast."""

_IPV6_GLOBAL = ipaddress.IPv6Network("2000::/3")
"""Global unicast (https://www.iana.org/assignments/ipv6-address-space). Outside of it are
loopback, link-local, unique-local, multicast, and the forms that hide an IPv4 address: mapped ``::ffff:0:0/96``,
compatible ``::/96``, NAT64 ``64:ff9b::/96`` and ``64:ff9b:1::/48``."""

_IPV6_NOT_PUBLIC = tuple(
    ipaddress.IPv6Network(block)
    for block in (
        "2001::/23",  # protocol assignments: Teredo hides an IPv4 address
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4 hides an IPv4 address
        "2620:4f:8000::/48",  # AS112
        "3fff::/20",  # documentation
    )
)
"""https://www.iana.org/assignments/iana-ipv6-special-registry, within `_IPV6_GLOBAL`."""


def is_public(address: Address) -> bool:
    """Whether an address belongs to a host on the public internet.

    A table of our own and not `ipaddress`'s ``is_global``, whose answer differs between releases of Python.
    """
    if isinstance(address, ipaddress.IPv4Address):
        return not any(address in block for block in _IPV4_NOT_PUBLIC)
    return address in _IPV6_GLOBAL and not any(address in block for block in _IPV6_NOT_PUBLIC)
