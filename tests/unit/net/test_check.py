"""What is said against a URL before anybody calls it."""

from __future__ import annotations

import pytest

from sayso.errors import FetchRefused
from sayso.net import check_url


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/a",
        "http://example.com:81/",
        "http://1.1.1.1/",
        "http://[2606:4700::1111]/",
        "http://b.test/",
    ],
)
def test_a_url_that_may_lead_somewhere_passes(url: str) -> None:
    """A name is not resolved, so that one that leads nowhere passes too."""
    check_url(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://127.1/",
        "http://2130706433/",
        "http://0x7f000001/",
        "http://0177.0.0.1/",
        "http://10.0.0.1:8000/",
        "http://169.254.169.254/latest/meta-data",
        "http://[::1]/",
        "http://[::ffff:10.0.0.1]/",
        "http://[fe80::1]/",
        "http://localhost/",
        "http://LOCALHOST./",
        "http://a.localhost/",
    ],
)
def test_an_address_that_is_not_public_is_refused(url: str) -> None:
    """In every form that the system reads, and so is this machine's own name."""
    with pytest.raises(FetchRefused, match="public internet"):
        check_url(url, private_hosts=("other.example",))


def test_a_private_host_passes_by_its_name() -> None:
    """By the one that the settings hold, whatever its case."""
    check_url("http://Localhost:8000/", private_hosts=("localhost",))
    check_url("http://[::1]/", private_hosts=("[::1]",))
    with pytest.raises(FetchRefused):
        check_url("http://127.0.0.1/", private_hosts=("localhost",))


@pytest.mark.parametrize("url", ["ftp://example.com/", "http://user:secret@example.com/", "example.com", "http://a b/"])
def test_what_is_no_url_is_refused(url: str) -> None:
    """Without being repeated."""
    with pytest.raises(FetchRefused) as refusal:
        check_url(url)
    assert "secret" not in str(refusal.value)
