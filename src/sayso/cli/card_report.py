"""``sayso cards report``: what was spoken and bought, by day or by job."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sayso.bootstrap.card_tools import CardTools
    from sayso.settings import CardsSettings

_COUNTS = ("phrases", "cached", "characters")


async def report_of(tools: CardTools, *, days: int, by_job: bool) -> dict[str, Any]:
    """The report as one JSON document: ``days`` or ``jobs``, and their ``total``.

    Args:
        tools: have the records and the price.
        days: how many days of UTC, today included.
        by_job: whether there is an entry for each job instead of each day.
    """
    entries: list[dict[str, Any]]
    if by_job:
        jobs = await tools.inspection.report_by_job(days=days)
        entries = [{"job": row.job_id, "jobs": 1, **{name: getattr(row, name) for name in _COUNTS}} for row in jobs]
    else:
        rows = await tools.inspection.report(days=days)
        entries = [
            {"day": row.day.isoformat(), "jobs": row.jobs, **{name: getattr(row, name) for name in _COUNTS}}
            for row in rows
        ]
    total = {name: sum(entry[name] for entry in entries) for name in ("jobs", *_COUNTS)}
    return {
        "jobs" if by_job else "days": [_with_shares(entry, tools.settings) for entry in entries],
        "total": _with_shares(total, tools.settings),
    }


def report_lines(document: Mapping[str, Any]) -> Iterator[str]:
    """The report as a table."""
    kind = "day" if "days" in document else "job"
    rows = document[f"{kind}s"]
    width = max((len(row[kind]) for row in rows), default=10)
    yield f"{kind:{width}} {'jobs':>7} {'phrases':>9} {'cached':>7} {'characters':>11} {'cost':>10}"
    for row in (*rows, document["total"]):
        yield (
            f"{row.get(kind, 'total'):{width}} {row['jobs']:7} {row['phrases']:9} {row['cache_share']:7.1%} "
            f"{row['characters']:11} {row['cost']:10.2f}"
        )


def _with_shares(counts: Mapping[str, Any], settings: CardsSettings) -> dict[str, Any]:
    """Counts with the share of phrases that were there already, and the price of the characters."""
    share = counts["cached"] / counts["phrases"] if counts["phrases"] else 0.0
    return {**counts, "cache_share": share, "cost": round(counts["characters"] * settings.character_price, 6)}
