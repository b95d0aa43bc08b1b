"""Where the files of cards are, and at which addresses."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from sayso.bootstrap.card_storage import (
    card_files_root,
    card_files_url,
    check_card_directory,
    check_free_space,
    in_data_directory,
)
from sayso.errors import InvalidInput, ServiceUnavailable
from sayso.settings import CardsSettings


@pytest.mark.parametrize(
    ("settings", "url"),
    [
        ({"port": 9000}, "http://localhost:9000/api/tts/files"),
        ({"cards_public_base_url": "https://cdn.example.com/tts/"}, "https://cdn.example.com/tts"),
        ({"cards_bucket": "cards"}, "https://cards.s3.us-east-1.amazonaws.com"),
        ({"cards_bucket": "cards", "aws_region": "eu-west-3"}, "https://cards.s3.eu-west-3.amazonaws.com"),
        ({"cards_bucket": "my.cards"}, "https://s3.us-east-1.amazonaws.com/my.cards"),
        ({"cards_bucket": "cards", "aws_endpoint_url": "http://minio:9000/"}, "http://minio:9000/cards"),
        ({"cards_bucket": "cards", "cards_public_base_url": "https://cdn.example.com"}, "https://cdn.example.com"),
    ],
)
def test_the_files_have_a_public_address(settings: dict[str, Any], url: str) -> None:
    """The one that is set, or that of this process, or of the bucket."""
    kind: Any = "s3" if "cards_bucket" in settings else "local"
    assert card_files_url(CardsSettings(storage_type=kind, **settings)) == url


@pytest.mark.parametrize("base", [None, "https://cdn.example.com"])
def test_s3_needs_a_bucket(base: str | None) -> None:
    """It says which setting names it."""
    settings = CardsSettings(storage_type="s3", cards_public_base_url=base)
    for ask in (card_files_url, card_files_root):
        with pytest.raises(InvalidInput, match="AWS_S3_BUCKET"):
            ask(settings)


def test_up_has_the_files_with_its_data_unless_a_directory_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By its variable."""
    assert in_data_directory(CardsSettings(data_dir=tmp_path)) == {"local_storage_path": tmp_path / "cards"}
    monkeypatch.setenv("LOCAL_STORAGE_PATH", "/srv/tts")
    assert in_data_directory(CardsSettings(data_dir=tmp_path)) == {}


def test_a_directory_is_made_with_its_parents(tmp_path: Path) -> None:
    """And nothing is left in it."""
    check_card_directory(tmp_path / "a" / "tts")
    assert list((tmp_path / "a" / "tts").iterdir()) == []


def test_a_file_in_the_way_is_an_error(tmp_path: Path) -> None:
    """That names the directory."""
    (tmp_path / "tts").write_text("a file")
    with pytest.raises(InvalidInput, match="tts"):
        check_card_directory(tmp_path / "tts")


@pytest.mark.parametrize(
    ("error", "hint"),
    [
        (errno.EROFS, "read-only"),
        (errno.ENOSPC, "Make room"),
        (errno.EACCES, "chown -R"),
    ],
)
def test_a_volume_that_takes_nothing_says_what_helps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: int, hint: str
) -> None:
    """Another owner helps only where the owner is the reason."""

    def touch(_: Path) -> None:
        raise OSError(error, os.strerror(error))

    monkeypatch.setattr(Path, "touch", touch)
    with pytest.raises(InvalidInput, match=os.strerror(error)) as caught:
        check_card_directory(tmp_path)
    assert hint in (caught.value.hint or "")
    assert ("chown" in (caught.value.hint or "")) == (error == errno.EACCES)


def test_a_full_disk_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It passes when there is room again."""

    class Usage(NamedTuple):
        free: int

    check_free_space(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(free=2**20))
    with pytest.raises(ServiceUnavailable, match="full"):
        check_free_space(tmp_path)
