"""Staging accepts what the catalogue asks for, byte by byte."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sayso.errors import OutputFailed, SourceFailed
from sayso.models.archives import offer_members
from sayso.models.staging import DownloadStaging
from support.models.toy import npm_package, put, toy_file, wheel

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sayso.models import File

CONTENT = b"the weights of a small model"


def open_staging(home: Path, *files: File) -> DownloadStaging:
    return DownloadStaging(home, files, lambda _done, _total: None)


def offer(staging: DownloadStaging, content: bytes, size_bytes: int | None = None) -> bool:
    return staging.offer(io.BytesIO(content), len(content) if size_bytes is None else size_bytes)


def test_wanted_content_gets_its_place_and_nothing_else_is_left(tmp_path: Path) -> None:
    """A sound file ends under its own name, and the traces of its arrival are removed."""
    staging = open_staging(tmp_path / "toy", toy_file("deep/model.bin", CONTENT))
    assert offer(staging, CONTENT)
    staging.close()
    assert [path for path in (tmp_path / "toy").rglob("*") if path.is_file()] == [tmp_path / "toy/deep/model.bin"]
    assert (tmp_path / "toy/deep/model.bin").read_bytes() == CONTENT


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)
@given(position=st.integers(0, len(CONTENT) * 8 - 1))
def test_a_flipped_bit_is_refused(tmp_path: Path, position: int) -> None:
    """No single altered bit gets in."""
    altered = bytearray(CONTENT)
    altered[position // 8] ^= 1 << position % 8
    staging = open_staging(tmp_path / "toy", toy_file("model.bin", CONTENT))
    assert not offer(staging, bytes(altered))
    assert not (tmp_path / "toy/model.bin").exists()


@pytest.mark.parametrize("content", [CONTENT[:-1], b"", CONTENT + b"x"], ids=["cut off", "empty", "too long"])
def test_a_stream_that_is_not_as_long_as_it_says_is_refused(tmp_path: Path, content: bytes) -> None:
    """A truncated or overlong delivery under a true size is refused."""
    staging = open_staging(tmp_path / "toy", toy_file("model.bin", CONTENT))
    assert not offer(staging, content, len(CONTENT))
    assert staging.missing


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)
@given(data=st.data(), pieces=st.lists(st.binary(min_size=1, max_size=20), min_size=2, max_size=5, unique=True))
def test_parts_are_joined_in_their_order_whatever_order_they_arrive_in(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, pieces: list[bytes]
) -> None:
    """The parts of a file, in any order and over any interruptions, make the file."""
    home = tmp_path_factory.mktemp("home")
    file = toy_file("model.bin", b"".join(pieces), {f"pypi:{piece.hex()}": piece for piece in pieces})
    for piece in data.draw(st.permutations(pieces)):
        interrupted = open_staging(home, file)
        assert offer(interrupted, piece)
        interrupted.close()
    assert (home / "model.bin").read_bytes() == b"".join(pieces)
    assert not (home / ".partial").exists()


def test_a_kept_part_that_was_damaged_meanwhile_is_wanted_again(tmp_path: Path) -> None:
    """Resuming trusts nothing on the disk that it has not read."""
    file = toy_file("model.bin", b"firstsecond", {"pypi:a": b"first", "pypi:b": b"second"})
    first = open_staging(tmp_path, file)
    offer(first, b"first")
    (tmp_path / ".partial" / file.parts[0].sha256).write_bytes(b"f1rst")
    assert file.parts[0] in open_staging(tmp_path, file).wanted


def test_a_transfer_goes_on_where_it_was_cut_off(tmp_path: Path) -> None:
    """Bytes of a file that arrived before an interruption are not asked for again."""
    file = toy_file("model.bin", CONTENT)

    def cut_off_pieces() -> Iterator[bytes]:
        yield CONTENT[:10]
        raise SourceFailed("the line went dead")

    with pytest.raises(SourceFailed):
        open_staging(tmp_path, file).receive(file, cut_off_pieces())
    resumed = open_staging(tmp_path, file)
    assert resumed.arrived(file) == 10
    assert resumed.receive(file, [CONTENT[10:]], start=10)
    assert (tmp_path / "model.bin").read_bytes() == CONTENT


def test_progress_counts_what_is_here_and_never_more_than_all(tmp_path: Path) -> None:
    """The bytes told grow to the size of the files and no further, even for an overlong download."""
    told: list[tuple[int, int]] = []
    staging = DownloadStaging(
        tmp_path, [toy_file("model.bin", CONTENT)], lambda done, total: told.append((done, total))
    )
    staging.arriving(10 * len(CONTENT))
    offer(staging, CONTENT)
    assert told[0] == (0, len(CONTENT))
    assert told[-1] == (len(CONTENT), len(CONTENT))
    assert max(done for done, _ in told) == len(CONTENT)


@pytest.mark.parametrize("name", ["../../evil.bin", "/tmp/evil.bin", "a/../../../evil.bin"])  # noqa: S108 -- hostile
@pytest.mark.parametrize("suffix", ["whl", "tgz"])
def test_names_inside_packages_never_become_paths(tmp_path: Path, name: str, suffix: str) -> None:
    """A package whose member's name climbs out of the directory can only fill the place of a wanted file."""
    package = wheel("evil", {name: CONTENT}) if suffix == "whl" else npm_package({name: CONTENT})
    archive = put(tmp_path, {f"in/package.{suffix}": package}) / f"in/package.{suffix}"
    offer_members(archive, open_staging(tmp_path / "store/toy", toy_file("model.bin", CONTENT)))
    assert (tmp_path / "store/toy/model.bin").read_bytes() == CONTENT
    assert not list(tmp_path.rglob("evil.bin"))


@pytest.mark.parametrize("suffix", ["whl", "tgz"])
def test_a_damaged_package_is_the_sources_failure(tmp_path: Path, suffix: str) -> None:
    """A package that was cut off is refused by name."""
    package = wheel("toy", {"m": CONTENT}) if suffix == "whl" else npm_package({"m": CONTENT * 99})
    archive = put(tmp_path, {f"toy.{suffix}": package[: len(package) // 2]}) / f"toy.{suffix}"
    with pytest.raises(SourceFailed, match=f"toy.{suffix} is damaged"):
        offer_members(archive, open_staging(tmp_path / "store", toy_file("model.bin", CONTENT * 99)))


def test_a_full_disk_is_named(tmp_path: Path) -> None:
    """When the disk fills up, the error says so and no file appears."""
    staging = open_staging(tmp_path, toy_file("model.bin", CONTENT))
    (tmp_path / ".partial/offered.arriving").symlink_to("/dev/full")
    with pytest.raises(OutputFailed, match="No space left on device"):
        offer(staging, CONTENT)
    assert not (tmp_path / "model.bin").exists()


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """When the store cannot be written, the error names the path and the setting."""
    blocked = tmp_path / "blocked"
    blocked.write_text("a file where a directory should be")
    with pytest.raises(OutputFailed, match=r"blocked/toy(?s:.)*MODELS_BASE_PATH"):
        open_staging(blocked / "toy", toy_file("model.bin", CONTENT))
