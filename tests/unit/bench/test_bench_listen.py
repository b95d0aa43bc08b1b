"""The blind listening page: balanced order, and nothing in its directory that gives the versions away."""

from __future__ import annotations

import base64
import json
import re
import wave
from collections import Counter
from itertools import combinations
from random import Random
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import typer

from bench.listen.page import PAGE, key_of, page_of, require_own_directory, write_page
from bench.listen.pairs import Pair, Reading, arrange
from sayso.tts.engines.kokoro.vocabulary import SAMPLE_RATE_HZ

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

VERSIONS = ("native", "graph", "published")


def readings(count: int, *, samples: int = 240) -> Sequence[Reading]:
    """Sentences whose versions are different constants."""
    return [
        Reading(
            voice=f"voice {index}",
            language="en-us",
            text=f"Sentence {index} </script> & @@KEY@@.",
            versions={name: np.full(samples, (1 + n) / 10, np.float32) for n, name in enumerate(VERSIONS)},
        )
        for index in range(count)
    ]


def arranged(given: Sequence[Reading], seed: int) -> Sequence[Pair]:
    """The pairs of a seed."""
    return arrange(given, Random(seed))  # noqa: S311 - as the benchmark does


def script(page: str, name: str) -> str:
    """The content of a script element of the page."""
    found = re.search(rf'<script type="[a-z/]+" id="{name}">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    return found[1]


@pytest.fixture
def pairs() -> Sequence[Pair]:
    return arranged(readings(5), 1)


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """For files on their way."""
    (made := tmp_path / "work").mkdir()
    return made


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A new one, which is ready for the page."""
    made = tmp_path / "new" / "listen"
    require_own_directory(made)
    return made


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 15, 16])
@pytest.mark.parametrize("seed", range(5))
def test_order_and_x_are_balanced(count: int, seed: int) -> None:
    """Each reading has each two versions once; each is A as often as the other, X is A as often as B, or once more."""
    pairs = arranged(readings(count), seed)
    expected = {(f"voice {i}", frozenset(two)) for i in range(count) for two in combinations(VERSIONS, 2)}
    assert {(pair.reading.voice, frozenset((pair.a, pair.b))) for pair in pairs} == expected
    assert len(pairs) == len(expected)
    for two in combinations(VERSIONS, 2):
        of_two = [pair for pair in pairs if {pair.a, pair.b} == set(two)]
        for is_so in ([pair.a == two[0] for pair in of_two], [pair.x_is_a for pair in of_two]):
            assert abs(2 * sum(is_so) - count) <= 1
        ways = Counter((pair.a, pair.x_is_a) for pair in of_two)
        assert max(ways.values()) - min(ways.values()) <= 1
        assert len(ways) == min(4, count)


def test_a_seed_repeats_everything_and_another_does_not() -> None:
    """Names, order and X follow from the seed alone."""
    first, again, other = (page_of(arranged(readings(5), seed), seed=seed) for seed in (3, 3, 4))
    assert first == again
    assert not set(re.findall(r"\w{8}\.wav", first)) & set(re.findall(r"\w{8}\.wav", other))


def test_the_directory_gives_nothing_away(pairs: Sequence[Pair], directory: Path, work: Path) -> None:
    """Names never repeat, sizes are equal, times follow the names, and the page has no version in clear."""
    page = write_page(directory, pairs, seed=1, work=work)
    sounds = sorted(page.parent.glob("*.wav"))
    assert {path.name for path in page.parent.iterdir()} == {PAGE, *(path.name for path in sounds)}
    assert len(sounds) == 3 * len(pairs)
    assert len({path.stat().st_size for path in sounds}) == 1
    times = [path.stat().st_mtime_ns for path in sounds]
    assert times == sorted(times)
    shown = page.read_text(encoding="utf-8")
    for word in (*VERSIONS, "voice 1", "x_is_a"):
        assert not re.search(rf"\b{word}\b", shown)
    assert list(work.iterdir()) == []


def test_the_files_are_what_the_key_says(pairs: Sequence[Pair], directory: Path, work: Path) -> None:
    """A, B and X of the page have the samples of the versions that the key names, at one level."""
    page = write_page(directory, pairs, seed=5, work=work).read_text(encoding="utf-8")
    shown: list[dict[str, str]] = json.loads(script(page, "pairs"))
    key: dict[str, Any] = json.loads(base64.b64decode(script(page, "key")))
    assert key == key_of(pairs, seed=5)
    assert key["seed"] == 5
    for pair, hidden in zip(shown, key["pairs"], strict=True):
        assert pair["text"] == f"Sentence {hidden['voice'][-1]} </script> & @@KEY@@."
        for which, version in (("a", hidden["a"]), ("b", hidden["b"]), ("x", hidden[hidden["x"]])):
            with wave.open(str(directory / pair[which])) as file:
                samples = np.frombuffer(file.readframes(file.getnframes()), "<i2")
                assert (file.getframerate(), file.getnchannels()) == (SAMPLE_RATE_HZ, 1)
            assert set(samples) == {round((1 + VERSIONS.index(version)) / 10 * 32767)}


def test_loud_versions_are_lowered_together(directory: Path, work: Path) -> None:
    """Samples above full scale are not clipped, and the levels of the versions stay in proportion."""
    versions = {"native": np.full(9, 2.0, np.float32), "graph": np.full(9, -1.0, np.float32)}
    (pair,) = arranged([Reading(voice="v", language="fr-fr", text="t", versions=versions)], 1)
    write_page(directory, [pair], seed=1, work=work)
    levels = {}
    for which, name in (("a", pair.a), ("b", pair.b)):
        with wave.open(str(directory / pair.names["ab".index(which)])) as file:
            levels[name] = int(np.frombuffer(file.readframes(1), "<i2")[0])
    assert levels == {"native": 32112, "graph": -16056}


def test_an_earlier_page_is_replaced(pairs: Sequence[Pair], directory: Path, work: Path) -> None:
    """A second run leaves no sound of the first."""
    write_page(directory, pairs, seed=1, work=work)
    require_own_directory(directory)
    write_page(directory, arranged(readings(1), 2), seed=2, work=work)
    assert len(list(directory.glob("*.wav"))) == 9


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("notes.txt", b"mine", r"has 'notes\.txt' in it"),
        (PAGE, b"another page", "no listening page"),
        (PAGE, b"\xff\xfe", "no listening page"),
        ("abcdefgh.wav", b"another sound", "no listening page"),
        ("abcdefgh.wav", None, r"has 'abcdefgh\.wav' in it"),
    ],
)
def test_a_directory_with_anything_else_is_refused(
    directory: Path, name: str, content: bytes | None, message: str
) -> None:
    """It stays as it is."""
    other = directory / name
    if content is None:
        other.mkdir()
    else:
        other.write_bytes(content)
    with pytest.raises(typer.BadParameter, match=message):
        require_own_directory(directory)
    assert list(directory.iterdir()) == [other]


def test_what_cannot_be_a_directory_is_refused(tmp_path: Path) -> None:
    """A file, and a place below a file."""
    (file := tmp_path / "file").write_bytes(b"")
    for directory in (file, file / "below"):
        with pytest.raises(typer.BadParameter, match="cannot be used"):
            require_own_directory(directory)


def test_the_page_loads_nothing_from_elsewhere(pairs: Sequence[Pair]) -> None:
    """No address is in it, and its policy allows no connection."""
    page = page_of(pairs, seed=1)
    assert "http:" not in page
    assert "https:" not in page
    assert "default-src 'none'" in page
    assert "@@" not in page.replace("@@KEY@@", "", len(pairs))
