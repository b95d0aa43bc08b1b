"""Word times on sounds whose places are known."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sayso.tts.engines.kokoro.durations import BORDER_LAGS, EARLY_SAMPLES, symbol_edges
from sayso.tts.engines.kokoro.vocabulary import SAMPLES_PER_FRAME
from sayso.tts.phonemes.phrasing import Phrasing
from sayso.tts.timing.borders import BorderLags, Manner, manner_of
from sayso.tts.timing.energy import FRAME_SAMPLES, levels_db, quiet_runs
from sayso.tts.timing.word_times import token_times
from sayso.types import Audio

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sayso.types import FloatArray

RATE = 24_000
NO_LAGS = BorderLags(before={}, after={})
NEAR = 2 * FRAME_SAMPLES


def sound(*pieces: tuple[int, float]) -> Audio:
    """Tones after one another: for each its length in milliseconds and its amplitude."""
    tones: list[FloatArray] = []
    for milliseconds, amplitude in pieces:
        clock = np.arange(milliseconds * RATE // 1000)
        tones.append(np.asarray(amplitude * np.sin(2 * np.pi * 500 * clock / RATE), np.float32))
    return Audio(samples=np.concatenate(tones), sample_rate_hz=RATE)


def edges(*milliseconds: int) -> NDArray[np.int64]:
    return np.array(milliseconds, np.int64) * RATE // 1000


def milliseconds(phrasing: Phrasing, model: NDArray[np.int64], audio: Audio) -> list[float]:
    """The times of the tokens, start and end in turn."""
    times = token_times(phrasing, model, audio, lags=NO_LAGS)
    return [sample * 1000 / RATE for time in times for sample in (time.start_sample, time.end_sample)]


TWO_WORDS = Phrasing(symbols="a, b.", places=((0, 1), (3, 4)))


def test_a_pause_is_where_the_sound_stops() -> None:
    """Where the durations are 60 ms off, words end and begin where the sound does, within 10 ms."""
    audio = sound((100, 0), (300, 0.5), (400, 0), (300, 0.5), (200, 0))
    model = edges(60, 550, 600, 740, 1140, 1300)

    assert milliseconds(TWO_WORDS, model, audio) == pytest.approx([100, 400, 800, 1100], abs=10)


def test_a_soft_consonant_belongs_to_its_word() -> None:
    """What rises softly out of a pause is the start of the word."""
    audio = sound((100, 0), (300, 0.5), (300, 0), (100, 0.01), (300, 0.5), (200, 0))
    model = edges(100, 450, 550, 650, 1100, 1300)

    assert milliseconds(TWO_WORDS, model, audio) == pytest.approx([100, 400, 700, 1100], abs=10)


def test_a_fading_vowel_ends_where_it_is_faint() -> None:
    """What dies away after a word, 35 dB below it, is the pause."""
    audio = sound((100, 0), (300, 0.5), (100, 0.008), (300, 0), (300, 0.5), (200, 0))
    model = edges(100, 500, 600, 800, 1100, 1300)

    assert milliseconds(TWO_WORDS, model, audio) == pytest.approx([100, 400, 800, 1100], abs=10)


def test_a_stop_consonant_is_no_pause() -> None:
    """Eighty milliseconds of silence between words without a mark stay in the second word."""
    phrasing = Phrasing(symbols="a b", places=((0, 1), (2, 3)))
    audio = sound((100, 0), (300, 0.5), (80, 0), (300, 0.5), (200, 0))

    assert milliseconds(phrasing, edges(100, 400, 440, 780), audio) == pytest.approx([100, 400, 400, 780], abs=10)


@pytest.mark.parametrize("between", [" ", ", ", ""])
def test_what_is_between_two_words_without_a_pause_is_the_second_one_s(between: str) -> None:
    """The next word is heard while the model still counts the space, or a comma without a pause: it begins there."""
    phrasing = Phrasing(symbols=f"a{between}b", places=((0, 1), (1 + len(between), 2 + len(between))))
    gap = [300 + 40 * (step + 1) for step in range(len(between))]

    found = milliseconds(phrasing, edges(0, 300, *gap, 600), sound((300, 0.5), (300, 0.4)))

    assert found == pytest.approx([0, 300, 300, 600], abs=1)


def test_a_border_is_moved_by_what_was_measured_for_the_next_word_s_first_sound() -> None:
    """A stressed sibilant is found behind its mark; a sound without a figure stays on the edge."""
    audio = sound((900, 0.5))
    phrasing = Phrasing(symbols="a ˈsa a", places=((0, 1), (2, 5), (6, 7)))
    model = edges(0, 300, 350, 360, 450, 600, 650, 900)

    times = token_times(phrasing, model, audio, lags=BorderLags(before={Manner.SIBILANT: -240}, after={}))

    assert [time.start_sample * 1000 // RATE for time in times] == [0, 290, 600]


def test_a_border_is_moved_by_what_was_measured_for_the_last_sound_before_it_too() -> None:
    """A word's end is not the same behind a hiss and behind a long vowel: both figures add up."""
    phrasing = Phrasing(symbols="as saː", places=((0, 2), (3, 6)))
    lags = BorderLags(before={Manner.SIBILANT: 240}, after={Manner.SIBILANT: 480, Manner.VOWEL: 999})

    times = token_times(phrasing, edges(0, 100, 300, 350, 500, 550, 600), sound((600, 0.5)), lags=lags)

    assert [time.end_sample * 1000 // RATE for time in times] == [330, 600]


@pytest.mark.parametrize(("lag", "border"), [(-24_000, 150), (24_000, 475)])
def test_no_border_is_moved_beyond_the_middle_of_a_word(lag: int, border: int) -> None:
    """However long the lag, neither word loses more than half of its phonemes' time."""
    phrasing = Phrasing(symbols="a b", places=((0, 1), (2, 3)))
    lags = BorderLags(before=dict.fromkeys(Manner, lag), after={})

    times = token_times(phrasing, edges(0, 300, 350, 600), sound((600, 0.5)), lags=lags)

    assert [time.end_sample * 1000 // RATE for time in times] == [border, 600]


def test_a_word_that_begins_late_behind_a_silence_still_lasts_some_time() -> None:
    """Its phonemes' own time is over when it is first heard: it takes a part of the space."""
    phrasing = Phrasing(symbols="a b", places=((0, 1), (2, 3)))
    audio = sound((330, 0), (370, 0.5))

    assert milliseconds(phrasing, edges(0, 300, 400, 700), audio) == pytest.approx([330, 365, 365, 700], abs=10)


def test_words_at_pauses_are_where_their_sound_is_whatever_the_lags() -> None:
    """The lags of an engine are for words within a phrase: the first one and one after a pause do not move."""
    audio = sound((100, 0), (300, 0.5), (400, 0), (300, 0.5), (200, 0))
    model = edges(60, 550, 600, 740, 1140, 1300)

    without = token_times(TWO_WORDS, model, audio, lags=NO_LAGS)

    lags = BorderLags(before=dict.fromkeys(Manner, -1200), after=dict.fromkeys(Manner, 600))
    assert token_times(TWO_WORDS, model, audio, lags=lags) == without


@pytest.mark.parametrize(
    ("symbols", "manner"),
    [
        ("ʃˈɪp", Manner.SIBILANT),
        ("ˈʧA", Manner.SIBILANT),
        ("ðə", Manner.FRICATIVE),
        ("ˈpʊt", Manner.VOICELESS_STOP),
        ("ɡˈɛt", Manner.VOICED_STOP),
        ("nˈO", Manner.NASAL),
        ("jˈu", Manner.APPROXIMANT),
        ("ˈIdəl", Manner.VOWEL),
        ("", Manner.VOWEL),
    ],
)
def test_a_word_has_the_manner_of_its_first_sound(symbols: str, manner: Manner) -> None:
    """Marks of stress are no sounds."""
    assert manner_of(symbols) is manner


def test_a_long_silence_without_a_mark_is_a_pause() -> None:
    """A voice may pause where nothing is written."""
    phrasing = Phrasing(symbols="a b", places=((0, 1), (2, 3)))
    audio = sound((100, 0), (300, 0.5), (250, 0), (300, 0.5), (200, 0))

    assert milliseconds(phrasing, edges(100, 500, 550, 950), audio) == pytest.approx([100, 400, 650, 950], abs=10)


def test_a_silence_within_a_word_is_the_word_s_own() -> None:
    """The closure of a consonant in the first or the last word is not taken for the edge of the word."""
    phrasing = Phrasing(symbols="a b", places=((0, 1), (2, 3)))
    audio = sound((40, 0.5), (90, 0), (300, 0.5), (300, 0.5), (90, 0), (40, 0.5))

    assert milliseconds(phrasing, edges(0, 430, 430, 860), audio) == pytest.approx([0, 430, 430, 860], abs=10)


def test_a_last_word_that_the_model_drags_out_ends_with_its_sound() -> None:
    """A final consonant that is given all the silence after it ends where it is heard to."""
    phrasing = Phrasing(symbols="a", places=((0, 1),))
    audio = sound((100, 0), (200, 0.5), (700, 0))

    assert milliseconds(phrasing, edges(100, 1000), audio) == pytest.approx([100, 300], abs=10)


def test_a_token_without_phonemes_lasts_no_time() -> None:
    """It has a place between its neighbours all the same."""
    phrasing = Phrasing(symbols="a b", places=((0, 1), (2, 2), (2, 3)))
    times = token_times(phrasing, edges(0, 280, 300, 600), sound((300, 0.5), (300, 0.4)), lags=NO_LAGS)

    assert times[1].start_sample == times[1].end_sample
    assert times[0].end_sample <= times[1].start_sample <= times[2].start_sample


@pytest.mark.parametrize("samples", [0, 1, FRAME_SAMPLES - 1, FRAME_SAMPLES, FRAME_SAMPLES + 1])
def test_the_shortest_audio_has_times(samples: int) -> None:
    """Less audio than the energy is measured over is no reason to fail."""
    audio = Audio(samples=np.zeros(samples, np.float32), sample_rate_hz=RATE)

    assert len(token_times(TWO_WORDS, edges(0, 10, 20, 30, 40, 50), audio, lags=NO_LAGS)) == 2


@given(
    frames=st.lists(st.integers(0, 20), min_size=2, max_size=30),
    words=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2)), max_size=10),
    seed=st.integers(0, 99),
)
def test_times_are_in_order_whatever_the_model_says(frames: list[int], words: list[tuple[int, int]], seed: int) -> None:
    """Any durations and any sound give one time per token, ordered, not overlapping, within the audio."""
    symbols, places = "", []
    for letters, marks in words:
        places.append((len(symbols), len(symbols) + letters))
        symbols += "a" * letters + " ,"[:marks]
    symbols += "." * max(1, len(frames) - 2 - len(symbols))
    frames = (frames * len(symbols))[: len(symbols) + 2]
    random = np.random.default_rng(seed)
    length = sum(frames) * SAMPLES_PER_FRAME
    loudness = np.repeat(random.choice([0, 0.001, 0.01, 0.5], max(1, length // 2400 + 1)), 2400)[:length]
    samples = (loudness * random.standard_normal(length)).astype(np.float32)

    times = token_times(
        Phrasing(symbols=symbols, places=tuple(places)),
        symbol_edges(np.array(frames, np.int64)),
        Audio(samples=samples, sample_rate_hz=RATE),
        lags=BORDER_LAGS,
    )

    assert len(times) == len(words)
    clock = [sample for time in times for sample in (time.start_sample, time.end_sample)]
    assert all(before <= after for before, after in itertools.pairwise([0, *clock, length]))


def test_kokoro_s_symbols_are_heard_before_their_frames() -> None:
    """The edges are those of the frames, without the first pad, less what was measured."""
    found = symbol_edges(np.array([10, 4, 6, 8], np.int64))

    assert (found + EARLY_SAMPLES).tolist() == [10 * 600, 14 * 600, 20 * 600]


def test_levels_are_those_of_the_sound() -> None:
    """A sine of full scale has −3 dB, silence the least there is."""
    level = levels_db(sound((50, 1.0), (50, 0)).samples)

    assert level.shape == (20,)
    np.testing.assert_allclose(level[:10], -3.01, atol=0.2)
    np.testing.assert_allclose(level[10:], -120, atol=0.1)


def test_no_sound_at_all_is_quiet() -> None:
    """Empty audio has one level, silence."""
    assert levels_db(np.zeros(0, np.float32)).tolist() == pytest.approx([-120])


@given(st.lists(st.booleans(), max_size=50))
def test_quiet_runs_are_every_quiet_frame(quiet: list[bool]) -> None:
    """The runs cover exactly the quiet frames, in order, and none touches the next."""
    level = np.where(quiet, -60, -10).astype(np.float32)
    runs = quiet_runs(level, -30)

    assert [frame for begin, end in runs for frame in range(begin, end)] == np.flatnonzero(quiet).tolist()
    assert all(left[1] < right[0] for left, right in itertools.pairwise(runs))
