"""The scenes: where workers work, what befalls them there, and what is asked of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from chaos.cards_scene import CardsScene
from chaos.postgres_scene import PostgresScene
from chaos.sqs_scene import SqsScene
from chaos.storm import Trouble
from chaos.up_scene import UpScene

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_MANY_ATTEMPTS = 1000
_FIFO_GROUPS = 8

_WORKERS = {Trouble.KILL: 14, Trouble.KILL_AT_STEP: 14, Trouble.STOP: 8, Trouble.FREEZE: 6}
_SERVICES = {Trouble.OUTAGE: 10, Trouble.LATE: 12}
_REFUSALS = {Trouble.REFUSAL: 10, Trouble.NO_BUCKET: 4, Trouble.NO_QUEUE: 3, Trouble.FULL_DISK: 4}
_DATABASE = {Trouble.RESTART: 6, Trouble.CRASH: 3, Trouble.CUT_OFF: 20}
_CARDS = {
    Trouble.KILL: 50,
    Trouble.STOP: 15,
    Trouble.FREEZE: 15,
    Trouble.RESTART: 10,
    Trouble.CRASH: 5,
    Trouble.CUT_OFF: 30,
    Trouble.OUTAGE: 10,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """A scene, and what happens in it.

    Attributes:
        open: opens it, given a directory, chance, and the environment that all processes have in common.
        troubles: for so many jobs as there are by default, and fewer for fewer.
        max_attempts: after how many a job is put aside. Deaths by our hand are attempts: there must be many of them
            where workers are killed, and few where none of the troubles is a job's own.
        workers: how many processes at once; None for what the caller says.
        share: of the jobs that the caller says.
        is_mixed: whether every second worker is of an older version.
    """

    open: Callable[..., Any]
    troubles: Mapping[Trouble, int]
    max_attempts: int = _MANY_ATTEMPTS
    workers: int | None = None
    share: float = 1 / 3
    is_mixed: bool = False


SCENES: Mapping[str, Plan] = {
    "sqs": Plan(open=SqsScene, troubles=_WORKERS | _SERVICES | _REFUSALS, share=1),
    "fifo": Plan(open=partial(SqsScene, groups=_FIFO_GROUPS, name="FIFO"), troubles=_WORKERS | _SERVICES | _REFUSALS),
    "blameless": Plan(
        open=partial(SqsScene, name="blameless", outliving=True),
        troubles={kind: 3 * times for kind, times in (_SERVICES | _REFUSALS).items()},
        max_attempts=3,
    ),
    "postgres": Plan(
        open=PostgresScene,
        troubles={
            Trouble.KILL: 24,
            Trouble.STOP: 8,
            Trouble.FREEZE: 6,
            **_DATABASE,
            Trouble.READ_ONLY: 6,
            Trouble.FULL_DISK: 4,
        },
        share=1,
    ),
    "cards": Plan(open=CardsScene, troubles=_CARDS | {Trouble.READ_ONLY: 5, Trouble.EDIT: 60}, share=1 / 5),
    "cards-cutover": Plan(
        open=partial(CardsScene, is_cutover=True), troubles=_CARDS | {Trouble.REPLACED: 10}, share=1 / 5
    ),
    "up": Plan(
        open=UpScene,
        troubles={
            Trouble.KILL: 12,
            Trouble.STOP: 6,
            Trouble.POSTMASTER: 20,
            Trouble.CRASH: 6,
            Trouble.CUT_OFF: 20,
            Trouble.READ_ONLY: 6,
            Trouble.FULL_DISK: 6,
        },
        workers=1,
    ),
    "mixed": Plan(
        open=partial(SqsScene, name="mixed", hostile=False), troubles=_WORKERS | _SERVICES, workers=4, is_mixed=True
    ),
    "mixed-postgres": Plan(
        open=partial(PostgresScene, hostile=False),
        troubles={Trouble.KILL: 24, Trouble.STOP: 8, Trouble.FREEZE: 6, **_DATABASE},
        workers=4,
        is_mixed=True,
    ),
}
"""By name. Those that are mixed need an older version."""
