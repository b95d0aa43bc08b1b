"""What counts as quiet."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sayso.tts.timing.energy import FRAME_SAMPLES, levels_db, quiet_runs


def test_inaudible_drift_is_silence() -> None:
    """A drift below 20 Hz, which some voices have under their pauses, does not count as sound."""
    seconds = np.arange(24_000) / 24_000
    drift = np.asarray(0.01 * np.cos(2 * np.pi * 3 * seconds), np.float32)
    assert levels_db(drift).max() < -65


def test_a_tone_has_its_own_level() -> None:
    """A sine of full scale has -3 dB, with an offset as without."""
    tone = np.asarray(np.sin(2 * np.pi * 200 * np.arange(2_400) / 24_000), np.float32)
    for offset in (0.0, 0.5):
        np.testing.assert_allclose(levels_db(tone + np.float32(offset)), -3.01, atol=0.01)


def test_a_click_does_not_end_a_silence() -> None:
    """A silence with a short noise in it is one; with a longer one it is two."""
    level = np.full(40, -60, np.float32)
    level[10:12] = -20
    level[25:28] = -20
    assert quiet_runs(level, -30, longest_click_frames=2) == [(0, 25), (28, 40)]


@given(st.lists(st.booleans(), max_size=60), st.integers(0, 5))
def test_joined_runs_are_quiet_but_for_clicks(quiet: list[bool], longest: int) -> None:
    """Whatever the levels, runs lie further apart than a click, begin and end quiet, and lose no quiet frame."""
    level = np.where(quiet, -60, -20).astype(np.float32)
    runs = quiet_runs(level, -30, longest_click_frames=longest)
    covered = {frame for begin, end in runs for frame in range(begin, end)}
    assert covered >= {frame for frame, is_quiet in enumerate(quiet) if is_quiet}
    assert all(quiet[begin] and quiet[end - 1] for begin, end in runs)
    assert all(after[0] - before[1] > longest for before, after in pairwise(runs))


def test_less_than_a_frame_has_one_level() -> None:
    """Even the shortest audio has a level, and none at all has silence's."""
    np.testing.assert_allclose(levels_db(np.zeros(0, np.float32)), [-120], atol=0.1)
    assert levels_db(np.ones(FRAME_SAMPLES - 1, np.float32)).size == 1
