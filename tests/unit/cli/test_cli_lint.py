"""`sayso lint`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import typer
from typer.testing import CliRunner, Result

from sayso.cli.lint import lint
from sayso.errors import InvalidInput, NotSubtitles, NotText

if TYPE_CHECKING:
    from pathlib import Path

GOOD = "1\n00:00:00,000 --> 00:00:02,000\nGood morning.\n\n2\n00:00:02,100 --> 00:00:04,000\nGood evening.\n"
FAST = "WEBVTT\n\n00:00.000 --> 00:01.000\nThis is far too much to read.\n"

app = typer.Typer()
app.command()(lint)


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, list(map(str, arguments)))


@pytest.fixture
def good(tmp_path: Path) -> Path:
    path = tmp_path / "good.srt"
    path.write_text(GOOD, encoding="utf-8-sig")
    return path


@pytest.fixture
def fast(tmp_path: Path) -> Path:
    path = tmp_path / "fast.vtt"
    path.write_text(FAST, encoding="utf-8")
    return path


def test_files_in_order_exit_with_0(good: Path) -> None:
    """A clean file says how many cues were checked."""
    result = run(good)
    assert (result.exit_code, result.stdout) == (0, "2 cues checked against netflix, no violations.\n")


def test_violations_are_listed_and_exit_with_1(good: Path, fast: Path) -> None:
    """Each violation is printed with its file, cue, time, rule and both figures."""
    result = run(good, fast, "--style", "kids")
    assert result.exit_code == 1
    assert result.stdout == (
        f"{fast}: cue 1 at 0.000 s: reading-speed: 29.0 characters a second, at most 17\n"
        "3 cues checked against kids, 1 violation.\n"
    )


def test_json_is_one_document(fast: Path) -> None:
    """Machines get the same findings as people do."""
    result = run(fast, "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout) == {
        "style": "netflix",
        "cues": 1,
        "violations": [
            {
                "file": str(fast),
                "cue": 1,
                "start": 0.0,
                "rule": "reading-speed",
                "message": "29.0 characters a second, at most 20",
            }
        ],
    }


def test_a_missing_file_is_wrong_use(tmp_path: Path) -> None:
    """A file that is not there exits with 2 before anything is read."""
    assert run(tmp_path / "missing.srt").exit_code == 2


def test_an_unknown_style_is_invalid(good: Path) -> None:
    """A style nobody knows is the caller's mistake."""
    assert isinstance(run(good, "--style", "vhs").exception, InvalidInput)


def test_a_file_of_something_else_is_invalid(tmp_path: Path) -> None:
    """A file that holds no subtitles is named, with the line."""
    path = tmp_path / "story.srt"
    path.write_text("Once upon a time", encoding="utf-8")
    error = run(path).exception
    assert isinstance(error, NotSubtitles)
    assert error.message.startswith(f"{path}: Line 1 ")


def test_a_binary_file_is_invalid(tmp_path: Path) -> None:
    """A file that is not even text is named."""
    path = tmp_path / "sound.srt"
    path.write_bytes(b"ID3\xff\xfb")
    error = run(path).exception
    assert isinstance(error, NotText)
    assert str(path) in error.message


def test_what_is_not_of_the_format_is_listed_with_its_line(good: Path) -> None:
    """The cues are checked all the same."""
    good.write_bytes(good.read_text().replace(" --> ", " -> ", 1).encode("utf-16"))
    result = run(good)
    assert result.exit_code == 1
    assert f"{good}: line 2: syntax: " in result.stdout
    found = json.loads(run(good, "--json").stdout)["violations"]
    assert [(each["rule"], each["line"]) for each in found] == [("syntax", 2)]


CHINESE = GOOD.replace("Good morning.", "早上好。")


@pytest.mark.parametrize("encoding", ["gb2312", "GB18030", "utf-16-le"])
def test_legacy_encodings_are_read_by_their_names(tmp_path: Path, encoding: str) -> None:
    """Without the name, the message says how to give it; with another, where it does not fit."""
    path = tmp_path / "a.srt"
    path.write_bytes(CHINESE.encode(encoding))
    assert run(path, "--encoding", encoding).stdout == "2 cues checked against netflix, no violations.\n"
    error = run(path).exception
    assert isinstance(error, NotText)
    assert error.hint == "Name the encoding that it is in, for example: --encoding windows-1252"
    error = run(path, "--encoding", "ascii").exception
    assert isinstance(error, NotText)
    assert f"{path} is not ascii: " in error.message


@pytest.mark.parametrize("name", ["latin-99", "rot13", "base64", "", "undefined", "é\0"])
def test_an_unknown_encoding_is_invalid(good: Path, name: str) -> None:
    """Python's codecs that are not of text are unknown, too."""
    error = run(good, "--encoding", name).exception
    assert isinstance(error, InvalidInput)
    assert "There is no encoding named" in error.message


TTML = (
    '<?xml version="1.0" encoding="ENCODING"?>\n<tt xmlns="http://www.w3.org/ns/ttml" xml:lang="fr"><body><div>\n'
    '<p begin="0s" end="2s">Ça va très bien.</p></div></body></tt>'
)


@pytest.mark.parametrize("encoding", ["UTF-8", "utf-8-sig", "windows-1252", "ISO-8859-1", "UTF-16"])
def test_ttml_says_its_encoding_itself(tmp_path: Path, encoding: str) -> None:
    """As XML does."""
    path = tmp_path / "a.ttml"
    path.write_bytes(TTML.replace("ENCODING", encoding.replace("-sig", "")).encode(encoding))
    assert run(path).stdout == "1 cue checked against netflix, no violations.\n"


@pytest.mark.parametrize(
    "said",
    [
        b"\xef\xbb\xbf<?xml version='1.0' encoding='ISO-8859-1'?>",
        b"<?xml version='1.0' encoding='cp037'?>",
        b"<?xml version='1.0' encoding='UTF-16'?>",
    ],
)
def test_an_encoding_that_cannot_be_is_not_believed(tmp_path: Path, said: bytes) -> None:
    """A byte order mark, or bytes in which it could not be said, show that the file is UTF-8."""
    path = tmp_path / "a.ttml"
    path.write_bytes(said + TTML.partition("?>")[2].encode())
    assert run(path).stdout == "1 cue checked against netflix, no violations.\n"
    assert isinstance(run(path, "--encoding", "ascii").exception, NotText)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.srt", FAST.replace("far too much to read", "ok"), "a.srt holds WebVTT, and its name says SubRip"),
        ("a.VTT", GOOD, "a.VTT holds SubRip, and its name says WebVTT"),
        ("a.vtt", TTML, "a.vtt holds TTML, and its name says WebVTT"),
        ("a.dfxp", GOOD, "a.dfxp holds SubRip, and its name says TTML"),
        ("a.txt", GOOD, ""),
        ("a.xml", TTML, ""),
    ],
)
def test_a_file_of_another_format_than_its_name_says_is_named(
    tmp_path: Path, name: str, content: str, message: str
) -> None:
    """Players go by the name, or refuse the file; its cues are checked as what they are."""
    path = tmp_path / name
    path.write_text(content.replace("ENCODING", "utf-8"), encoding="utf-8")
    result = run(path)
    assert result.exit_code == (1 if message else 0)
    assert (f"{path}: line 1: syntax: {message}\n" in result.stdout) == bool(message)


def test_notes_are_no_violations(tmp_path: Path) -> None:
    """What is not looked at is said, and breaks no rule."""
    path = tmp_path / "a.ttml"
    image = '<p xmlns:smpte="http://www.smpte-ra.org/schemas/2052-1/2010/smpte-tt" smpte:backgroundImage="#i"/></div>'
    path.write_text(TTML.replace("ENCODING", "utf-8").replace("</div>", image), encoding="utf-8")
    result = run(path)
    assert (result.exit_code, result.stdout) == (
        0,
        (
            f"{path}: line 3: note: images have no text and are not read (1 of them)\n"
            "1 cue checked against netflix, no violations.\n"
        ),
    )
    (note,) = json.loads(run(path, "--json").stdout)["notes"]
    assert (note["rule"], note["line"]) == ("note", 3)


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    """No subtitle file has 16 MiB."""
    path = tmp_path / "a.srt"
    with path.open("wb") as file:
        file.truncate(100 * 1024 * 1024)
    error = run(path).exception
    assert isinstance(error, NotSubtitles)
    assert error.message == f"{path} is larger than 16 MiB: it is no subtitle file."
