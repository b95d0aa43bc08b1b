"""Links open one file under one name until they expire, and the secret behind them is made once."""

from __future__ import annotations

import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from sayso.errors import OutputFailed
from sayso.settings import Settings
from sayso.storage import LinkSigner, signing_secret

if TYPE_CHECKING:
    from pathlib import Path

NOW = 1_800_000_000.5


class Clock:
    now = NOW

    def __call__(self) -> float:
        return self.now


def parts(url: str) -> dict[str, str]:
    """What a link says, as `LinkSigner.verify` takes it."""
    split = urlsplit(url)
    query = {name: values[0] for name, values in parse_qs(split.query, keep_blank_values=True).items()}
    return {
        "names": unquote(split.path.removeprefix("/files/")),
        "expires": query["expires"],
        "file_name": query["name"],
        "signature": query["signature"],
    }


def verify(signer: LinkSigner, link: dict[str, str]) -> bool:
    return signer.verify(
        link["names"], expires=link["expires"], file_name=link["file_name"], signature=link["signature"]
    )


printable = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


@given(names=printable, file_name=printable)
def test_a_link_opens_what_it_was_made_for(names: str, file_name: str) -> None:
    """A link comes back from its URL as it went in, and is good."""
    signer = LinkSigner(b"secret", clock=Clock())
    link = parts(signer.signed_path(names, seconds=60, file_name=file_name))
    assert (link["names"], link["file_name"]) == (names, file_name)
    assert verify(signer, link)


@given(
    which=st.sampled_from(["names", "expires", "file_name", "signature"]),
    other=st.text(max_size=70) | st.integers(int(NOW), int(NOW) + 1000).map(str),
)
def test_an_altered_link_opens_nothing(which: str, other: str) -> None:
    """Whichever part of a link is changed, and to whatever, it is good no longer."""
    signer = LinkSigner(b"secret", clock=Clock())
    link = parts(signer.signed_path("a/b.mp3", seconds=60, file_name="b.mp3"))
    altered = {**link, which: other}
    assert verify(signer, altered) == (altered == link)


def test_parts_of_a_link_cannot_be_moved() -> None:
    """What stands in one part cannot be taken for another's: a name's digit does not make the link last longer."""
    signer = LinkSigner(b"secret", clock=Clock())
    link = parts(signer.signed_path("a", seconds=60, file_name="9b"))
    assert not verify(signer, {**link, "expires": f"{link['expires']}9", "file_name": "b"})


def test_a_link_expires() -> None:
    """It is good to the last moment, and not after it."""
    clock = Clock()
    signer = LinkSigner(b"secret", clock=clock)
    link = parts(signer.signed_path("a", seconds=60, file_name="b"))
    clock.now = NOW + 59
    assert verify(signer, link)
    clock.now = NOW + 60
    assert not verify(signer, link)


def test_another_secret_is_another_signature() -> None:
    """A link of one service opens nothing at another."""
    link = parts(LinkSigner(b"secret").signed_path("a", seconds=60, file_name="b"))
    assert not verify(LinkSigner(b"other"), link)


def settings_in(directory: Path, **more: object) -> Settings:
    return Settings(data_dir=directory).model_copy(update=more)


def test_the_secret_of_the_settings_is_used(tmp_path: Path) -> None:
    """A secret that is set is the secret, and none is made."""
    assert signing_secret(settings_in(tmp_path, signing_secret=SecretStr("hush-hush"))) == b"hush-hush"
    assert not list(tmp_path.iterdir())


def test_one_secret_is_made_for_all(tmp_path: Path) -> None:
    """Many that ask at once for a secret that nobody has made get the same one, which only its owner can read."""
    together = threading.Barrier(8)

    def ask(directory: Path) -> bytes:
        together.wait()
        return signing_secret(settings_in(directory))

    with ThreadPoolExecutor(8) as pool:
        for number in range(5):
            directory = tmp_path / "deep" / str(number)
            found = list(pool.map(ask, [directory] * 8))
            assert len(set(found)) == 1
            assert len(found[0]) == 64
            assert signing_secret(settings_in(directory)) == found[0]
            assert stat.S_IMODE((directory / "signing-secret").stat().st_mode) == 0o600


def test_another_directory_has_another_secret(tmp_path: Path) -> None:
    """Secrets are made by chance."""
    assert signing_secret(settings_in(tmp_path / "a")) != signing_secret(settings_in(tmp_path / "b"))


def test_a_damaged_secret_is_not_used(tmp_path: Path) -> None:
    """A secret that was cut short, or cannot be kept, is an error that says what to do."""
    signing_secret(settings_in(tmp_path))
    (tmp_path / "signing-secret").write_text("short")
    with pytest.raises(OutputFailed, match="Delete it"):
        signing_secret(settings_in(tmp_path))
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputFailed):
        signing_secret(settings_in(tmp_path / "file"))


def test_what_a_killed_process_left_does_not_matter(tmp_path: Path) -> None:
    """A secret that was half made when its maker was killed is made anew."""
    (tmp_path / ".signing-secret.part").write_text("hal")
    assert len(signing_secret(settings_in(tmp_path))) == 64
