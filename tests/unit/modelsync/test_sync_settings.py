"""Settings with which model sync would do nothing, or too much, without a word are refused."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from sayso.bootstrap.sync_parts import sync_options
from sayso.errors import InvalidInput
from sayso.settings import SyncSettings


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("SAYSO_SYNC_PREFIX", "/essential/", "begins with a slash"),
        ("SAYSO_SYNC_ATOMIC_PREFIXES", "/", "the whole volume"),
        ("SAYSO_SYNC_ATOMIC_PREFIXES", "essential/whisper/, //", "the whole volume"),
    ],
)
def test_prefixes_that_cannot_be_meant_are_refused(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, said: str
) -> None:
    """No key that begins with a slash is a path, and the root cannot be a set."""
    monkeypatch.setenv(variable, value)
    with pytest.raises(InvalidInput, match=said):
        sync_options(SyncSettings())


def test_directories_may_be_written_with_slashes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAYSO_SYNC_ATOMIC_PREFIXES", "/essential/whisper,optional/")
    assert sync_options(SyncSettings()).rules.atomic_prefixes == ("essential/whisper/", "optional/")


def test_more_connections_than_a_process_can_have_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is a thread."""
    monkeypatch.setenv("SAYSO_SYNC_CONNECTIONS", "100000")
    with pytest.raises(ValidationError, match="1024"):
        SyncSettings()
