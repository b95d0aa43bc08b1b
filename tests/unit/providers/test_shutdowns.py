"""When a model counts as retired: by its date, and by what its provider answers."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from sayso.providers.shutdowns import Shutdowns

DAY = 24 * 3600.0
SHUTDOWN = date(2027, 2, 26)
MIDNIGHT = datetime(2027, 2, 26, tzinfo=UTC).timestamp()
GONE = "The model `whisper-1` does not exist."


class Clock:
    def __init__(self, now: float = MIDNIGHT - 100 * DAY) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def shutdowns(clock: Clock) -> Shutdowns:
    return Shutdowns(
        "openai", dates={"whisper-1": SHUTDOWN}, successor_of={"whisper-1": "gpt-transcribe"}.get, clock=clock
    )


def test_a_model_serves_until_five_minutes_before_its_date() -> None:
    """So no request is under way when it ends."""
    clock = Clock()
    known = shutdowns(clock)
    clock.now = MIDNIGHT - 301
    assert not known.is_retired("whisper-1")
    clock.now = MIDNIGHT - 299
    assert known.is_retired("whisper-1")
    assert not known.is_retired("gpt-transcribe")


@pytest.mark.parametrize("status", [400, 403, 404, 410, 503])
@pytest.mark.parametrize(("days", "counting"), [(-50.0, {404, 410}), (-0.5, {400, 403, 404, 410, 503})])
def test_an_answer_that_names_the_model(status: int, days: float, counting: set[int]) -> None:
    """On and after its date, and the day before, each of the five statuses counts; at any time 404 and 410 do."""
    known = shutdowns(Clock(MIDNIGHT + days * DAY))
    counts = known.judge("whisper-1", status=status, code=None, param=None, message=GONE)
    assert counts is (status in counting)
    assert known.is_retired("whisper-1") is counts


@pytest.mark.parametrize("status", [401, 429, 500])
def test_other_answers_never_count(status: int) -> None:
    known = shutdowns(Clock(MIDNIGHT - 0.5 * DAY))
    assert not known.judge("whisper-1", status=status, code="model_not_found", param="model", message=GONE)


def test_an_answer_about_something_else_does_not_count() -> None:
    known = shutdowns(Clock(MIDNIGHT - 0.5 * DAY))
    assert not known.judge("whisper-1", status=404, code=None, param=None, message="There is nothing here.")


def test_the_list_outweighs_what_was_known() -> None:
    """A model whose date was moved serves again, and one that was not found, too."""
    clock = Clock(MIDNIGHT + DAY)
    known = shutdowns(clock)
    assert known.is_retired("whisper-1")
    known.learn({"whisper-1": date(2028, 1, 1)})
    assert not known.is_retired("whisper-1")
    known.judge("whisper-1", status=404, code="model_not_found", param=None, message="")
    assert known.is_retired("whisper-1")
    known.learn({"whisper-1": None})
    assert not known.is_retired("whisper-1")


def test_a_model_that_was_not_found_is_asked_again_after_a_day() -> None:
    clock = Clock()
    known = Shutdowns("office", clock=clock)
    known.judge("small", status=404, code="model_not_found", param=None, message="")
    assert known.is_retired("small")
    clock.now += DAY
    assert not known.is_retired("small")


def test_what_is_announced_is_said_sixty_days_before() -> None:
    clock = Clock(MIDNIGHT - 61 * DAY)
    known = shutdowns(clock)
    assert known.announced(within_days=60) == []
    clock.now += DAY
    (found,) = known.announced(within_days=60)
    assert (found.model, found.on, found.days, found.successor) == ("whisper-1", SHUTDOWN, 60, "gpt-transcribe")
    clock.now = MIDNIGHT + 10 * DAY
    assert known.announced(within_days=60)[0].days == -10


def test_the_list_is_read_when_a_model_is_not_found() -> None:
    asked: list[int] = []
    known = shutdowns(Clock())
    known.on_missing = lambda: asked.append(1)
    known.judge("whisper-1", status=503, code=None, param=None, message="whisper-1 is overloaded")
    assert not asked
    known.judge("whisper-1", status=404, code="model_not_found", param=None, message="")
    assert asked
