"""What a URL says."""

from __future__ import annotations

import pytest

from sayso.errors import FetchRefused
from sayso.net.location import locate


@pytest.mark.parametrize(
    ("url", "host_header", "target"),
    [
        ("http://example.com", "example.com", "/"),
        ("HTTPS://Example.COM:443/a.mp3", "example.com", "/a.mp3"),
        ("http://example.com.:8080/a%20b?x=1&y=%2F#part", "example.com:8080", "/a%20b?x=1&y=%2F"),
        ("http://bücher.example/ä.mp3", "xn--bcher-kva.example", "/%C3%A4.mp3"),
        ("http://[::1]:8000/", "[::1]:8000", "/"),
        ("http://127.0.0.1/", "127.0.0.1", "/"),
    ],
)
def test_a_url_is_read(url: str, host_header: str, target: str) -> None:
    """Hosts become ASCII in lower case, ports are the scheme's by default, what is encoded stays as it is."""
    location = locate(url)
    assert location.host_header == host_header
    assert location.target == target


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.com/a.mp3",
        "//example.com/a.mp3",
        "file:///etc/passwd",
        "ftp://example.com/a.mp3",
        "gopher://example.com/",
        "data:audio/wav;base64,AAAA",
        "http:///a.mp3",
        "http://:80/",
        "http://example.com:0/",
        "http://example.com:99999/",
        "http://example.com:port/",
        "http://user@example.com/",
        "http://user:secret@example.com/",
        "http://example.com@127.0.0.1/",
        "http://@example.com/",
        "http://127.0.0.1\\@example.com/",
        "http://example.com\\.evil.example/",
        "http://example.com/a b",
        "http://example.com/\r\nHost: other",
        "http://exam\tple.com/",
        " http://example.com/",
        "http://[::1/",
        "http://[v1.x]/",
        "http://..example/",
        "http://" + "a" * 64 + ".example/",
        "http://example.com/" + "a" * 9000,
    ],
)
def test_what_is_no_url_to_fetch_is_refused(url: str) -> None:
    """Other schemes, users, control characters, backslashes and hosts that cannot be, without repeating the URL."""
    with pytest.raises(FetchRefused) as refusal:
        locate(url)
    assert "secret" not in str(refusal.value)


@pytest.mark.parametrize(
    ("to", "expected"),
    [
        ("/b.mp3", "http://example.com:81/b.mp3"),
        ("c.mp3?x=1", "http://example.com:81/d/c.mp3?x=1"),
        ("//other.example/c", "http://other.example/c"),
        ("https://other.example/c", "https://other.example/c"),
    ],
)
def test_a_redirect_is_read_relative_to_where_it_came_from(to: str, expected: str) -> None:
    """A path, a host, or a whole URL."""
    assert locate("http://example.com:81/d/a.mp3").redirected(to) == locate(expected)


@pytest.mark.parametrize("to", ["file:///etc/passwd", "http://user@example.com/", "http://a b/", "javascript:1"])
def test_a_redirect_is_as_strictly_read(to: str) -> None:
    """It cannot lead where a URL could not."""
    with pytest.raises(FetchRefused):
        locate("http://example.com/").redirected(to)
