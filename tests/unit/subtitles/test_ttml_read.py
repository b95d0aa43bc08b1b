"""Reading TTML: what a viewer sees of it, and a remark on all else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sayso.errors import NotSubtitles
from sayso.subtitles import STYLES, Style, parse_subtitles, read_subtitles, render_ttml
from sayso.types import Cue

TT = '<tt xmlns="http://www.w3.org/ns/ttml" xml:lang="en"'
PARAMETERS = 'xmlns:ttp="http://www.w3.org/ns/ttml#parameter"'
STYLING = 'xmlns:tts="http://www.w3.org/ns/ttml#styling"'


def document(body: str, *, parameters: str = "") -> str:
    """A document with this in its one division."""
    return f"{TT} {PARAMETERS} {STYLING} {parameters}>\n<body>\n<div>\n{body}\n</div>\n</body>\n</tt>"


def shown(content: str) -> list[tuple[int, int, str]]:
    """The cues, their lines joined by a stroke."""
    return [(cue.start_ms, cue.end_ms, "|".join(cue.lines)) for cue in parse_subtitles(content)]


@pytest.mark.parametrize(
    ("expression", "parameters", "milliseconds"),
    [
        ("00:00:01.5", "", 1500),
        ("100:00:00", "", 360_000_000),
        ("00:00:01.0004999", "", 1000),
        ("1.5s", "", 1500),
        ("250ms", "", 250),
        ("0.5m", "", 30_000),
        ("1h", "", 3_600_000),
        ("99:59:59.9999", "", 360_000_000),
        ("00:00:01:15", "", 1500),
        ("00:00:01:05", 'ttp:frameRate="25"', 1200),
        ("48f", 'ttp:frameRate="24" ttp:frameRateMultiplier="1000 1001"', 2002),
        ("48f", 'ttp:frameRate="24" ttp:frameRateMultiplier="1000:1001"', 2002),
        ("00:00:01:10.5", 'ttp:frameRate="25" ttp:subFrameRate="10"', 1420),
        ("20000000t", 'ttp:tickRate="10000000"', 2000),
        ("50t", 'ttp:frameRate="25"', 2000),
        ("3t", "", 3000),
        ("10:00:00:12", 'ttp:timeBase="smpte" ttp:frameRate="25"', 36_000_480),
        ("01:00:00:00", 'ttp:timeBase="smpte" ttp:frameRate="24" ttp:frameRateMultiplier="1000 1001"', 3_603_600),
        (
            "00:01:00:02",
            'ttp:timeBase="smpte" ttp:frameRate="30" ttp:frameRateMultiplier="1000 1001" ttp:dropMode="dropNTSC"',
            60_060,
        ),
        (
            "01:00:00:00",
            'ttp:timeBase="smpte" ttp:frameRate="30" ttp:frameRateMultiplier="1000 1001" ttp:dropMode="dropNTSC"',
            3_599_996,
        ),
    ],
)
def test_every_kind_of_time(expression: str, parameters: str, milliseconds: int) -> None:
    """Clocks, offsets, frames, ticks and time codes, with and without dropped ones, by the document's rates."""
    content = document(f'<p begin="{expression}" dur="1s">A</p>', parameters=parameters)
    ((start, end, _),) = shown(content)
    assert start == milliseconds
    assert abs(end - start - 1000) <= 1
    assert not read_subtitles(content).remarks


@pytest.mark.parametrize(
    ("body", "cues"),
    [
        ('<p begin="1s" end="2s">A <span>b<br/>c</span> d</p>', [(1000, 2000, "A b|c d")]),
        ('<p begin="1s" end="9s" dur="2s">A</p>', [(1000, 3000, "A")]),
        ('<div begin="10s"><p begin="1s" end="2s">A</p></div>', [(11_000, 12_000, "A")]),
        ('<div end="2s"><p begin="1s" end="5s">A</p></div>', [(1000, 2000, "A")]),
        (
            '<div timeContainer="seq"><p dur="2s">A</p><p begin="1s" dur="2s">B</p></div>',
            [(0, 2000, "A"), (3000, 5000, "B")],
        ),
        ('<div timeContainer="seq"><p dur="2s"/><p dur="2s">B</p></div>', [(2000, 4000, "B")]),
        (
            '<p begin="10s" end="20s"><span begin="1s" end="3s">A</span><span begin="3s">B</span></p>',
            [(11_000, 13_000, "A"), (13_000, 20_000, "B")],
        ),
        (
            '<p begin="10s" end="14s"><span>One</span><br/><span begin="2s">two</span></p>',
            [(10_000, 12_000, "One"), (12_000, 14_000, "One|two")],
        ),
        (
            '<p><span begin="1s" end="2s">A</span><span begin="3s" end="4s">B</span></p>',
            [(1000, 2000, "A"), (3000, 4000, "B")],
        ),
        (
            '<p begin="1s" end="2s">A<span begin="0.5s"><span begin="0.2s">B</span></span></p>',
            [(1000, 1700, "A"), (1700, 2000, "AB")],
        ),
        (
            '<p begin="1s" end="3s">A<span begin="1s"><br/></span>b</p>',
            [(1000, 2000, "Ab"), (2000, 3000, "A|b")],
        ),
        ('<p begin="1s" end="2s">\n  A \t b\n<br/>\n c\n</p>', [(1000, 2000, "A b|c")]),
        ('<p begin="1s" end="2s"><span>A </span> <span> b</span></p>', [(1000, 2000, "A b")]),
        ('<p begin="1s" end="2s" xml:space="preserve">A  b\nc</p>', [(1000, 2000, "A  b|c")]),
        (
            '<p begin="1s" end="2s" xml:space="preserve">A<span xml:space="default"> \n b</span></p>',
            [(1000, 2000, "A b")],
        ),
        ('<p begin="1s" end="2s"><br/><br/>A<br/><br/></p>', [(1000, 2000, "A")]),
        ('<p begin="1s" end="2s">&lt;b&gt; &amp; &#65;<![CDATA[<i>]]><!-- no --></p>', [(1000, 2000, "<b> & A<i>")]),
        ('<p begin="1s" end="2s"><metadata>note</metadata>A</p>', [(1000, 2000, "A")]),
        ('<p begin="1s" end="2s"><set begin="0.5s" tts:color="red"/>A</p>', [(1000, 2000, "A")]),
        ('<p begin="5s" end="4s">A</p>', [(5000, 4000, "A")]),
        ('<p begin="5s" end="5s">A</p>', [(5000, 5000, "A")]),
        ('<p begin="2s" end="3s">A</p><p begin="1s" end="5s">B</p>', [(2000, 3000, "A"), (1000, 5000, "B")]),
        ('<p begin="1s" end="2s"> </p><p begin="3s" end="4s"/>', []),
        ("", []),
    ],
)
def test_what_is_seen_when(body: str, cues: list[tuple[int, int, str]]) -> None:
    """Times count from what holds an element, or what is before it; lines are as shown; nothing is remarked."""
    content = document(body)
    assert shown(content) == cues
    assert not read_subtitles(content).remarks


@pytest.mark.parametrize(
    ("body", "cues", "message"),
    [
        ('<p begin="abc" end="2s">A</p>', [], "begin='abc' is not a time: its paragraph is left out"),
        ('<p begin="1s" end="1000000h">A</p>', [], "end='1000000h' is not a time"),
        ('<p begin="1s" end="1234567890123456s">A</p>', [], "end='1234567890123456s' is not a time"),
        ('<p begin="-1s" end="2s">A</p>', [], "begin='-1s' is not a time"),
        ('<p begin="1s" end="2s">A<span begin="x">B</span></p>', [], "begin='x' is not a time"),
        ('<div end="2s"><p begin="3s" end="4s">A</p></div>', [], "'A', which is never shown, is left out"),
        ('<p begin="1s" end="2s">A<span begin="5s">B</span></p>', [(1000, 2000, "A")], "'B', which is never shown"),
        (
            '<p begin="1s" end="2s">A<x xmlns="urn:x">B</x></p>',
            [(1000, 2000, "A")],
            "'B', in an element that shows no",
        ),
        ('A<p begin="1s" end="2s">B</p>', [(1000, 2000, "B")], "'A', in an element that shows no text"),
        (
            '<p timeContainer="seq" dur="9s">A<span dur="1s">B</span></p>',
            [(0, 1000, "B")],
            "'A', without a time of its own",
        ),
    ],
)
def test_what_is_left_out_is_said(body: str, cues: list[tuple[int, int, str]], message: str) -> None:
    """With its line, and as something lost."""
    whole = document(f'{body}\n<p begin="90s" end="91s">End.</p>')
    assert shown(whole) == [*cues, (90_000, 91_000, "End.")]
    (remark,) = read_subtitles(whole).remarks
    assert remark.is_lost
    assert not remark.is_note
    assert message in remark.message
    assert remark.line == 4


@pytest.mark.parametrize(
    ("body", "cues", "message"),
    [
        ('<p begin="1s">A</p><p begin="3s" end="4s">B</p>', [(1000, 3000, "A"), (3000, 4000, "B")], "has no end"),
        ("<p>A</p>", [(0, 0, "A")], "the cue has no end"),
        ('<p begin="1.5" end="2s">A</p>', [(1500, 2000, "A")], "the time '1.5' is not written as it should"),
        ('<p begin="0:01" end="2s">A</p>', [(1000, 2000, "A")], "the time '0:01' is not written as it should"),
        (
            '<p begin="0:00:01,5" end="2s">A</p>',
            [(1500, 2000, "A")],
            "the time '0:00:01,5' is not written as it should",
        ),
        (
            '<div begin="x"><p begin="1s" end="2s">A</p></div>',
            [(1000, 2000, "A")],
            "begin='x' is not a time, and is not f",
        ),
    ],
)
def test_what_is_mended_is_said(body: str, cues: list[tuple[int, int, str]], message: str) -> None:
    """Players show it, and it is not as the format has it."""
    content = document(body)
    assert shown(content) == cues
    (remark,) = read_subtitles(content).remarks
    assert not remark.is_lost
    assert message in remark.message


def test_what_cues_do_not_have_is_a_note() -> None:
    """Images, readings beside the text, times of regions, and what is hidden: once each, with how often."""
    image = '<div xmlns:smpte="http://www.smpte-ra.org/schemas/2052-1/2010/smpte-tt" smpte:backgroundImage="#i"/>'
    ruby = '<span tts:ruby="container">\n<span tts:ruby="base">漢字</span><span tts:ruby="text">かんじ</span>\n</span>'
    content = document(f'{image}{image}<p begin="1s" end="2s" tts:display="none">{ruby}</p>').replace(
        "<body>", '<head><layout><region xml:id="r" begin="1s"/></layout></head><body>'
    )
    assert shown(content) == [(1000, 2000, "漢字")]
    remarks = read_subtitles(content).remarks
    assert all(remark.is_note and not remark.is_lost for remark in remarks)
    assert sorted(remark.message for remark in remarks) == [
        "elements or styles are hidden at first (tts:display), and are read all the same (1 of them)",
        "images have no text and are not read (2 of them)",
        "readings beside the text (ruby) are not read (1 of them)",
        "regions have times, which are not read (1 of them)",
    ]


@pytest.mark.parametrize(
    "beginning",
    [
        '<?xml version="1.0" encoding="UTF-8"?>\n<!-- made by hand -->\n<x:tt xmlns:x="http://www.w3.org/ns/ttml">',
        '<x:tt xmlns:x="http://www.w3.org/2006/10/ttaf1">',
        '<x:tt xmlns:x="http://www.w3.org/2006/04/ttaf1#">',
        '\ufeff<x:tt xmlns:x="http://www.w3.org/ns/ttml">',
        '<!DOCTYPE x:tt>\r\n<x:tt xmlns:x="http://www.w3.org/ns/ttml">',
    ],
)
def test_every_namespace_and_prefix(beginning: str) -> None:
    """Names are those of namespaces, whatever the prefix; the drafts' are read, too."""
    content = f'{beginning}<x:body><x:div><x:p begin="1s" end="2s">A<x:br/>b</x:p></x:div></x:body></x:tt>'
    assert shown(content) == [(1000, 2000, "A|b")]
    assert not read_subtitles(content).remarks


def test_no_namespace_is_read_and_remarked() -> None:
    """Files have none, and players show them."""
    content = '<tt><body><div><p begin="1s" end="2s">A</p></div></body></tt>'
    assert shown(content) == [(1000, 2000, "A")]
    assert [remark.message for remark in read_subtitles(content).remarks] == [
        "the root element is not in TTML's namespace"
    ]


def test_lyrics_have_their_own_times() -> None:
    """In seconds since the song began, for divisions, lines and words; the words of a line are shown together."""
    content = (
        '<tt xmlns="http://www.w3.org/ns/ttml" xmlns:itunes="http://music.apple.com/lyric-ttml-internal" '
        'itunes:timing="Word"><body dur="3:58.640"><div begin="19.764" end="1:05.5"><p begin="59.9" end="1:02.100">'
        '<span begin="59.9" end="1:00.2">One</span> <span begin="1:01.0" end="1:02.100">two</span>'
        "</p></div></body></tt>"
    )
    assert shown(content) == [(59_900, 62_100, "One two")]
    assert not read_subtitles(content).remarks


def test_half_a_document_is_read_as_far_as_it_goes() -> None:
    """With the line where it ends."""
    content = document('<p begin="1s" end="2s">A</p>\n<p begin="3s" end="4s">B</p>')
    half = content[: content.index("B")]
    assert shown(half) == [(1000, 2000, "A")]
    (remark,) = read_subtitles(half).remarks
    assert remark.is_lost
    assert (remark.line, "not well-formed XML" in remark.message) == (5, True)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("<?xml version='1.0'?>\n<html/>", "Line 2 begins XML that is not TTML: its root is 'html'"),
        ('<tt xmlns="urn:other"/>', "not TTML"),
        ("<tt", "There is no cue, and in line 1 the document is not well-formed XML"),
        (f"{TT}><body><div><p begin='1s'>", "not well-formed XML"),
        ("<?xml version='1.0'?>\x00\x01", "not well-formed XML"),
    ],
)
def test_other_files_are_refused(content: str, message: str) -> None:
    """With the line and the reason."""
    with pytest.raises(NotSubtitles, match="(?s)" + message.replace("(", r"\(")):
        read_subtitles(content)


@pytest.mark.parametrize(
    "declaration",
    [
        '<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">',
        '<!ENTITY a SYSTEM "file:///etc/passwd">',
        '<!ENTITY % a SYSTEM "http://localhost:1/a.dtd"> %a;',
    ],
)
def test_entities_are_refused_before_they_grow(declaration: str) -> None:
    """Neither expanded, nor fetched, nor left out of the text."""
    content = f"<!DOCTYPE tt [{declaration}]>\n" + document('<p begin="1s" end="2s">&a;</p>')
    with pytest.raises(NotSubtitles, match="declares the entity 'a'"):
        read_subtitles(content)


def test_unknown_entities_are_not_lost_silently() -> None:
    """With a reference to a declaration elsewhere, a parser may skip what is declared there."""
    content = '<!DOCTYPE tt SYSTEM "tt.dtd">\n' + document('<p begin="1s" end="2s">A&nbsp;b</p>')
    (remark,) = read_subtitles(content).remarks
    assert remark.is_lost
    assert remark.message == "the undeclared entity &nbsp; is left out"


def test_depth_and_length_take_linear_time() -> None:
    """Neither is a matter of the stack; and many parts with many times are one cue, rather than an hour's work."""
    deep = document(f'<p begin="1s" end="2s">{"<span>" * 5000}A{"</span>" * 5000}</p>')
    assert shown(deep) == [(1000, 2000, "A")]
    timed = "".join(f'<span begin="{number}ms">a</span>' for number in range(1500))
    ((start, end, text),) = shown(document(f'<p end="9s">{timed}</p>'))
    assert (start, end, text) == (0, 9000, "a" * 1500)


lines = st.text(st.characters(exclude_categories=["Z", "C"]), min_size=1, max_size=20).filter(str.strip)
cues = st.builds(
    lambda start, length, shown: Cue(start_ms=start, end_ms=start + length, lines=tuple(shown)),
    st.integers(0, 400_000_000),
    st.integers(1, 10_000),
    st.lists(lines | st.sampled_from(["<b>", "]]>", "&amp;", "<!--", "-->", "a  b"]), min_size=1, max_size=3),
)


@given(st.lists(cues, max_size=5), st.sampled_from(list(STYLES.values())))
def test_what_is_written_reads_back(written: list[Cue], style: Style) -> None:
    """Whatever the text looks like to a parser; white space is one space, as it is shown."""
    expected = [
        Cue(start_ms=cue.start_ms, end_ms=cue.end_ms, lines=tuple(line.replace("  ", " ") for line in cue.lines))
        for cue in written
    ]
    file = read_subtitles(render_ttml(written, style=style, language="en"))
    assert [found.cue for found in file.cues] == expected
    assert not file.remarks
