"""Kokoro's voices and their blends."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from sayso.errors import InvalidInput, ModelCorrupt, ModelMissing, UnknownVoice
from sayso.tts.engines.kokoro.voices import STYLE_ROWS, STYLE_WIDTH, VoiceBook

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def book(tmp_path: Path) -> VoiceBook:
    """Three voices whose every value is 1, 2 and 4, and a file that is none."""
    for name, value in (("af_heart", 1), ("bm_george", 2), ("ff_siwis", 4)):
        np.full(STYLE_ROWS * STYLE_WIDTH, value, "<f4").tofile(tmp_path / f"{name}.bin")
    (tmp_path / "README.bin").write_bytes(b"")
    return VoiceBook(tmp_path)


def test_the_directory_s_voices_are_listed_in_order(book: VoiceBook) -> None:
    """Every voice there is, by name."""
    assert book.names == ("af_heart", "bm_george", "ff_siwis")


@pytest.mark.parametrize(
    ("voice", "value"),
    [
        ("af_heart", 1.0),
        ("af_heart:0.6+bm_george:0.4", 1.4),
        ("af_heart:6 + bm_george:4", 1.4),
        ("af_heart+bm_george", 1.5),
        ("af_heart+af_heart+bm_george:2", 1.5),
        ("af_heart:0+ff_siwis:.5", 4.0),
        ("bm_george:3", 2.0),
        ("af_heart(2)+ff_siwis(1)", 2.0),
        ("af_heart(6) + bm_george (4)", 1.4),
        ("af_heart(.5)+bm_george:0.5", 1.5),
        ("bm_george(3)", 2.0),
    ],
)
def test_a_blend_is_the_weighted_mean(book: VoiceBook, voice: str, value: float) -> None:
    """Weights count relative to their sum, a part without one counts once."""
    style = book.style(voice)

    assert style.shape == (STYLE_ROWS, STYLE_WIDTH)
    assert style.dtype == np.float32
    np.testing.assert_allclose(style, value, rtol=1e-6)


@pytest.mark.parametrize(
    ("voice", "language"),
    [
        ("af_heart", "en-us"),
        ("bm_george", "en-gb"),
        ("ff_siwis", "fr-fr"),
        ("af_heart:0.4+bm_george:0.6", "en-gb"),
        ("af_heart:0.5+bm_george:0.5", "en-us"),
        ("af_heart(1)+ff_siwis(2)", "fr-fr"),
    ],
)
def test_a_blend_speaks_its_heaviest_part_s_language(book: VoiceBook, voice: str, language: str) -> None:
    """Where parts weigh the same, the first decides."""
    assert book.language_of(voice) == language


@pytest.mark.parametrize(
    "voice",
    [
        "af_heart:x",
        "af_heart:-1",
        "af_heart:0",
        "af_heart+",
        "+",
        "af_heart:0.5:0.5",
        "af_heart(x)",
        "af_heart(-1)+bm_george",
        "af_heart(0)",
        "af_heart()+bm_george",
        "af_heart(1",
        "af_heart(1)(2)",
        "af_heart:1(2)",
    ],
)
def test_a_blend_that_cannot_be_read_is_refused(book: VoiceBook, voice: str) -> None:
    """A slip in a blend is an error, not another blend."""
    with pytest.raises(InvalidInput):
        book.style(voice)


@pytest.mark.parametrize(
    "voice",
    [
        f"af_heart:{'9' * 400}+bm_george:1",
        f"af_heart:0.{'3' * 400}+bm_george:1",
        f"af_heart:{'9' * 5000}",
        "+".join(["af_heart"] * 10_000),
    ],
)
def test_a_blend_has_weights_and_voices_within_reason(book: VoiceBook, voice: str) -> None:
    """What no sum can hold is refused in few words, and never becomes a voice of nothing."""
    with pytest.raises(InvalidInput) as caught:
        book.style(voice)

    assert len(str(caught.value)) < 200


def test_a_long_name_is_not_compared_and_not_repeated(book: VoiceBook) -> None:
    """It is like no voice's, and the message stays short."""
    with pytest.raises(UnknownVoice) as caught:
        book.language_of("af_heart" * 100_000)

    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    ("voice", "meant"),
    [
        ("af_hart", "af_heart"),
        ("af_heart:0.5+bm_georg:0.5", "bm_george"),
        ("AF_HEART", "af_heart"),
        ("siwis", "ff_siwis"),
    ],
)
def test_an_unknown_voice_is_answered_with_the_closest(book: VoiceBook, voice: str, meant: str) -> None:
    """A typing error names what was meant, in a blend as well."""
    with pytest.raises(UnknownVoice) as caught:
        book.language_of(voice)

    assert meant in str(caught.value.hint)


@pytest.mark.parametrize("voice", ["", "nobody", "../secrets", "\0"])
def test_a_voice_like_none_says_where_to_look(book: VoiceBook, voice: str) -> None:
    """No voice's name is ever taken for a path."""
    with pytest.raises(UnknownVoice, match="sayso voices"):
        book.language_of(voice)


@pytest.mark.parametrize("size", [0, 3, STYLE_ROWS * STYLE_WIDTH * 4 - 1, STYLE_ROWS * STYLE_WIDTH * 4 + 1])
def test_a_file_of_the_wrong_size_is_corrupt(tmp_path: Path, size: int) -> None:
    """A download that was cut off anywhere, in the middle of a number too, is named."""
    (tmp_path / "af_heart.bin").write_bytes(b"\0" * size)

    with pytest.raises(ModelCorrupt, match="af_heart"):
        VoiceBook(tmp_path).style("af_heart")


def test_a_voice_that_disappeared_is_missing(tmp_path: Path, book: VoiceBook) -> None:
    """A file that was removed after the directory was read is a missing model, not a crash."""
    (tmp_path / "af_heart.bin").unlink()

    with pytest.raises(ModelMissing, match="af_heart"):
        book.style("af_heart")


def test_voices_that_may_change_are_read_at_once(tmp_path: Path, book: VoiceBook) -> None:
    """What another process does to the files later changes nothing; a file that is no voice is named at once."""
    held = VoiceBook(tmp_path, may_change=True)
    style = held.style("af_heart")
    for name in held.names:
        (tmp_path / f"{name}.bin").write_bytes(b"")
    np.testing.assert_array_equal(held.style("af_heart"), style)
    assert held.style("bm_george:1+ff_siwis:1").shape == style.shape
    with pytest.raises(ModelCorrupt, match="af_heart"):
        VoiceBook(tmp_path, may_change=True)
    assert book.digest == ""


def test_the_digest_is_of_all_voices_and_their_names(tmp_path: Path, book: VoiceBook) -> None:
    digests = [VoiceBook(tmp_path, may_change=True).digest]
    assert VoiceBook(tmp_path, may_change=True).digest == digests[0]
    (tmp_path / "ff_siwis.bin").rename(tmp_path / "ff_other.bin")
    digests.append(VoiceBook(tmp_path, may_change=True).digest)
    (tmp_path / "ff_other.bin").write_bytes((tmp_path / f"{book.names[0]}.bin").read_bytes())
    digests.append(VoiceBook(tmp_path, may_change=True).digest)
    assert len(set(digests)) == 3
