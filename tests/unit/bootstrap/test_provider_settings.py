"""SAYSO_PROVIDERS: a list in JSON, or the file with one; what is neither is refused without being shown."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from sayso.bootstrap.providers import open_providers, providers_of, shutdown_watch
from sayso.errors import InvalidInput, SaysoError
from sayso.settings import SpeechSettings, load_settings

if TYPE_CHECKING:
    from pathlib import Path


def named(monkeypatch: pytest.MonkeyPatch, value: str) -> list[str]:
    monkeypatch.setenv("SAYSO_PROVIDERS", value)
    return [provider.name for provider in providers_of(SpeechSettings())]


@pytest.mark.parametrize("value", ['["groq"]', '\n  ["groq"]\n', '\ufeff["groq"]', '[\n"groq"\n]'])
def test_a_list_is_taken_with_the_white_space_of_its_file(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    assert named(monkeypatch, value) == ["groq"]


@pytest.mark.parametrize("content", [b'["groq"]', b'\xef\xbb\xbf["groq"]\r\n'])
def test_a_file_may_have_a_byte_order_mark(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "providers.json").write_bytes(content)
    assert named(monkeypatch, str(tmp_path / "providers.json")) == ["groq"]


@pytest.mark.parametrize(
    "value",
    [
        '{"name": "groq", "key": "sk-secret"}',
        ' {"name": "groq", "key": "sk-secret"',
        '"sk-secret"',
        "sk-secret",
        "gsk_secret",
        "groq=gsk_secret",
        "sk-secret" * 600,
        "~sk-secret/x y",
        "sk-secret\udcff",
    ],
)
def test_what_is_neither_a_list_nor_a_path_is_not_shown(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        named(monkeypatch, value)
    assert "secret" not in str(caught.value)


def test_a_path_that_cannot_be_read_is_shown(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"nowhere\.json cannot be read: No such file"):
        named(monkeypatch, str(tmp_path / "nowhere.json"))
    with pytest.raises(InvalidInput, match="no regular file"):
        named(monkeypatch, str(tmp_path))


def test_a_named_pipe_does_not_keep_the_process_waiting(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.json")
    with pytest.raises(InvalidInput, match="no regular file"):
        named(monkeypatch, str(tmp_path / "pipe.json"))


@pytest.mark.parametrize(
    "address", ["http://u:secret@[::1/v1", "http://h:99999/v1", "https://:443/v1", "http://h\x7f/"]
)
def test_an_address_of_openai_without_a_host_or_a_port_is_refused_at_the_start(
    monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    """A request to it would fail in a way that no fallback knows."""
    monkeypatch.setenv("OPENAI_BASE_URL", address)
    with pytest.raises(SaysoError, match="OPENAI_BASE_URL") as caught:
        load_settings(SpeechSettings)
    assert "secret" not in str(caught.value)


def test_a_key_that_no_header_can_carry_ends_no_watch(monkeypatch: pytest.MonkeyPatch) -> None:
    """The list of models is not read; nothing else happens."""
    monkeypatch.setenv("OPENAI_API_KEY", "cl\u00e9")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    opened = open_providers(SpeechSettings())
    watch = shutdown_watch(opened)
    assert watch is not None
    watch.read()
    for each in opened:
        each.connection.close()
