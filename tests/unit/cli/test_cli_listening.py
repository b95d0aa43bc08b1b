"""An address that cannot be had is said in one line before anything is loaded or started."""

from __future__ import annotations

import signal
import socket
from typing import TYPE_CHECKING

import pytest

from sayso.cli.listening_socket import host_and_port, listening
from sayso.errors import CannotListen

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.command_line import RunSayso


@pytest.fixture(autouse=True)
def _signals_restored() -> Iterator[None]:
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.fixture
def taken() -> Iterator[int]:
    """A port of this machine on which somebody listens."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


@pytest.mark.parametrize("command", [("up",), ("run", "api"), ("run", "stories"), ("run", "api", "stories")])
def test_a_port_in_use_is_said_first(
    sayso: RunSayso, taken: int, command: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit code 1 and one line, whatever else is missing; no database is begun for it."""
    monkeypatch.setenv("SAYSO_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("HOST", "127.0.0.1")
    outcome = sayso(*command, "--port", str(taken))
    (line,) = outcome.err.splitlines()
    assert outcome.code == 1
    assert line.startswith(f"error: Cannot listen on 127.0.0.1:{taken}: the port is in use; ")
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("host", "reason"),
    [
        ("nowhere.invalid", r"nowhere\.invalid:0: .*HOST"),
        ("192.0.2.1", r"192\.0\.2\.1:0: this machine does not have the address"),
        ("2001:db8::1", r"\[2001:db8::1\]:0: .*HOST"),
        ("a..b", r"a\.\.b:0: .*HOST"),
    ],
)
def test_a_host_that_cannot_be_had_is_named(host: str, reason: str) -> None:
    """A name that leads nowhere, or another machine's address, is told with the setting to change."""
    with pytest.raises(CannotListen, match=reason), listening(host, 0):
        pass


def test_every_address_of_a_name_has_the_same_port() -> None:
    """Where localhost is 127.0.0.1 and ::1, whoever connects to either finds the service."""
    with listening("localhost", 0) as sockets:
        assert len({bound.getsockname()[1] for bound in sockets}) == 1
        assert {bound.getsockname()[0] for bound in sockets} <= {"127.0.0.1", "::1"}


def test_the_address_is_free_again_afterwards() -> None:
    """Nothing holds it once the block has ended."""
    with listening("127.0.0.1", 0) as sockets:
        port = sockets[0].getsockname()[1]
    with listening("127.0.0.1", port):
        pass


def test_an_address_is_written_as_in_urls() -> None:
    """IPv6 has brackets."""
    assert host_and_port("::1", 8000) == "[::1]:8000"
    assert host_and_port("127.0.0.1", 8000) == "127.0.0.1:8000"
