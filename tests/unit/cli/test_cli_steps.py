"""When a log says how far the work is."""

from __future__ import annotations

from sayso.cli.steps import PercentSteps


def test_each_step_is_told_once() -> None:
    """Every quarter is told when it is reached, and not again."""
    steps = PercentSteps(25)
    told = [steps.percent for done in range(101) if steps.reached(done, 100)]
    assert told == [25, 50, 75, 100]


def test_a_leap_is_one_step() -> None:
    """Work that leaps over steps is told once, at the last one that it passed."""
    steps = PercentSteps(10)
    assert steps.reached(57, 100)
    assert steps.percent == 50
    assert not steps.reached(59, 100)


def test_nothing_to_do_is_done() -> None:
    """Nothing in all is everything."""
    assert PercentSteps(25).reached(0, 0)
