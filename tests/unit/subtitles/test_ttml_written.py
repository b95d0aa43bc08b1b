"""Writing TTML: a well-formed document of the profile, with every word of every cue in its time."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sayso.subtitles import STYLES, Style, StyleName, render, render_ttml
from sayso.types import Cue
from unit.subtitles.timelines import LIT

TT, TTP, TTS = (f"{{http://www.w3.org/ns/ttml{part}}}" for part in ("", "#parameter", "#styling"))
XML = "{http://www.w3.org/XML/1998/namespace}"
BBC, KARAOKE, NETFLIX = STYLES["bbc"], STYLES["karaoke"], STYLES["netflix"]

CUES = (
    Cue(start_ms=0, end_ms=1500, lines=("Tom & “Jerry” <b>", '2 < 3 ]]> "4"')),
    Cue(start_ms=3_599_999, end_ms=360_000_000, lines=("At last.",)),
)


def root(document: str) -> ET.Element:
    """The root element, as a parser of bytes finds it."""
    return ET.fromstring(document.encode())  # noqa: S314 -- written here


def lines_of(paragraph: ET.Element) -> list[str]:
    """The text of a paragraph, by line."""
    lines = [paragraph.text or ""]
    for element in paragraph:
        if element.tag == f"{TT}br":
            lines.append("")
        lines[-1] += "".join(element.itertext()) + (element.tail or "")
    return lines


@pytest.mark.parametrize("name", STYLES)
def test_every_style_is_a_document_with_its_cues(name: StyleName) -> None:
    """Media time, a language, unique identifiers, and a region and a style that exist."""
    document = root(render_ttml(CUES, style=STYLES[name], language="en-us"))
    assert document.get(f"{TTP}timeBase") == "media"
    assert document.get(f"{XML}lang") == "en-us"
    named = {element.get(f"{XML}id") for element in document.iter()} - {None}
    paragraphs = list(document.iter(f"{TT}p"))
    assert [(each.get("begin"), each.get("end")) for each in paragraphs] == [
        ("00:00:00.000", "00:00:01.500"),
        ("00:59:59.999", "100:00:00.000"),
    ]
    assert [each.get(f"{XML}id") for each in paragraphs] == ["c1", "c2"]
    for element in document.iter():
        assert {element.get("region"), element.get("style")} - {None} <= named
    assert [tuple(lines_of(each)) for each in paragraphs] == [cue.lines for cue in CUES]


def test_the_bbc_gets_ebu_tt_d() -> None:
    """Its conformance is named, its look is by reference only, and its text is in spans."""
    document = root(render_ttml(CUES, style=BBC, language="en-gb"))
    standards = [each.text for each in document.iter("{urn:ebu:tt:metadata}conformsToStandard")]
    assert standards[0] == "urn:ebu:tt:distribution:2018-04"
    assert "http://www.w3.org/ns/ttml/profile/imsc1.1/text" in standards
    assert document.get(f"{TTP}cellResolution") == "32 15"
    assert not [name for name in document.attrib if name.lower().endswith(("profile", "profiles"))]
    (text, white) = document.iter(f"{TT}style")
    assert text.get("{urn:ebu:tt:style}linePadding") == "0.5c"
    assert (text.get(f"{TTS}fontSize"), text.get(f"{TTS}lineHeight")) == ("100%", "120%")
    assert (white.get(f"{TTS}color"), white.get(f"{TTS}backgroundColor")) == ("#FFFFFF", "#000000")
    (region,) = document.iter(f"{TT}region")
    assert (region.get(f"{TTS}origin"), region.get(f"{TTS}extent")) == ("15% 60%", "70% 24%")
    (body,) = document.iter(f"{TT}body")
    assert not [name for each in body.iter() for name in each.attrib if name.startswith(TTS)]
    for paragraph in body.iter(f"{TT}p"):
        assert paragraph.text is None
        assert {each.tag for each in paragraph} == {f"{TT}span", f"{TT}br"} or len(paragraph) == 1


@pytest.mark.parametrize(
    ("language", "attribute", "value"),
    [
        ("en", "profile", "http://www.w3.org/ns/ttml/profile/imsc1/text"),
        ("", "profile", "http://www.w3.org/ns/ttml/profile/imsc1/text"),
        ("jav", "profile", "http://www.w3.org/ns/ttml/profile/imsc1/text"),
        ("ja", "contentProfiles", "http://www.w3.org/ns/ttml/profile/imsc1.1/text"),
        ("ja-JP", "contentProfiles", "http://www.w3.org/ns/ttml/profile/imsc1.1/text"),
    ],
)
def test_netflix_gets_ttml_1_and_imsc_1_1_for_japanese(language: str, attribute: str, value: str) -> None:
    """Validators of TTML 1 refuse the attribute of TTML 2."""
    document = root(render_ttml(CUES, style=NETFLIX, language=language))
    found = {name.removeprefix(TTP): content for name, content in document.items() if "rofile" in name}
    assert found == {attribute: value}
    assert document.get(f"{XML}lang") == language


def test_karaoke_words_change_their_colour_when_they_are_spoken() -> None:
    """The first word has begun with its cue; times count from the cue's start."""
    written = render_ttml([LIT], style=KARAOKE)
    (content,) = re.findall(r"<p [^>]*>(.*)</p>", written)
    assert content == (
        '<span>One</span> <span style="future"><set begin="309ms" tts:color="white"/>two-</span>'
        '<span style="future"><set begin="700ms" tts:color="white"/>three</span><br/>'
        '<span style="future"><set begin="1200ms" tts:color="white"/>four</span>'
    )
    assert "<set" not in render_ttml([LIT], style=NETFLIX)
    assert render([LIT], "ttml", style=KARAOKE) == written


def test_no_cue_is_an_empty_body() -> None:
    """Silence is a document, too."""
    for style in STYLES.values():
        assert "<body/>" in render_ttml((), style=style)
        root(render_ttml((), style=style))


@given(
    st.lists(st.text(min_size=1, max_size=20), min_size=1, max_size=3),
    st.sampled_from(list(STYLES.values())),
    st.text(max_size=5),
)
def test_any_text_is_well_formed(lines: list[str], style: Style, language: str) -> None:
    """Characters that XML does not have are shown as unknown, and nothing else changes."""
    written = root(render_ttml([Cue(start_ms=1, end_ms=2, lines=tuple(lines))], style=style, language=language))
    (paragraph,) = written.iter(f"{TT}p")
    unknown = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
    assert lines_of(paragraph) == [unknown.sub("\ufffd", line) for line in lines]
