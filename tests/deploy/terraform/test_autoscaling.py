"""The autoscaling of the stories' service, simulated minute by minute with the numbers of its policy.

AWS is modelled as it documents target tracking: tasks are added in proportion as soon as the metric is above its
target, and removed after 15 minutes in which it was below 90 % of it; each change waits for its cooldown. Tasks that
are protected are not stopped: those that are to go and are busy stay until they are idle.
"""

from __future__ import annotations

import itertools
import math
import random
from dataclasses import dataclass, field

import pytest

from support.deploy.hcl import evaluated
from support.deploy.terraform import TERRAFORM, Applied, module_at

_SCALE_IN_MINUTES = 15
_SCALE_IN_SHARE = 0.9
_START_MINUTES = 2


@dataclass
class Task:
    """A task of ECS: the minutes that each of its stories still takes."""

    starts_at: int
    stories: list[int] = field(default_factory=list)


@dataclass
class Fleet:
    """A service under a policy."""

    least: int
    most: int
    target: float
    out_cooldown_minutes: int
    in_cooldown_minutes: int
    at_once: int
    is_backlog_of_all: bool = True
    tasks: list[Task] = field(default_factory=list)
    waiting: list[int] = field(default_factory=list)
    desired: int = 0
    changes: list[tuple[int, int]] = field(default_factory=list)
    done: int = 0
    _low_minutes: int = 0
    _last_out: int = -1000
    _last_in: int = -1000

    def minute(self, now: int, arrivals: list[int]) -> None:
        self.waiting.extend(arrivals)
        running = [task for task in self.tasks if task.starts_at <= now]
        for task in running:
            task.stories = [left - 1 for left in task.stories]
            self.done += task.stories.count(0)
            task.stories = [left for left in task.stories if left > 0]
        for task in running:
            while self.waiting and len(task.stories) < self.at_once:
                task.stories.append(self.waiting.pop(0))
        self._scale(now, len(running))
        self._settle(now)

    def _scale(self, now: int, running: int) -> None:
        in_hand = sum(len(task.stories) for task in self.tasks) if self.is_backlog_of_all else 0
        metric = (len(self.waiting) + in_hand) / max(running, 1)
        wanted = max(self.least, min(self.most, math.ceil(max(running, 1) * metric / self.target)))
        self._low_minutes = self._low_minutes + 1 if metric < self.target * _SCALE_IN_SHARE else 0
        if metric > self.target and wanted > self.desired and now - self._last_out >= self.out_cooldown_minutes:
            self._change(now, wanted)
            self._last_out = now
        elif (
            wanted < self.desired
            and self._low_minutes >= _SCALE_IN_MINUTES
            and now - max(self._last_in, self._last_out) >= self.in_cooldown_minutes
        ):
            self._change(now, wanted)
            self._last_in = now

    def _change(self, now: int, wanted: int) -> None:
        self.changes.append((now, wanted - self.desired))
        self.desired = wanted

    def _settle(self, now: int) -> None:
        while len(self.tasks) < self.desired:
            self.tasks.append(Task(starts_at=now + _START_MINUTES))
        idle = [task for task in self.tasks if not task.stories]
        for task in idle[: len(self.tasks) - self.desired]:
            self.tasks.remove(task)


def fleet(**other: object) -> Fleet:
    """With the numbers of the module."""
    module = module_at(TERRAFORM / "modules" / "story-service")
    values = {name: evaluated(body["default"], {}) for name, body in module.variables.items() if "default" in body}
    given = {name: "x" for name, body in module.variables.items() if "default" not in body} | {
        "subnet_ids": ["a", "b"],
        "environment": "prod",
        "app_count_max": 20,
    }
    made = Applied(module, given).resources()
    (policy,) = made["aws_appautoscaling_policy.backlog"]
    (tracking,) = policy["target_tracking_scaling_policy_configuration"]
    (bounds,) = made["aws_appautoscaling_target.app"]
    return Fleet(
        **{
            "least": bounds["min_capacity"],
            "most": bounds["max_capacity"],
            "target": tracking["target_value"],
            "out_cooldown_minutes": tracking["scale_out_cooldown"] // 60,
            "in_cooldown_minutes": tracking["scale_in_cooldown"] // 60,
            "at_once": values["stories_at_once"],
            "desired": bounds["min_capacity"],
            **other,
        }
    )


def a_day(seed: int) -> list[list[int]]:
    """The minutes that each story takes which arrives in each minute: a quiet night, a busy day, two bursts."""
    chance = random.Random(seed)  # noqa: S311
    minutes = []
    for minute in range(24 * 60):
        rate = 0.02 + 0.5 * max(0.0, math.sin((minute - 420) / 720 * math.pi))
        count = int(rate) + (chance.random() < rate % 1)
        count += {600: 120, 900: 60}.get(minute, 0)
        minutes.append([max(1, round(chance.lognormvariate(2, 0.8))) for _ in range(count)])
    return minutes


@pytest.mark.parametrize("seed", range(5))
def test_a_day_is_served_without_flapping_and_without_stopping_a_busy_task(seed: int) -> None:
    """All stories are done, the number of tasks changes its direction a few times in a day, and ends where it began."""
    day = a_day(seed)
    fleet_ = fleet()
    for now, arrivals in enumerate(day):
        fleet_.minute(now, arrivals)
    for now in range(len(day), len(day) + 300):
        fleet_.minute(now, [])
    assert fleet_.done == sum(map(len, day))
    assert fleet_.desired == len(fleet_.tasks) == fleet_.least
    assert max(change for _, change in fleet_.changes) > 5, "the bursts were not answered"
    directions = [change > 0 for _, change in fleet_.changes]
    turns = sum(one != other for one, other in itertools.pairwise(directions))
    assert turns <= 30, fleet_.changes


def test_one_story_of_hours_keeps_its_task_and_only_its() -> None:
    """The metric counts what is in hand, so that a long story is backlog until its end; the other tasks go."""
    fleet_ = fleet()
    for now in range(600):
        fleet_.minute(now, [3] * 40 + [400] if now == 0 else [])
    assert fleet_.done == 41
    assert fleet_.desired == fleet_.least
    long = fleet()
    for now in range(200):
        long.minute(now, [3] * 40 + [400] if now == 0 else [])
    assert len(long.tasks) == 1
    assert long.tasks[0].stories


def test_without_the_messages_in_hand_a_full_service_would_look_idle() -> None:
    """Why the expression adds them: of messages that wait alone, the tasks of a burst are removed while they work."""
    counted, blind = fleet(), fleet(is_backlog_of_all=False)
    for now in range(40):
        for each in (counted, blind):
            each.minute(now, [60] * 40 if now == 0 else [])
    assert counted.desired == 10
    assert blind.desired == blind.least
