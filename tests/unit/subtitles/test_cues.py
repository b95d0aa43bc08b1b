"""What the subtitle compiler prefers, by example."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from sayso.subtitles import STYLES, TimelineBuilder, compile_cues, lint
from sayso.types import Boundary, Cue, Span, Timeline, Token, TokenTime
from unit.subtitles.timelines import RATE_HZ, Said, spoken, timeline_of

NETFLIX = STYLES["netflix"]


def lines_of(timeline: Timeline, style: str = "netflix", language: str = "en") -> list[list[str]]:
    return [list(cue.lines) for cue in compile_cues(timeline, STYLES[style], language=language)]


def times_of(cues: tuple[Cue, ...]) -> list[tuple[int, int]]:
    return [(cue.start_ms, cue.end_ms) for cue in cues]


STORY = (
    "The lighthouse keeper climbed the hundred and forty steps to the lamp room every evening, carrying a can of oil "
    "in one hand and a lantern in the other. “Nobody,” he said, “has ever seen the light go out.”\n\n"
    "Then, one night in November, it did."
)


def test_a_story_in_the_default_style() -> None:
    """Cues end with sentences or clauses, lines before prepositions, and paragraphs stay apart."""
    assert lines_of(spoken(STORY)) == [
        ["The lighthouse keeper climbed the hundred", "and forty steps to the lamp room"],
        ["every evening, carrying a can of oil", "in one hand and a lantern in the other."],
        ["“Nobody,” he said,", "“has ever seen the light go out.”"],
        ["Then, one night in November, it did."],
    ]


def test_french_lines_break_by_french_rules() -> None:
    """A French line does not end with an article or a preposition."""
    text = "Le gardien du phare montait chaque soir les cent quarante marches jusqu’à la chambre de la lampe."
    assert lines_of(spoken(text), language="fr-FR") == [
        ["Le gardien du phare montait", "chaque soir les cent quarante marches"],
        ["jusqu’à la chambre de la lampe."],
    ]


@pytest.mark.parametrize(
    ("language", "article"),
    [("en", "the"), ("fr", "des"), ("es", "nuestro"), ("it", "della"), ("pt", "umas"), ("de", "einem")],
)
def test_an_article_goes_with_its_noun(language: str, article: str) -> None:
    """Even where the speaker hesitates after it, but not where he begins anew."""

    def first_of(pause_ms: int) -> str:
        words = [Said("kappa", 420) for _ in range(22)]
        words[12] = Said(article, 300, pause_ms=pause_ms)
        return " ".join(lines_of(timeline_of(words), language=language)[0])

    assert first_of(1900).endswith("kappa")
    assert first_of(2500).endswith(article)


def test_japanese_lines_end_with_phrases() -> None:
    """A line ends after a particle, not within a word, and no mark or small kana begins one."""
    text = "私は毎朝早く起きて、近所の公園を走ってから、会社へ行きます。"
    pieces = re.findall("から|.", text)
    words = [Said(piece, 150, joined=number > 0) for number, piece in enumerate(pieces)]
    cues = lines_of(timeline_of(words), language="ja")
    assert "".join(line for cue in cues for line in cue) == text
    assert cues == [["私は毎朝早く起きて、近所の公園を", "走ってから、会社へ行きます。"]]


def test_a_japanese_word_wider_than_a_line_is_cut_by_kinsoku() -> None:
    """What follows it without a space is not parted from it where no line may begin."""
    (cue,) = lines_of(timeline_of([Said("東" * 20 + "京」。", 4000)]), language="ja")
    assert cue == ["東" * 20, "京」。"]


def test_a_sentence_is_one_cue_for_the_bbc() -> None:
    """Two short sentences share a cue at Netflix and have one each at the BBC."""
    text = "It was too late for that. The boat had gone."
    assert lines_of(spoken(text), "netflix") == [["It was too late for that.", "The boat had gone."]]
    assert lines_of(spoken(text), "bbc") == [["It was too late for that."], ["The boat had gone."]]


def test_a_flashcard_holds_one_phrase() -> None:
    """Flashcards end at clauses, even where more would fit on the line."""
    text = "When the rain stopped, we went outside, and the sun was shining."
    assert lines_of(spoken(text), "flashcard") == [
        ["When the rain stopped,"],
        ["we went outside,"],
        ["and the sun was shining."],
    ]


@pytest.mark.parametrize(
    ("text", "top"),
    [
        ("He found the old key under the heavy stone by the well", "He found the old key"),
        ("They had been walking all night, and nobody spoke a word", "They had been walking all night,"),
        ("The old man put the heavy box on the kitchen table", "The old man put the heavy box"),
    ],
)
def test_a_line_ends_where_a_phrase_ends(text: str, top: str) -> None:
    """Lines end at commas and before prepositions, and never with an article."""
    (cue,) = lines_of(spoken(text))
    assert cue[0] == top


def test_a_text_that_fits_stays_on_one_line() -> None:
    """No more lines than are needed."""
    assert lines_of(spoken("It was a cold and windy night in the town.")) == [
        ["It was a cold and windy night in the town."]
    ]


def test_lines_are_balanced() -> None:
    """Without any phrase to go by, lines are about equally long, and the upper one not the longer."""
    words = " ".join(["lorem"] * 9)
    assert lines_of(spoken(words), language="la") == [[" ".join(["lorem"] * 4), " ".join(["lorem"] * 5)]]


def test_a_pause_is_a_good_place_to_end_a_cue() -> None:
    """Where a speaker without punctuation pauses, the cue ends."""
    words = [Said("lorem", 400, pause_ms=700 if number == 6 else 0) for number in range(18)]
    first, *_ = lines_of(timeline_of(words), language="la")
    assert " ".join(first) == " ".join(["lorem"] * 7)


def test_small_gaps_are_closed() -> None:
    """A gap under half a second becomes two frames; a longer one stays, for the speaker is silent."""
    words = [
        Said("everybody", 2000, pause_ms=400, boundary=Boundary.PARAGRAPH),
        Said("listened", 2000, pause_ms=700, boundary=Boundary.PARAGRAPH),
        Said("quietly", 2000),
    ]
    cues = compile_cues(timeline_of(words), NETFLIX, language="en")
    assert times_of(cues) == [(0, 2317), (2400, 4400), (5100, 7100)]


def test_a_short_cue_stays_on_in_the_silence_after_it() -> None:
    """A cue that is spoken in less than it takes to read stays until it is read."""
    words = [Said("Unbelievable", 300, pause_ms=5000)]
    assert times_of(compile_cues(timeline_of(words), NETFLIX, language="en")) == [(0, 833)]


def test_a_short_cue_at_the_end_starts_in_the_silence_before_it() -> None:
    """Where the audio ends too soon, the time to read is taken before the sound."""
    words = [Said("Goodbye", 400)]
    (cue,) = compile_cues(timeline_of(words, start_ms=2000), NETFLIX, language="en")
    assert cue.start_ms <= 2400 - NETFLIX.min_duration_ms
    assert cue.end_ms == 2400
    assert lint([cue], NETFLIX, duration_ms=2400) == []


def test_a_burst_of_fast_speech_borrows_time_from_its_neighbours() -> None:
    """Words too fast to be read shift the next cue's start, within the style's lag, rather than break a limit."""
    slow = [Said("slowly", 700) for _ in range(5)]
    fast = [Said("hastily", 360, boundary=Boundary.NONE) for _ in range(10)]
    words = [
        *slow[:-1],
        Said("slowly", 700, boundary=Boundary.PARAGRAPH),
        *fast[:-1],
        Said("hastily", 360, boundary=Boundary.PARAGRAPH),
        *slow,
    ]
    timeline = timeline_of(words)
    cues = compile_cues(timeline, NETFLIX, language="en")
    assert lint(cues, NETFLIX) == []
    starts = {word.start_sample * 1000 // RATE_HZ for word in timeline.words}
    shifts = [min(abs(cue.start_ms - start) for start in starts) for cue in cues]
    assert 0 < max(shifts) <= NETFLIX.max_lag_ms


def test_speech_faster_than_the_limit_stays_with_the_sound() -> None:
    """Ten minutes of speech that nobody can read drift by nothing, and the lint says which limit they break."""
    timeline = spoken("This was said much too fast for anybody to read. " * 200, columns_per_second=30, pause_ms=0)
    cues = compile_cues(timeline, NETFLIX, language="en")
    for cue in cues:
        assert abs(cue.start_ms - cue.words[0].start_ms) <= NETFLIX.max_lag_ms
        assert cue.end_ms - cue.start_ms >= NETFLIX.min_duration_ms
    assert {violation.rule for violation in lint(cues, NETFLIX)} == {"reading-speed"}


def test_a_word_wider_than_a_line_is_broken() -> None:
    """Two hundred letters without a space are shown whole, in parts that fit, while they are spoken."""
    cues = compile_cues(timeline_of([Said("x" * 200, 20_000)]), NETFLIX, language="en")
    assert "".join(line for cue in cues for line in cue.lines) == "x" * 200
    assert lint(cues, NETFLIX) == []
    assert cues[-1].end_ms == 20_000


def test_a_written_unit_wider_than_a_line_breaks_at_its_spaces() -> None:
    """What is one word to the engine and many on paper (a phone number) breaks between them first."""
    written = "+44 20 7946 0018 extension 12345 or 12346 or 12347"
    cues = compile_cues(timeline_of([Said(written, 8000)]), NETFLIX, language="en")
    assert [line for cue in cues for line in cue.lines] == ["+44 20 7946 0018 extension 12345 or 12346", "or 12347"]


def test_chinese_breaks_between_characters() -> None:
    """A script without spaces is shown without any, and every line fits."""
    words = [Said("雨", 300, joined=number > 0) for number in range(60)]
    cues = compile_cues(timeline_of(words), NETFLIX, language="zh")
    assert "".join(line for cue in cues for line in cue.lines) == "雨" * 60
    assert lint(cues, NETFLIX) == []


def test_words_joined_without_a_space_stay_together() -> None:
    """“and/or” is not parted at the end of a line."""
    words = [Said("perhaps", 500) for _ in range(4)] + [Said("certainly/", 500), Said("maybe", 500, joined=True)]
    (lines,) = lines_of(timeline_of(words))
    assert lines[1].endswith("certainly/maybe")


def test_what_was_written_is_what_is_shown() -> None:
    """Numbers, curly apostrophes and punctuation appear as the author wrote them, white space folded."""
    text = "It’s £3.50"
    price = Span(start=5, end=10)
    builder = TimelineBuilder(text, RATE_HZ)
    tokens = [
        Token(spoken="it's", span=Span(start=0, end=4), lead="“"),
        Token(spoken="three", span=price),
        Token(spoken="fifty", span=price, trail=" —\n ”"),
    ]
    times = [TokenTime(start_sample=n * 9000, end_sample=n * 9000 + 9000) for n in range(3)]
    builder.append(tokens, times, length_samples=27_000)
    (cue,) = compile_cues(builder.build(), NETFLIX, language="en")
    assert cue.lines == ("“It’s £3.50 — ”",)
    assert [(word.text, word.start_ms, word.end_ms) for word in cue.words] == [
        ("“It’s", 0, 375),
        ("£3.50 — ”", 375, 1125),
    ]


def test_characters_no_file_can_hold_are_not_shown() -> None:
    """Control characters go, a lone surrogate becomes the sign for a character that is missing."""
    (cue,) = compile_cues(timeline_of([Said("a\x00b\ud800c\u200dd", 1000)]), NETFLIX, language="en")
    assert cue.lines == ("ab\ufffdc\u200dd",)


def test_a_long_silence_moves_nothing() -> None:
    """After ten minutes of silence a cue starts with its word, to the millisecond."""
    words = [Said("before", 1000, pause_ms=600_000), Said("after", 1000)]
    assert times_of(compile_cues(timeline_of(words), NETFLIX, language="en")) == [(0, 1000), (601_000, 602_000)]


def test_ten_hours_drift_by_nothing() -> None:
    """At the end of ten hours, at a rate that no millisecond divides, a cue is still within one of its word."""
    sentence = [Said("tock", 1333, pause_ms=2270, boundary=Boundary.SENTENCE)] * 10_000
    timeline = timeline_of(sentence, rate_hz=22_050)
    cues = compile_cues(timeline, replace(NETFLIX, unit=Boundary.SENTENCE), language="en")
    assert len(cues) == len(timeline.words)
    for cue, word in zip(cues, timeline.words, strict=True):
        assert 0 <= timeline.seconds(word.start_sample) * 1000 - cue.start_ms < 1


def test_nothing_said_makes_no_cues() -> None:
    """Silence has no subtitles."""
    builder = TimelineBuilder("", RATE_HZ)
    builder.pause(RATE_HZ)
    assert compile_cues(builder.build(), NETFLIX, language="en") == ()
