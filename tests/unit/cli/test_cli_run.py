"""Where `sayso run` listens, and by what names it answers."""

from __future__ import annotations

import pytest

from sayso.bootstrap.roles import roles_named
from sayso.cli.run import LOOPBACK, _is_closed, _names, listening_address
from sayso.errors import InvalidInput
from sayso.settings import Settings, load_settings


@pytest.mark.parametrize(
    ("host", "address"),
    [
        (None, "127.0.0.1"),
        ("localhost", "localhost"),
        ("LOCALHOST", "LOCALHOST"),
        ("localhost.", "localhost."),
        ("::1", "::1"),
        ("[::1]", "::1"),
        ("127.0.0.2", "127.0.0.2"),
        ("0.0.0.0", LOOPBACK),  # noqa: S104
        ("::", LOOPBACK),
        ("speech.internal", LOOPBACK),
    ],
)
def test_without_keys_only_this_machine_is_served(host: str | None, address: str) -> None:
    """Whatever it is called; what others reach is not listened on."""
    assert listening_address(Settings(), roles_named(["api"]), host) == address


def test_an_api_that_must_have_keys_does_not_start_without() -> None:
    """In a container, loopback serves no client. The error names the setting; roles without clients need no keys."""
    settings = Settings(require_keys=True)
    for host in (None, "0.0.0.0"):  # noqa: S104
        with pytest.raises(InvalidInput, match="SAYSO_API_KEYS is not set"):
            listening_address(settings, roles_named(["api"]), host)
        assert listening_address(settings, roles_named(["stories", "sync"]), host) == "0.0.0.0"  # noqa: S104
    assert listening_address(settings, roles_named(["api"]), "localhost") == "localhost"
    with pytest.raises(InvalidInput, match="SAYSO_API_KEYS is not set"):
        listening_address(settings, roles_named(["api", "cards"]), None)
    open_to_all = settings.model_copy(update={"allow_anonymous": True})
    assert listening_address(open_to_all, roles_named(["api"]), "0.0.0.0") == "0.0.0.0"  # noqa: S104


@pytest.mark.parametrize(
    ("settings", "address", "closed"),
    [
        (Settings(require_keys=True), "0.0.0.0", True),  # noqa: S104
        (Settings(require_keys=True), "127.0.0.1", False),
        (Settings(require_keys=True, allow_anonymous=True), "0.0.0.0", False),  # noqa: S104
        (Settings(require_keys=True, api_keys=("me:jobs:hash",)), "0.0.0.0", False),  # noqa: S104
    ],
)
def test_cards_without_keys_start_closed_where_keys_are_required(
    settings: Settings, address: str, *, closed: bool
) -> None:
    """Its work is in the application's table: probes, metrics and files are served, and no client's request."""
    assert listening_address(settings, roles_named(["cards"]), address) == address
    assert _is_closed(settings, roles_named(["cards"]), address) is closed
    assert not _is_closed(settings, roles_named(["stories", "sync"]), address)


@pytest.mark.parametrize(
    ("settings", "address", "names"),
    [
        (Settings(), "127.0.0.1", {"localhost"}),
        (Settings(), "::1", {"localhost"}),
        (Settings(), "0.0.0.0", None),  # noqa: S104
        (
            Settings(public_base_url="https://Speech.Example.com:8443/x"),
            "localhost",
            {"localhost", "speech.example.com"},
        ),
        (Settings(public_base_url="https://speech.example.com"), "0.0.0.0", None),  # noqa: S104
        (Settings(hosts=("A.internal.", "b.internal:80")), "::1", {"localhost", "a.internal", "b.internal"}),
        (Settings(hosts=("a.internal",)), "0.0.0.0", {"localhost", "a.internal"}),  # noqa: S104
    ],
)
def test_the_names_are_those_of_the_settings(settings: Settings, address: str, names: set[str] | None) -> None:
    """Any name where the network's own lead here, unless a setting has them."""
    assert _names(settings, settings.public_base_url, address) == names


def test_a_name_that_is_none_is_refused_at_the_start() -> None:
    """Rather than never being met."""
    with pytest.raises(InvalidInput, match="SAYSO_HOSTS"):
        _names(Settings(hosts=("https://speech.example.com",)), None, LOOPBACK)


@pytest.mark.parametrize("value", ["*", "proxy.internal", "10.0.0.0/33", "10.0.0.1 10.0.0.2"])
def test_proxies_are_addresses(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    """A name, which no address is ever equal to, is refused rather than never trusted."""
    monkeypatch.setenv("SAYSO_TRUSTED_PROXIES", value)
    with pytest.raises(InvalidInput, match="SAYSO_TRUSTED_PROXIES"):
        load_settings()


def test_proxies_may_be_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A single address is a network of one; an address within a network stands for the network."""
    monkeypatch.setenv("SAYSO_TRUSTED_PROXIES", "10.1.2.3/8, 192.0.2.1, ::1")
    assert load_settings().trusted_proxies == ("10.0.0.0/8", "192.0.2.1/32", "::1/128")
