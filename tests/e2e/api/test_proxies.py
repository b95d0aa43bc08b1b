"""``sayso run api`` behind a proxy, and without one: whom it believes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx2

from support.api.process import api_process

if TYPE_CHECKING:
    from pathlib import Path


def statuses(url: str, *forwarded: str) -> list[int]:
    """What a request is answered from each address that a header claims."""
    return [
        httpx2.get(f"{url}/v1/models", headers={"x-forwarded-for": address} if address else {}).status_code
        for address in forwarded
    ]


def test_nobody_is_believed_by_default(tmp_path: Path) -> None:
    """Without a setting a header neither evades the rate limit nor makes a page of another scheme our own, from this
    machine too, whatever uvicorn's own variable says.
    """
    with api_process(tmp_path, SAYSO_RATE_LIMIT="2/hour", FORWARDED_ALLOW_IPS="*") as server:
        assert refused_origin(server.url) is True
        assert statuses(server.url, "198.51.100.1", "198.51.100.2", "198.51.100.3", "") == [200, 200, 429, 429]


def test_a_proxy_that_is_named_is_believed(tmp_path: Path) -> None:
    """Each address behind it has its own limit; the address is the last that no named proxy wrote, so that a client
    cannot choose one. PUBLIC_BASE_URL's host is one of the server's names.
    """
    with api_process(
        tmp_path,
        SAYSO_RATE_LIMIT="1/hour",
        SAYSO_TRUSTED_PROXIES="127.0.0.0/8, ::1",
        PUBLIC_BASE_URL="https://speech.example.com/",
    ) as server:
        assert statuses(server.url, "198.51.100.1", "198.51.100.2", "198.51.100.1") == [200, 200, 429]
        assert statuses(server.url, "203.0.113.9, 198.51.100.1", "198.51.100.3, 127.0.0.1") == [429, 200]
        # One client is given a whole /64: its addresses there are one.
        assert statuses(server.url, "2001:db8::1", "2001:db8::2", "2001:db8:0:1::1") == [200, 429, 200]
        assert refused_origin(server.url) is False
        for host, status in (("speech.example.com", 200), ("[::1]:80", 200), ("evil.example", 400)):
            assert httpx2.get(f"{server.url}/live", headers={"host": host}).status_code == status


def refused_origin(url: str) -> bool:
    """Whether a page whose scheme is that of X-Forwarded-Proto is foreign."""
    headers = {"x-forwarded-proto": "https", "host": "localhost", "origin": "https://localhost"}
    return httpx2.post(f"{url}/v1/audio/speech", headers=headers, json={}).status_code == 403
