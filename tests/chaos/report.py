"""The table at the end."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from bench.report import Table, render
from chaos.cards_evidence import CardsEvidence
from chaos.crew import End
from chaos.promises import Promise
from chaos.record import COMPLETED, first_deliveries
from chaos.recovery import percentile
from chaos.storm import Trouble

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from chaos.evidence import Evidence
    from chaos.run import Outcome

_SHOWN_PER_PROMISE = 12


def table(outcomes: Sequence[Outcome], *, seed: int, engine: str, leases: str) -> str:
    """All runs, one in each column."""
    columns = [_rows(outcome) for outcome in outcomes]
    rows = [(name, *(column[name] for column in columns)) for name in columns[0]]
    rows = [row for row in rows if row[0] in set(Promise) or not {"0", ""}.issuperset(row[1:])]
    title = f"Chaos: seed {seed}, engine {engine}, leases {leases}"
    return render(Table(title=title, columns=("", *(outcome.scene for outcome in outcomes)), rows=rows))


def complaints(outcome: Outcome) -> Sequence[str]:
    """What broke promises, a line each, the most telling first."""
    lines: list[str] = []
    for promise, broken in outcome.broken.items():
        lines += [f"{outcome.scene}: {promise}: {line}" for line in broken[:_SHOWN_PER_PROMISE]]
        if len(broken) > _SHOWN_PER_PROMISE:
            lines.append(f"{outcome.scene}: {promise}: and {len(broken) - _SHOWN_PER_PROMISE} more")
    return lines


def _rows(outcome: Outcome) -> Mapping[str, str]:
    record = outcome.evidence.record
    deaths = Counter(death.how for death in outcome.losses.deaths)
    attempts = _attempts(outcome)
    poison = sum(order.poison is not None for order in outcome.evidence.orders)
    rows = {
        "jobs (of them put aside, as they should be)": f"{len(outcome.evidence.orders)} ({poison})",
        "workers killed (kill -9)": str(deaths[End.KILLED] + deaths[End.KILLED_AT_STEP]),
        "  of them at a chosen step of a job": str(deaths[End.KILLED_AT_STEP]),
        "workers told to stop (SIGTERM)": str(outcome.made[Trouble.STOP]),
        "workers frozen past their leases": str(len(outcome.losses.freezes)),
        "workers restarted for their health": str(deaths[End.UNHEALTHY]),
        "database restarts": str(outcome.made[Trouble.RESTART]),
        "database crashes (a backend killed with -9)": str(outcome.made[Trouble.CRASH]),
        "times that backends were terminated": str(outcome.made[Trouble.CUT_OFF]),
        "times that it was read-only": str(outcome.made[Trouble.READ_ONLY]),
        "postmasters killed (kill -9)": str(outcome.made[Trouble.POSTMASTER]),
        "times that disks were full": outcome.skipped.get(Trouble.FULL_DISK, str(outcome.made[Trouble.FULL_DISK])),
        "outages of a service": str(outcome.made[Trouble.OUTAGE]),
        "times that a service refused everything": str(outcome.made[Trouble.REFUSAL]),
        "times that the bucket was missing": str(outcome.made[Trouble.NO_BUCKET]),
        "queues deleted, and made again": str(outcome.made[Trouble.NO_QUEUE]),
        "workers of an older version": str(len(outcome.losses.older)),
        "rows edited, deleted or cancelled meanwhile": str(outcome.made[Trouble.EDIT]),
        "workers killed of those that Sayso replaces": str(outcome.made[Trouble.REPLACED]),
        **_of_cards(outcome.evidence),
        "jobs sent twice": str(outcome.duplicates),
        "messages shown again while in hand": str(record.shown_again),
        "messages out of order": str(_inversions(outcome)),
        "faults injected": _counts(outcome.faults),
        "stale or repeated changes refused": str(len(record.refusals)),
        "attempts per job, mean / most": f"{sum(attempts) / max(len(attempts), 1):.2f} / {max(attempts, default=0)}",
    }
    rows |= {promise: str(len(outcome.broken.get(promise, ()))) for promise in Promise}
    rows |= {
        "recovery after a kill, median / p95 / most": _seconds([max(jobs) for jobs in outcome.recoveries]),
        "  each job by itself": _seconds([seconds for jobs in outcome.recoveries for seconds in jobs]),
        "hand-over after SIGTERM, median / p95 / most": _seconds(outcome.handovers),
        "wall time": f"{outcome.seconds:.0f} s",
    }
    return rows


def _of_cards(evidence: Evidence) -> Mapping[str, str]:
    """The rows that only scenes of cards have; "" for others."""
    names = ("  jobs that these completed", "phrases bought, of them again for a kill")
    if not isinstance(evidence, CardsEvidence):
        return dict.fromkeys(names, "")
    changes = evidence.record.changes
    replaced = {each.task for each in changes if each.worker in evidence.replaced and each.status == COMPLETED}
    bought = [(purchase.text, purchase.voice) for purchase in evidence.purchases]
    return dict(zip(names, (str(len(replaced)), f"{len(bought)}, {len(bought) - len(set(bought))}"), strict=True))


def _attempts(outcome: Outcome) -> Sequence[int]:
    """How often each message was handed out."""
    return list(Counter(delivery.message for delivery in outcome.evidence.record.deliveries).values())


def _inversions(outcome: Outcome) -> int:
    """How many messages were first handed out before one that had been sent earlier."""
    sent = {message: place for place, message in enumerate(outcome.evidence.messages)}
    earliest, count = len(sent), 0
    for message in reversed(first_deliveries(outcome.evidence.record)):
        count += sent[message] > earliest
        earliest = min(earliest, sent[message])
    return count


def _counts(faults: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(faults.items()))


def _seconds(values: Sequence[float]) -> str:
    if not values:
        return ""
    middle, high, most = percentile(values, 0.5), percentile(values, 0.95), max(values)
    return f"{middle:.1f} / {high:.1f} / {most:.1f} s (of {len(values)})"
