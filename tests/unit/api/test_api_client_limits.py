"""Rate limits."""

from __future__ import annotations

import pytest

from sayso.api.http.rate_limits import RateLimiter, RequestShares, _duration, address_of
from sayso.errors import Busy, InvalidInput


def test_a_client_may_ask_as_often_as_the_limit_says() -> None:
    """And then is told when it may ask again, which is within the window."""
    limiter = RateLimiter("3/hour")
    for _ in range(3):
        limiter.hit("web")
    with pytest.raises(Busy) as refusal:
        limiter.hit("web")
    assert 0 < refusal.value.retry_after_seconds <= 3600


def test_a_request_that_is_refused_does_not_count() -> None:
    """A client that keeps asking is let in when its first request leaves the window, not later."""
    limiter = RateLimiter("1/hour")
    limiter.hit("web")
    waits = []
    for _ in range(3):
        with pytest.raises(Busy) as refusal:
            limiter.hit("web")
        waits.append(refusal.value.retry_after_seconds)
    assert waits == sorted(waits, reverse=True)


def test_clients_are_counted_apart() -> None:
    """One that asks too often takes nothing from another."""
    limiter = RateLimiter("1/hour")
    limiter.hit("web")
    limiter.hit("ops")


def test_clients_that_are_gone_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of however many addresses have asked, only those within the window take memory."""
    now = [1000.0]
    monkeypatch.setattr("time.time", lambda: now[0])
    limiter = RateLimiter("2/second")
    for number in range(100):
        now[0] += 0.1
        limiter.hit(f"client {number}")
    assert len(limiter._last_asked) <= 22
    assert len(limiter._window.storage.events) <= 22  # type: ignore[attr-defined]


def test_the_headers_say_what_is_left() -> None:
    """Under OpenAI's names; the time is the one in which the next request leaves the window."""
    limiter = RateLimiter("2/minute")
    limiter.hit("web")
    headers = limiter.headers("web")
    assert headers["x-ratelimit-limit-requests"] == "2"
    assert headers["x-ratelimit-remaining-requests"] == "1"
    assert headers["x-ratelimit-reset-requests"].endswith("s")
    assert limiter.headers("nobody")["x-ratelimit-remaining-requests"] == "2"


def test_without_a_limit_everybody_may_ask() -> None:
    """And no header speaks of one."""
    limiter = RateLimiter(None)
    for _ in range(1000):
        limiter.hit("web")
    assert limiter.headers("web") == {}


@pytest.mark.parametrize("spec", ["", "often", "600", "x/minute", "10/fortnight", "-1/minute", "0/minute"])
def test_a_malformed_limit_is_refused_at_the_start(spec: str) -> None:
    """With an example of how it is written."""
    with pytest.raises(InvalidInput, match="600/minute"):
        RateLimiter(spec)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "0ms"),
        (0.0201, "21ms"),
        (1.0, "1s"),
        (59.2, "1m0s"),
        (360.0, "6m0s"),
        (3600.0, "1h0m0s"),
        (86_399, "23h59m59s"),
    ],
)
def test_times_are_written_as_openai_writes_them(seconds: float, text: str) -> None:
    """As Go prints a duration."""
    assert _duration(seconds) == text


def test_no_client_has_every_connection() -> None:
    """Half at most for one alone; whoever comes next is served, and what has ended counts no more."""
    shares = RequestShares(4)
    with shares.count("greedy"), shares.count("greedy"):
        with pytest.raises(Busy, match="your share"), shares.count("greedy"):
            pass
        with shares.count("other"), pytest.raises(Busy, match="your share"), shares.count("other"):
            pass
    with shares.count("greedy"), shares.count("greedy"):
        pass
    assert not shares._held


@pytest.mark.parametrize(
    ("client", "name"),
    [
        (("192.0.2.1", 5), "192.0.2.1"),
        (("2001:db8::1:2", 5), "2001:db8::/64"),
        (("2001:db8:0:0:ffff::", 5), "2001:db8::/64"),
        (("testclient", 5), "testclient"),
        (None, "unknown"),
    ],
)
def test_a_client_is_counted_by_its_address(client: tuple[str, int] | None, name: str) -> None:
    """And in IPv6 by the network of which it may use every address."""
    assert address_of({"client": client}) == name
