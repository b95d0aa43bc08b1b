"""What holds for the cues of any timeline whatever."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import get_args

from hypothesis import given
from hypothesis import strategies as st

from sayso.subtitles import STYLES, FileFormat, Rule, Style, compile_cues, lint, read_subtitles, render
from sayso.types import Boundary, Timeline
from unit.subtitles.timelines import RATE_HZ, Said, timeline_of

styles = st.sampled_from(list(STYLES.values()))
formats = st.sampled_from(get_args(FileFormat))
languages = st.sampled_from(["en-us", "fr", "de", "zh"])
letters = st.characters(categories=["L", "M", "N", "P", "S"])


@st.composite
def any_words(draw: st.DrawFn) -> list[Said]:
    """Words of any length, in any script, at any speed a voice could have, and some that none could."""
    word = st.builds(
        Said,
        text=st.text(letters, min_size=1, max_size=60),
        ms=st.integers(20, 3000),
        pause_ms=st.sampled_from([0, 0, 0, 30, 300, 1000, 10_000]),
        boundary=st.sampled_from(Boundary),
        joined=st.booleans(),
    )
    return draw(st.lists(word, max_size=40))


@st.composite
def readable_words(draw: st.DrawFn) -> list[Said]:
    """Words of up to 30 letters at 12 columns a second or slower, with a breath after each paragraph."""
    words = []
    for _ in range(draw(st.integers(1, 40))):
        text = draw(st.text(st.sampled_from("abc"), min_size=1, max_size=30))
        boundary = draw(st.sampled_from(Boundary))
        pause = draw(st.sampled_from([0, 0, 50, 400, 3000]))
        words.append(
            Said(
                text,
                ms=-(-1000 * (len(text) + 1) // 12) + draw(st.sampled_from([0, 0, 100, 8000])),
                pause_ms=max(pause, 1000) if boundary is Boundary.PARAGRAPH else pause,
                boundary=boundary,
                joined=draw(st.booleans()) and len(text) < 5,
            )
        )
    return [*words[:-1], words[-1]._replace(pause_ms=1000)]


def duration_ms(timeline: Timeline) -> int:
    return timeline.duration_samples * 1000 // RATE_HZ


@given(any_words(), styles, languages)
def test_every_word_is_shown_once_in_order(words: list[Said], style: Style, language: str) -> None:
    """Nothing is lost, repeated or reordered, and lines say what their words say."""
    cues = compile_cues(timeline_of(words), style, language=language)
    assert "".join(word.text for cue in cues for word in cue.words) == "".join(word.text for word in words)
    for cue in cues:
        for number, line in enumerate(cue.lines):
            on_line = [word for word in cue.words if word.line == number]
            spaced = "".join(word.text if word.joined else f" {word.text}" for word in on_line)
            assert line == spaced.removeprefix("" if on_line[0].joined else " ")


@given(any_words(), styles, languages)
def test_cues_never_overlap_or_outlive_the_audio(words: list[Said], style: Style, language: str) -> None:
    """Whatever the speed, cues follow each other and the last is gone when the audio ends."""
    timeline = timeline_of(words)
    cues = compile_cues(timeline, style, language=language)
    assert all(cue.start_ms < cue.end_ms for cue in cues)
    assert all(cue.end_ms <= following.start_ms for cue, following in pairwise(cues))
    assert all(cue.end_ms <= duration_ms(timeline) for cue in cues[-1:])


@given(any_words(), styles, languages)
def test_only_time_can_be_short(words: list[Said], style: Style, language: str) -> None:
    """However long the words and however fast, lines and their number, longest times and order keep the limits."""
    timeline = timeline_of(words)
    cues = compile_cues(timeline, style, language=language)
    broken = {violation.rule for violation in lint(cues, style, duration_ms=duration_ms(timeline))}
    assert broken <= {Rule.READING_SPEED, Rule.TOO_SHORT, Rule.GAP}


@given(any_words(), styles, languages)
def test_cues_stay_with_the_sound(words: list[Said], style: Style, language: str) -> None:
    """However fast the speech, no cue lags more than its style allows, or runs ahead but into a silence."""
    for cue in compile_cues(timeline_of(words), style, language=language):
        assert -1500 <= cue.start_ms - cue.words[0].start_ms <= style.max_lag_ms


@given(any_words(), styles, languages)
def test_paragraphs_are_never_mixed(words: list[Said], style: Style, language: str) -> None:
    """A cue ends where its paragraph ends."""
    cues = compile_cues(timeline_of(words), style, language=language)
    reached, text = set(), ""
    for cue in cues:
        text += "".join(word.text for word in cue.words)
        reached.add(len(text))
    text = ""
    for word in words:
        text += word.text
        assert word.boundary is not Boundary.PARAGRAPH or len(text) in reached


ARTICLES = {
    "en": ("the", "a", "an", "my", "their", "every"),
    "fr": ("le", "la", "les", "un", "une", "des", "du", "ce", "leurs"),
    "es": ("el", "la", "los", "una", "del", "al", "su"),
    "it": ("il", "lo", "gli", "una", "della", "nel"),
    "pt": ("o", "a", "os", "uma", "do", "nas", "seu"),
    "de": ("der", "die", "das", "einem", "keine", "im"),
}


@given(st.data(), styles, st.sampled_from(sorted(ARTICLES)))
def test_no_cue_ends_in_an_article(data: st.DataObject, style: Style, language: str) -> None:
    """Wherever a noun follows without a long pause, up to 20 characters a second, in six languages."""
    article = st.sampled_from(ARTICLES[language]).map(lambda word: Said(word, 150, pause_ms=50))
    noun = st.builds(
        Said,
        text=st.text("kpzv", min_size=5, max_size=12),
        ms=st.sampled_from([600, 900, 1500]),
        pause_ms=st.sampled_from([0, 0, 100, 700, 3000]),
        boundary=st.sampled_from([Boundary.NONE, Boundary.NONE, Boundary.CLAUSE, Boundary.SENTENCE]),
    )
    pairs = data.draw(st.lists(st.one_of(noun.map(lambda one: [one]), st.tuples(article, noun).map(list)), min_size=1))
    cues = compile_cues(timeline_of([word for pair in pairs for word in pair]), style, language=language)
    assert not [cue.lines[-1] for cue in cues if cue.lines[-1].split()[-1] in ARTICLES[language]]


FORBIDDEN_FIRST = "、。」』）ゃゅょっーァ々！？"


@given(
    st.lists(
        st.sampled_from([*"東京都日本語はがをにでもです", "ちゃ", "った", "カー", "「", "」", "。", "、", "ょ", "ッ"])
    ),
    styles,
)
def test_japanese_lines_keep_kinsoku(pieces: list[str], style: Style) -> None:
    """No line or cue begins with a closing mark, a small kana or a repetition mark, or ends with an opening bracket."""
    words = [Said(piece, 120, joined=number > 0) for number, piece in enumerate(["今", *pieces, "日"])]
    cues = compile_cues(timeline_of(words), style, language="ja")
    lines = [line for cue in cues for line in cue.lines]
    runs = max(map(len, re.findall(f"[{FORBIDDEN_FIRST}]*", "".join(lines))))
    if runs < 4 and "「「「" not in "".join(lines):
        assert not [line for line in lines if line[0] in FORBIDDEN_FIRST or line[-1] in "「『（"]


@given(readable_words(), styles, languages)
def test_speech_that_can_be_read_passes_the_lint(words: list[Said], style: Style, language: str) -> None:
    """Wherever the speech leaves time to read, every limit is kept."""
    timeline = timeline_of(words)
    cues = compile_cues(timeline, style, language=language)
    assert lint(cues, style, duration_ms=duration_ms(timeline)) == []


@given(st.lists(st.integers(300, 900), min_size=1, max_size=8), st.sampled_from(["netflix", "kids", "bbc"]))
def test_short_paragraphs_are_shown_long_enough(lengths_ms: list[int], style_name: str) -> None:
    """Wherever it is possible: cues give way into the silences before them."""
    style = STYLES[style_name]
    words = [Said("Oh!", ms=length, pause_ms=700, boundary=Boundary.PARAGRAPH) for length in lengths_ms]
    timeline = timeline_of([*words[:-1], words[-1]._replace(pause_ms=120)], start_ms=40)
    end = duration_ms(timeline) + style.min_gap_ms
    is_possible = True
    silent_since = [0, *(word.end_sample * 1000 // RATE_HZ for word in timeline.words)]
    for number in reversed(range(len(words))):
        sound = timeline.words[number].start_sample * 1000 // RATE_HZ
        latest = min(sound, end - style.min_gap_ms - style.min_duration_ms)
        silence = sound - silent_since[number] - style.min_gap_ms
        is_possible &= latest >= max(0, sound - max(style.start_early_ms, min(silence, 1500)))
        end = latest
    cues = compile_cues(timeline, style, language="en-us")
    assert not is_possible or lint(cues, style, duration_ms=duration_ms(timeline)) == []


@given(any_words(), styles, languages, formats)
def test_a_file_breaks_only_the_rules_that_its_cues_break(
    words: list[Said], style: Style, language: str, file_format: FileFormat
) -> None:
    """Whatever the format makes of a text, `sayso lint` finds what was announced, and nothing of it out of form."""
    cues = compile_cues(timeline_of(words), style, language=language)
    file = read_subtitles(render(cues, file_format, style=style, language=language))
    assert lint([found.cue for found in file.cues], style) == lint(cues, style)
    assert (file.file_format, file.remarks) == (file_format, ())
