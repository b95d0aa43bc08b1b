"""The promises, each held against the evidence; what breaks one is said in a sentence."""

from __future__ import annotations

import itertools
import signal
from collections import Counter, defaultdict
from enum import StrEnum
from typing import TYPE_CHECKING

from chaos.crew import End
from chaos.outputs import problems_of
from chaos.record import COMPLETED, FAILED, Delivery, Settled

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from chaos.crew import Death
    from chaos.evidence import Evidence
    from chaos.record import Change, Record
    from chaos.stories import Order


class Promise(StrEnum):
    """What must not happen."""

    LOST = "jobs lost"
    STALE = "stale commits"
    PARTIAL = "partial outputs"
    TWICE = "jobs visibly done twice"
    ORDER = "groups out of order"
    BOUGHT = "phrases bought again"
    PROGRESS = "progress that fell"
    LEFT = "things left behind"
    WORKERS = "workers that failed"


Broken = dict[Promise, "list[str]"]

_CLOCK_SECONDS = 2.0
"""How much DynamoDB's time, which its answers tell to the second, and ours may differ."""


def broken_promises(evidence: Evidence, deaths: Sequence[Death]) -> Broken:
    """What was broken, with enough said to find it."""
    return {
        Promise.LOST: list(_lost(evidence)),
        Promise.STALE: [
            *_stale_changes(evidence.record.changes),
            *_stale_settlements(evidence.record),
            *_stale_puts(evidence),
        ],
        Promise.PARTIAL: list(_partial(evidence)),
        Promise.TWICE: list(_twice(evidence)),
        Promise.ORDER: list(_out_of_order(evidence)),
        Promise.LEFT: list(evidence.left),
        Promise.WORKERS: list(failed_workers(evidence, deaths)),
    }


def failed_workers(evidence: Evidence, deaths: Sequence[Death]) -> Iterator[str]:
    """Workers that ended by themselves, or badly when they were told to."""
    begun = {delivery.worker for delivery in evidence.record.deliveries}
    for death in deaths:
        is_unborn = death.exit_code == -signal.SIGTERM and death.worker not in begun  # Python was still being loaded
        is_bad = death.how is End.BY_ITSELF or (death.how is End.TOLD and death.exit_code != 0)
        if is_bad and not is_unborn:
            yield f"{death.worker} ended with {death.exit_code} ({death.how})"


def _lost(evidence: Evidence) -> Iterator[str]:
    """Jobs that did not end as they should."""
    for order in evidence.orders:
        if _must_fail(evidence, order):
            if not evidence.dead_lettered.get(order.name):
                yield f"{order.name}: it cannot be done ({order.poison}), and was not put aside with a reason"
        elif order.name in evidence.dead_lettered:
            yield f"{order.name}: it was put aside: {evidence.dead_lettered[order.name]}"
        for uri in order.outputs:
            if uri not in evidence.versions and not _must_fail(evidence, order):
                yield f"{order.name}: there is no {uri}"
        for task in order.tasks:
            problem = _problem_of_task(evidence, order, task)
            if problem:
                yield f"{order.name}: task {'/'.join(task)} {problem}"


def _must_fail(evidence: Evidence, order: Order) -> bool:
    """Whether a job cannot be done; of one that need not be, what became of it decides."""
    return order.poison is not None and not (order.may_be_done and order.name not in evidence.dead_lettered)


def _problem_of_task(evidence: Evidence, order: Order, key: tuple[str, str]) -> str | None:
    task = evidence.tasks.get(key)
    if task is None:
        return "is not there"
    if _must_fail(evidence, order):
        return None if task.status == FAILED and task.error else f"is {task.status}, with the error {task.error!r}"
    url = order.outputs[order.tasks.index(key)]
    if (task.status, task.url) != (COMPLETED, url):
        return f"is {task.status}, at {task.url}"
    return task.oddity


def _stale_changes(changes: Sequence[Change]) -> Iterator[str]:
    """Changes that were accepted although somebody else had claimed the task since, or it was completed."""
    latest: dict[tuple[str, str], Change] = {}  # the last change of each task
    holders: dict[tuple[str, str], str] = {}  # who made its last claim
    for change in changes:
        before, name = latest.get(change.task), "/".join(change.task)
        is_claim = before is None or change.lease != before.lease
        if before is not None and before.status == COMPLETED:
            yield f"{name}: {change.worker} changed it to {change.status} after {before.worker} had completed it"
        elif is_claim:
            yield from _problems_of_claim(before, change)
            holders[change.task] = change.worker
        elif change.worker != holders[change.task]:
            yield f"{name}: {change.worker} changed it to {change.status} while {holders[change.task]} had it"
        elif change.named is not None and str(change.lease) not in change.named:
            yield f"{name}: {change.worker} changed it to {change.status} without naming its lease"
        latest[change.task] = change


def _problems_of_claim(before: Change | None, change: Change) -> Iterator[str]:
    if before is None or before.lease is None:
        return
    name = "/".join(change.task)
    if change.lease is None or change.lease <= before.lease:
        yield f"{name}: {change.worker} claimed it as {change.lease} after {before.lease}"
    if before.until is not None and before.until > change.at + _CLOCK_SECONDS:
        yield f"{name}: {change.worker} claimed it {before.until - change.at:.1f} s before the lease before ended"


def _stale_settlements(record: Record) -> Iterator[str]:
    """Messages that somebody did away with after they had been handed to another."""
    if not record.are_jobs_fenced:
        return
    holders: dict[str, str] = {}
    events: list[Delivery | Settled] = sorted([*record.deliveries, *record.settled], key=lambda event: event.at)
    for event in events:
        if isinstance(event, Delivery):
            holders[event.message] = event.worker
        elif holders.get(event.message) != event.worker:
            yield f"{event.message}: {event.worker} settled it while {holders.get(event.message)} had it"


def _stale_puts(evidence: Evidence) -> Iterator[str]:
    """Files that were written by somebody whose claim had been taken over when it asked for that.

    What is obeyed late is not the worker's to prevent; that it does no harm is what the other promises say.
    """
    claims: dict[str, list[tuple[float, str]]] = defaultdict(list)  # of each file's task: when, who
    uris = {task: uri for order in evidence.orders for task, uri in zip(order.tasks, order.outputs, strict=False)}
    leases: dict[tuple[str, str], int | None] = {}
    for change in evidence.record.changes:
        if change.lease != leases.get(change.task) and change.task in uris:
            claims[uris[change.task]].append((change.at, change.worker))
        leases[change.task] = change.lease
    for put in evidence.record.puts:
        before = [worker for at, worker in claims[put.uri] if at <= put.sent_at]
        within = [worker for at, worker in claims[put.uri] if put.sent_at < at <= put.sent_at + 1]  # of that second
        holders = before[-1:] + within
        if holders and put.worker not in holders:
            yield f"{put.uri}: {put.worker} wrote it while {holders[-1]} had it"


def _partial(evidence: Evidence) -> Iterator[str]:
    for order in evidence.orders:
        there = [uri for uri in order.outputs if uri in evidence.versions]
        if there and order.poison is None:
            yield from problems_of({uri: evidence.read(uri) for uri in there}, order.text)


def _twice(evidence: Evidence) -> Iterator[str]:
    wanted = {uri for order in evidence.orders for uri in order.outputs}
    for uri, versions in evidence.versions.items():
        if uri not in wanted:
            yield f"{uri}: nobody wanted it"
        elif versions != 1:
            yield f"{uri}: it was written {versions} times"
    status: dict[tuple[str, str], str | None] = {}
    completed: Counter[tuple[str, str]] = Counter()
    for change in evidence.record.changes:
        completed[change.task] += change.status == COMPLETED and status.get(change.task) != COMPLETED
        status[change.task] = change.status
    for task, times in completed.items():
        if times > 1:
            yield f"{'/'.join(task)}: it was completed {times} times"
    for order in evidence.orders:
        failed = [
            change for change in evidence.record.changes if change.task in order.tasks and change.status == FAILED
        ]
        if failed and order.poison is None:
            yield f"{order.name}: it was said to have failed, by {failed[0].worker}"


def _out_of_order(evidence: Evidence) -> Iterator[str]:
    """Jobs of a group that were begun before those before them had come to their end."""
    begun, ended = _times(evidence)
    sent = list(dict.fromkeys(evidence.messages.values()))
    by_name = {order.name: order for order in evidence.orders}
    groups: dict[str, list[str]] = defaultdict(list)
    for name in sent:
        if by_name[name].group is not None:
            groups[str(by_name[name].group)].append(name)
    for group, names in groups.items():
        for earlier, later in itertools.pairwise(names):
            if later in begun and begun[later] < ended.get(earlier, float("inf")):
                yield f"{group}: {later} was begun before {earlier} had ended"


def _times(evidence: Evidence) -> tuple[Mapping[str, float], Mapping[str, float]]:
    """When something of a job was first seen, and when its first message was done away with."""
    begun: dict[str, float] = {}
    names = {uri: order.name for order in evidence.orders for uri in order.outputs}
    names |= {"/".join(task): order.name for order in evidence.orders for task in order.tasks}
    seen = [(put.at, put.uri) for put in evidence.record.puts]
    seen += [(change.at, "/".join(change.task)) for change in evidence.record.changes]
    for at, what in sorted(seen):
        begun.setdefault(names.get(what, what), at)
    ended: dict[str, float] = {}
    for settled in evidence.record.settled:
        name = evidence.messages.get(settled.message)
        if name is not None and settled.is_deleted:
            ended.setdefault(name, settled.at)
    return begun, ended
