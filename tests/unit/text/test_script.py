"""From a document to a script."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sayso.errors import InvalidInput, NothingToSay, UnknownVoice
from sayso.text import Pauses, ScriptOptions, load_lexicon, write_script
from sayso.text.directives import find_directives
from sayso.text.normalise import normalise
from sayso.types import Boundary, Script, ScriptLine, Span

EXAMPLES = Path(__file__).parents[3] / "examples"
PAUSES = Pauses(clause=0.1, sentence=0.2, paragraph=0.3, heading=0.4, chapter=0.5, thematic_break=0.6)


def language_of_voice(voice: str) -> str:
    if voice == "nobody":
        raise UnknownVoice("No engine has the voice “nobody”.")
    return {"a": "en-us", "b": "en-gb", "f": "fr-fr"}[voice[0]]


OPTIONS = ScriptOptions(voice="af_heart", language="en-us", language_of_voice=language_of_voice, pauses=PAUSES)
PLAIN = replace(OPTIONS, markdown=False)


def said(line: ScriptLine) -> str:
    return " ".join(token.spoken for token in line.utterance.tokens)


def gaps(text: str, options: ScriptOptions = OPTIONS) -> list[float]:
    script = write_script(text, options)
    return [script.lead_in_seconds, *(line.pause_after_seconds for line in script.lines)]


def spans(script: Script) -> list[Span]:
    """The distinct spans of the tokens, in the order in which they are said."""
    found: list[Span] = []
    for line in script.lines:
        for token in line.utterance.tokens:
            if not found or token.span != found[-1]:
                found.append(token.span)
    return found


ONE = "This is the first sentence."
TWO = "This is the second sentence."


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"{ONE} {TWO}", [0, 0.2, 0]),
        (f"{ONE}\n\n{TWO}", [0, 0.3, 0]),
        (f"- {ONE}\n- {TWO}", [0, 0.3, 0]),
        (f"### {ONE}\n{TWO}", [0, 0.4, 0]),
        (f"{ONE}\n### {TWO}", [0, 0.4, 0]),
        (f"{ONE}\n## {TWO}", [0, 0.5, 0]),
        (f"---\n\n{ONE}\n\n***\n\n# {TWO}\n\n---", [0, 0.6, 0]),
        (f"{ONE}\n[voice:bm_george] {TWO}", [0, 0.3, 0]),
    ],
)
def test_the_structure_of_the_document_makes_the_pauses(text: str, expected: list[float]) -> None:
    """Between two lines the longest of what applies, before the first and after the last nothing."""
    assert gaps(text) == expected


def test_a_script_knows_how_much_silence_it_asks_for() -> None:
    """The lead-in, and the pause after every line."""
    script = write_script(f"[pause 2s] {ONE} [pause 1.5s] {TWO} [pause 60s] [pause 60s]", OPTIONS)
    assert script.silence_seconds == pytest.approx(2 + 1.5 + 120)


def test_a_long_sentence_is_cut_with_the_pause_of_a_clause() -> None:
    """Between the parts, while the sentence keeps its own end."""
    assert gaps("word " * 40 + "word, " + "word " * 40 + f". {ONE}") == [0, 0.1, 0.2, 0]


@pytest.mark.parametrize("options", [OPTIONS, PLAIN], ids=["markdown", "plain"])
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"[pause 1s]{ONE}[pause 2s]", [1, 2]),
        (f"[pause 1s] [pause 500ms]\n\n{ONE}\n\n[pause 2s]\n[pause 2s]", [1.5, 4]),
        (f"{ONE} [pause 1s] {TWO}", [0, 1, 0]),
        (f"{ONE}\n\n[pause 1s]\n\n{TWO}", [0, 1, 0]),
        (f"{ONE}[pause 1s]\n\n[pause 0.5s]{TWO}", [0, 1.5, 0]),
        (f"{ONE} [pause 0s] {TWO}", [0, 0, 0]),
        ("No. [pause 1s] No.", [0, 1, 0]),
        ("This is the [pause 1s] first sentence.", [0, 1, 0]),
    ],
)
def test_a_pause_in_the_text_takes_the_place_of_the_silence_there(
    text: str, expected: list[float], options: ScriptOptions
) -> None:
    """Wherever it stands; pauses at one place add up, and fragments are not merged across them."""
    assert gaps(text, options) == pytest.approx(expected)


def test_a_pause_within_a_sentence_ends_a_clause_and_parts_words() -> None:
    """The voice falls a little, and the words around it stay two."""
    script = write_script("Wait[pause 1s]for it.", OPTIONS)
    assert [said(line) for line in script.lines] == ["Wait", "for it"]
    assert script.lines[0].utterance.tokens[-1].boundary is Boundary.CLAUSE


def test_headings_of_the_first_two_levels_begin_chapters() -> None:
    """The title is what a reader sees, whatever markup it has; lower headings begin none."""
    script = write_script("# The *Lamp*\nRoom.\n\n## [Two](x)\n\n### Three\n\nText.\n\nSix\n---\nEnd.", OPTIONS)
    assert [line.chapter_title for line in script.lines if line.chapter_title] == ["The Lamp", "Two", "Six"]
    assert all(line.utterance.tokens[-1].boundary is Boundary.PARAGRAPH for line in script.lines)


def test_a_title_that_cannot_be_spoken_begins_no_chapter() -> None:
    """A chapter begins with a line."""
    script = write_script(f"# ***\n\n{ONE}", OPTIONS)
    assert [line.chapter_title for line in script.lines] == [None]


def test_voices_switch_by_line_and_bring_their_language() -> None:
    """Until the next switch; the empty name is the first voice, in the document's language."""
    text = "One.\n[voice:bm_george] Two.\n\nThree.\n[voice:ff_siwis:0.6+bm_george:0.4]\nQuatre.\n[voice:]\nFive."
    script = write_script(text, replace(OPTIONS, voice="am_adam", language="en-au"))
    assert [(said(line), line.voice, line.utterance.language) for line in script.lines] == [
        ("One", "am_adam", "en-au"),
        ("Two", "bm_george", "en-gb"),
        ("Three", "bm_george", "en-gb"),
        ("Quatre", "ff_siwis:0.6+bm_george:0.4", "fr-fr"),
        ("Five", "am_adam", "en-au"),
    ]
    assert script.lines[0].utterance.tokens[-1].boundary is Boundary.PARAGRAPH


def test_a_voice_that_nobody_has_is_an_error() -> None:
    """It is found when the script is written, not when the voice should speak."""
    with pytest.raises(UnknownVoice):
        write_script("[voice:nobody] Hello.", OPTIONS)


def test_a_voice_is_looked_up_once_however_often_the_text_switches_to_it() -> None:
    """Thousands of switches between a few voices cost no more than those few."""
    asked: list[str] = []

    def look_up(voice: str) -> str:
        asked.append(voice)
        return "en-us"

    text = "[voice:b]\nOne.\n[voice:f]\nTwo.\n[voice:]\nThree.\n" * 1000
    script = write_script(text, replace(PLAIN, language_of_voice=look_up))
    assert asked == ["b", "f"]
    assert [line.voice for line in script.lines[:4]] == ["b", "f", "af_heart", "b"]


def test_plain_text_has_no_markup() -> None:
    """Marks are what they are; directives still direct."""
    script = write_script("# One and *two* of them.\n[voice:bm_george] [x](y) is it.", PLAIN)
    assert [line.chapter_title for line in script.lines] == [None, None]
    assert {line.voice for line in script.lines} == {"af_heart", "bm_george"}
    assert said(script.lines[1]).endswith("is it")


def test_a_comment_hides_directives_too() -> None:
    """What no reader sees directs nothing."""
    assert gaps(f"<!-- [pause 9s] [pause what] -->{ONE}") == [0, 0]


def test_emoji_are_named_when_asked_for() -> None:
    """Dropped otherwise, and then a text of emoji alone has nothing to say."""
    assert said(write_script("🎉", replace(OPTIONS, emoji="name")).lines[0])
    with pytest.raises(NothingToSay):
        write_script("🎉", OPTIONS)


def test_the_lexicon_is_heard_in_every_paragraph() -> None:
    """For the language of the voice that reads it."""
    options = replace(OPTIONS, lexicon=load_lexicon("Anna = ahna\n[en-gb]\nAnna = anner"))
    script = write_script("Anna came.\n[voice:bm_george] Anna left.", options)
    assert [said(line) for line in script.lines] == ["ahna came", "anner left"]


@pytest.mark.parametrize("options", [OPTIONS, PLAIN], ids=["markdown", "plain"])
@pytest.mark.parametrize("text", ["", " \n\t\n", "…", "--- ***\n\n!?", "[pause 1s]", "[voice:bm_george]", "\0"])
def test_a_text_without_words_says_so(text: str, options: ScriptOptions) -> None:
    """There is no empty script."""
    with pytest.raises(NothingToSay):
        write_script(text, options)


@pytest.mark.parametrize("options", [OPTIONS, PLAIN], ids=["markdown", "plain"])
@pytest.mark.parametrize("unit", ["a", "1", "a ", "a. ", "漢", "*a", "[a](", "“a", "`a``"])
def test_a_large_text_in_an_odd_shape_is_spoken_whole(unit: str, options: ScriptOptions) -> None:
    """Without spaces, sentences or sense, no letter is cut off."""
    text = unit * (40_000 // len(unit))
    script = write_script(text, options)
    covered = spans(script)
    assert covered[0].start == text.index(unit.strip("*[]( “`.")[0])
    assert sum(character.isalnum() for span in covered for character in span.of(text)) == sum(map(str.isalnum, text))


@pytest.mark.parametrize("unit", ["#", "[", "*", "(", ">", "\n", "<!--", "![", "“", "- ", "[pause 1s]"])
def test_a_large_text_of_marks_alone_has_nothing_to_say(unit: str) -> None:
    """However many there are."""
    with pytest.raises(NothingToSay):
        write_script(unit * (40_000 // len(unit)), OPTIONS)


def covers(script: Script, text: str) -> None:
    found = spans(script)
    assert all(before.end <= after.start for before, after in pairwise(found))
    inside = {offset for span in found for offset in range(span.start, span.end)}
    for directive in find_directives(text):
        inside.update(range(directive.span.start, directive.span.end))
    assert [text[offset] for offset in range(len(text)) if text[offset].isalnum() and offset not in inside] == []


def is_spoken_or_refused(text: str, options: ScriptOptions) -> None:
    try:
        script = write_script(text, options)
    except NothingToSay:
        script = Script(text=text, language="en-us", lines=())
    except InvalidInput:
        assert "[" in text
        return
    covers(script, text)


@given(st.text(max_size=300))
@example("a\u0301b[pause 1s]c\ud800")
@example("Hello [pause 0.5s]. 3.50 £3.50 1. 2")
def test_every_letter_and_digit_of_a_plain_text_is_spoken_once_and_in_order(text: str) -> None:
    """For any Unicode text: a script that covers it, or nothing to say, or a directive that is malformed."""
    is_spoken_or_refused(text, PLAIN)


@given(
    st.lists(
        st.sampled_from([*"ab1 \n#*_>-+=.,!?(){}'\"“”é漢🎉$%:/", "Mr. ", "[pause 1s]", "\n[voice:bob]", "3.50"]),
        max_size=120,
    ).map("".join)
)
def test_every_letter_and_digit_of_a_markdown_text_is_spoken_once_and_in_order(text: str) -> None:
    """Marks that have no letters of their own hide none."""
    is_spoken_or_refused(text, OPTIONS)


@given(st.text(alphabet="ab1 .,!?'é£:-/", min_size=1, max_size=200))
def test_a_script_says_what_normalising_the_paragraph_says(text: str) -> None:
    """Sentences and utterances only group the tokens: none is lost, made up or changed but for its boundary."""
    tokens = normalise(text, Span(start=0, end=len(text)), language="en-us")
    if tokens:
        script = write_script(text, PLAIN)
        spoken = [token for line in script.lines for token in line.utterance.tokens]
        assert [replace(token, boundary=Boundary.NONE) for token in spoken] == [
            replace(token, boundary=Boundary.NONE) for token in tokens
        ]
        assert all(after.boundary >= before.boundary for before, after in zip(tokens, spoken, strict=True))


@pytest.mark.parametrize(("name", "language"), [("the-lamp-room.md", "en-us"), ("le-phare.md", "fr-fr")])
def test_the_examples_have_chapters_and_are_spoken_whole(name: str, language: str) -> None:
    """They are what a first listener hears."""
    text = (EXAMPLES / name).read_text(encoding="utf-8")
    script = write_script(text, replace(OPTIONS, language=language))
    assert sum(line.chapter_title is not None for line in script.lines) == 4
    covers(script, text)
