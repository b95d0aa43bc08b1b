"""Reading what is to be narrated."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sayso.errors import Cancelled, InvalidInput, NotText
from sayso.narration import Document, NarrationSpec, read_document, to_script
from sayso.scheduling import Scheduler
from sayso.testing import FakeSpeechEngine

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(("suffix", "markdown"), [("txt", False), ("md", True), ("MD", True), ("markdown", True)])
def test_the_suffix_says_what_it_is(tmp_path: Path, suffix: str, markdown: bool) -> None:
    """Text and Markdown are told apart by the suffix, in either case."""
    path = tmp_path / f"story.{suffix}"
    path.write_text("Hello.")
    document = read_document(path)
    assert (document.text, document.name, document.markdown) == ("Hello.", "story", markdown)


def test_a_byte_order_mark_is_no_text(tmp_path: Path) -> None:
    """With or without a byte order mark the characters are the same."""
    path = tmp_path / "story.txt"
    path.write_bytes(b"\xef\xbb\xbfh\xc3\xa9")
    assert read_document(path).text == "hé"


def test_line_ends_stay_as_they_are(tmp_path: Path) -> None:
    """Offsets refer to the file as it is, so carriage returns are kept."""
    path = tmp_path / "story.txt"
    path.write_bytes(b"one\r\ntwo\r\n")
    assert read_document(path).text == "one\r\ntwo\r\n"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("café".encode("latin-1"), "byte 3 is 0xe9"),
        ("hello".encode("utf-16"), "not UTF-8 but UTF-16"),
        (b"abc\0def", "character 3 is NUL"),
        (b"\x89PNG\r\n\x1a\n", "byte 0 is 0x89"),
        ("é".encode()[:1], "byte 0 is 0xc3"),
    ],
)
def test_what_is_not_text_is_refused(tmp_path: Path, data: bytes, message: str) -> None:
    """Another encoding, a binary file, NUL bytes and a file cut in mid-character are named, with the place."""
    path = tmp_path / "story.txt"
    path.write_bytes(data)
    with pytest.raises(NotText, match=message):
        read_document(path)


@pytest.mark.parametrize("name", ["story.pdf", "story", "story.docx"])
def test_other_files_are_refused(tmp_path: Path, name: str) -> None:
    """A suffix that is neither text nor Markdown is refused with what is accepted."""
    (tmp_path / name).write_text("Hello.")
    with pytest.raises(InvalidInput, match="neither text nor Markdown"):
        read_document(tmp_path / name)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """A file that is not there is named with the system's reason."""
    with pytest.raises(InvalidInput, match=r"missing\.txt: No such file"):
        read_document(tmp_path / "missing.txt")


def test_a_directory_is_no_text(tmp_path: Path) -> None:
    """A directory with a text's name is refused."""
    (tmp_path / "dir.txt").mkdir()
    with pytest.raises(InvalidInput, match="Is a directory"):
        read_document(tmp_path / "dir.txt")


@pytest.mark.parametrize("unit", ["It is late. ", "It is late.\n\n", "a", "[a](b "])
def test_a_long_script_takes_many_turns_and_ends_when_its_client_leaves(unit: str) -> None:
    """Whether the text is one paragraph or many, prose or marks."""
    turns = 0

    def left(_: float) -> None:
        nonlocal turns
        turns += 1
        if turns == 5:
            place.close(cancelled=True)

    scheduler = Scheduler(permits=1, slots=1, on_wait=left)
    place = scheduler.admit("somebody")
    document = Document(text=unit * (200_000 // len(unit)), name="long", markdown=True)
    with pytest.raises(Cancelled):
        to_script(document, FakeSpeechEngine(), voice="fake_en", context=place)
    assert turns == 5
    assert scheduler.load.computing == 0


@pytest.mark.parametrize(
    ("language", "expected"), [("en", "en-us"), ("en-US", "en-us"), ("en-gb", "en-gb"), ("fr", "fr")]
)
def test_english_is_that_of_the_voice(language: str, expected: str) -> None:
    """A voice that is American stays so unless another English is named."""
    document = Document(text="A hundred.", name="note", markdown=False)
    script = to_script(document, FakeSpeechEngine(), voice="fake_en", spec=NarrationSpec(language=language))
    assert {line.utterance.language for line in script.lines} == {expected}
