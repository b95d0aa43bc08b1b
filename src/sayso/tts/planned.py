"""Speech that is planned before it is made, so that a listener hears its beginning while the rest is made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sayso.types import Boundary, Speech, Utterance


@dataclass(frozen=True, kw_only=True, slots=True)
class Cut:
    """A place between two words of an utterance where its audio may be divided.

    Attributes:
        token: the index of the first token after it; the number of tokens for the end.
        sample: its place in the audio of the whole utterance.
        boundary: the break that the text has there.
        level_db: how loud the audio is there; the quieter, the better a join is hidden.
    """

    token: int
    sample: int
    boundary: Boundary
    level_db: float


class PlannedSpeech(Protocol):
    """An utterance whose durations, pitch and loudness are decided for the whole of it; threads may share it."""

    @property
    def begin(self) -> Cut:
        """Before its first word; what lies before that is silence."""
        ...

    @property
    def cuts(self) -> Sequence[Cut]:
        """The places between its words where it may be divided, in order."""
        ...

    @property
    def end(self) -> Cut:
        """After its last word."""
        ...

    @property
    def overlap_samples(self) -> int:
        """How much audio two neighbouring pieces share: half of it before the cut, half of it after."""
        ...

    def synthesise(self, begin: Cut, end: Cut) -> Speech:
        """The speech between two cuts, with half an overlap more at either end that is a cut; computes here.

        The times are those of its tokens, from the beginning of the piece.

        Raises:
            EngineFailed: the engine broke.
        """
        ...


@runtime_checkable
class PlanningEngine(Protocol):
    """A `SpeechEngine` that may plan."""

    def plan(self, utterance: Utterance, *, voice: str, speed: float) -> PlannedSpeech | None:
        """Plan an utterance, in a fraction of the time that its synthesis takes.

        Returns:
            The plan; None where it can only be synthesised as a whole.

        Raises:
            SaysoError: as `SpeechEngine.synthesise`.
        """
        ...

    def plans_at(self, speed: float) -> bool:
        """Whether it plans speech of this speed."""
        ...


def can_plan(engine: object, *, speed: float) -> bool:
    """Whether an engine plans its speech at a speed."""
    return isinstance(engine, PlanningEngine) and engine.plans_at(speed)


def plan_of(engine: object, utterance: Utterance, *, voice: str, speed: float) -> PlannedSpeech | None:
    """The plan of an utterance; None from an engine that makes none.

    Raises:
        SaysoError: as `PlanningEngine.plan`.
    """
    return engine.plan(utterance, voice=voice, speed=speed) if isinstance(engine, PlanningEngine) else None
