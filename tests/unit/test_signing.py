"""One root secret, which is made once and never given out; every purpose and every owner has a key of its own."""

from __future__ import annotations

import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from pydantic import SecretStr

from sayso.errors import InvalidInput, OutputFailed
from sayso.settings import Settings, load_settings
from sayso.signing import SigningKeys, existing_signing_keys, hkdf_sha256, signing_keys

if TYPE_CHECKING:
    from pathlib import Path

ROOT = "a root secret that nobody is given"
OTHER = "another root secret, given to nobody"


def settings_in(directory: Path, **more: object) -> Settings:
    return Settings(data_dir=directory).model_copy(update=more)


@pytest.mark.parametrize(
    ("secret", "salt", "info", "length", "key"),
    [
        (
            b"\x0b" * 22,
            bytes(range(13)),
            bytes(range(0xF0, 0xFA)),
            42,
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
        ),
        (
            bytes(range(80)),
            bytes(range(0x60, 0xB0)),
            bytes(range(0xB0, 0x100)),
            82,
            (
                "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09"
                "da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87"
            ),
        ),
        (
            b"\x0b" * 22,
            b"",
            b"",
            42,
            "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8",
        ),
    ],
)
def test_keys_are_derived_as_the_standard_says(secret: bytes, salt: bytes, info: bytes, length: int, key: str) -> None:
    """The three SHA-256 vectors of RFC 5869, appendix A, come out."""
    assert hkdf_sha256(secret, salt=salt, info=info, length=length).hex() == key


def test_no_key_is_another() -> None:
    """Links and each owner, the one without a key included, have keys of their own, and none is the root."""
    keys = SigningKeys((ROOT.encode(),))
    owners = ["", "ann", "bob", "ann ", "links 1", "\0ann"]
    derived = [*keys.for_links(), *(key for owner in owners for key in keys.for_callbacks(owner))]
    assert len(set(derived)) == len(owners) + 1
    assert all(len(key) == 32 and ROOT.encode() not in key for key in derived)
    assert ROOT not in repr(keys)


def test_two_roots_give_two_keys() -> None:
    """While the root is replaced, each purpose has the key of the new one first and that of the old one second."""
    both = SigningKeys((b"new", b"old"))
    assert both.for_links() == SigningKeys((b"new",)).for_links() + SigningKeys((b"old",)).for_links()
    assert both.for_callbacks("ann")[1:] == SigningKeys((b"old",)).for_callbacks("ann")


def test_the_secret_of_the_settings_is_used(tmp_path: Path) -> None:
    """A secret that is set is the root, the previous one is the second, and none is made."""
    current, previous = SecretStr(ROOT), SecretStr(OTHER)
    assert signing_keys(settings_in(tmp_path, signing_secret=current)).roots == (ROOT.encode(),)
    both = settings_in(tmp_path, signing_secret=current, signing_secret_previous=previous)
    assert signing_keys(both).roots == (ROOT.encode(), OTHER.encode())
    assert not list(tmp_path.iterdir())


def test_a_secret_that_was_made_can_be_replaced(tmp_path: Path) -> None:
    """Its file's content, newline and all, is the previous secret, and after the file is deleted a new one is made."""
    first = signing_keys(settings_in(tmp_path)).roots
    content = (tmp_path / "signing-secret").read_text()
    (tmp_path / "signing-secret").unlink()
    replaced = Settings(data_dir=tmp_path, signing_secret_previous=SecretStr(content))
    second = signing_keys(replaced).roots
    assert second[1:] == first
    assert second[0] != first[0]


@pytest.mark.parametrize("name", ["SAYSO_SIGNING_SECRET", "SAYSO_SIGNING_SECRET_PREVIOUS"])
@pytest.mark.parametrize("secret", ["x", "hush-hush", "x" * 31, f"{'x' * 31} \n"])
def test_a_secret_that_can_be_guessed_is_refused(name: str, secret: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With fewer than 32 characters nothing starts; the error names the setting, and how to make a secret."""
    monkeypatch.setenv(name, secret)
    with pytest.raises(InvalidInput) as caught:
        load_settings()
    assert name in caught.value.message
    assert "openssl rand -hex 32" in caught.value.message
    assert secret.strip() == "x" or secret.strip() not in caught.value.message


def test_the_end_of_a_line_is_no_part_of_a_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A secret that came out of a file is the same with its newline and without, in the environment as in the file."""
    monkeypatch.setenv("SAYSO_SIGNING_SECRET", f"{ROOT}\r\n")
    assert signing_keys(load_settings()).roots == (ROOT.encode(),)
    monkeypatch.delenv("SAYSO_SIGNING_SECRET")
    made = signing_keys(settings_in(tmp_path)).roots
    path = tmp_path / "signing-secret"
    path.write_text(f"  {path.read_text().strip()}\n\n")
    assert signing_keys(settings_in(tmp_path)).roots == made


def test_one_secret_is_made_for_all(tmp_path: Path) -> None:
    """Many that ask at once for a secret that is not there yet get the same one, which only its owner can read."""
    together = threading.Barrier(8)

    def ask(directory: Path) -> SigningKeys:
        together.wait()
        return signing_keys(settings_in(directory))

    with ThreadPoolExecutor(8) as pool:
        for number in range(5):
            directory = tmp_path / "deep" / str(number)
            found = list(pool.map(ask, [directory] * 8))
            assert len(set(found)) == 1
            assert len(found[0].roots[0]) == 64
            assert signing_keys(settings_in(directory)) == found[0]
            assert stat.S_IMODE((directory / "signing-secret").stat().st_mode) == 0o600


def test_another_directory_has_another_secret(tmp_path: Path) -> None:
    """Secrets are made by chance."""
    assert signing_keys(settings_in(tmp_path / "a")) != signing_keys(settings_in(tmp_path / "b"))


def test_who_only_reads_makes_no_secret(tmp_path: Path) -> None:
    """A command with another data directory than the service's is an error: it prints no secret of its own making."""
    with pytest.raises(InvalidInput, match="There is no secret"):
        existing_signing_keys(settings_in(tmp_path))
    assert not list(tmp_path.iterdir())
    assert signing_keys(settings_in(tmp_path)) == existing_signing_keys(settings_in(tmp_path))


def test_a_damaged_secret_is_not_used(tmp_path: Path) -> None:
    """A secret that was cut short, or cannot be kept, is an error that says what to do."""
    signing_keys(settings_in(tmp_path))
    (tmp_path / "signing-secret").write_text("short")
    with pytest.raises(OutputFailed, match="Delete it"):
        signing_keys(settings_in(tmp_path))
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputFailed):
        signing_keys(settings_in(tmp_path / "file"))


def test_what_a_killed_process_left_does_not_matter(tmp_path: Path) -> None:
    """A secret that was half made when its maker was killed is made anew."""
    (tmp_path / ".signing-secret.part").write_text("hal")
    assert len(signing_keys(settings_in(tmp_path)).roots[0]) == 64
