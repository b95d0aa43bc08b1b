"""SAYSO_PROVIDERS: a list in JSON, or the file with one; what is neither is refused without being shown."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from sayso.bootstrap.providers import providers_of
from sayso.errors import InvalidInput
from sayso.settings import SpeechSettings

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
