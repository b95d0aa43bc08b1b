"""The items of the table, and the changes to them; every attribute that Sayso writes is named here.

``status``, ``date_updated`` and ``media_url`` are those of the table's other users, and so is
``sparse_gsi_hash_key``, which is removed when a task is completed. Our own attributes begin with ``sayso_``:

- ``sayso_lease``: a number, larger at each claim of the task. The step is random, so the number identifies the claim.
- ``sayso_lease_until``: Unix time in seconds, by DynamoDB's clock; absent when the task is not claimed.
- ``sayso_progress``: the progress in percent.
- ``sayso_attempts``: the number of unfinished attempts of Sayso at the task; absent once it is finished.
- ``sayso_error``: why the task failed; absent otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Self

IN_PROGRESS = "IN_PROGRESS"
COMPLETED = "COMPLETED"
FAILED = "FAILED"

_NAMES = {
    "#attempts": "sayso_attempts",
    "#completed_index": "sparse_gsi_hash_key",
    "#date": "date_updated",
    "#error": "sayso_error",
    "#lease": "sayso_lease",
    "#progress": "sayso_progress",
    "#status": "status",
    "#until": "sayso_lease_until",
    "#url": "media_url",
}

_NOT_COMPLETED = "(attribute_not_exists(#status) OR #status <> :completed)"
_HELD = f"#lease = :lease AND attribute_exists(#until) AND {_NOT_COMPLETED}"
"""The condition of every change but a claim: the claim is the latest, is not spent, and the task is not completed."""

_ERROR_CHARACTERS = 1000


@dataclass(frozen=True, kw_only=True, slots=True)
class Item:
    """A task in the table.

    Attributes:
        status: None for a new task.
        media_url: its result.
        error: why it failed.
        lease: of its latest claim; None before the first.
        until: when that claim ends, in Unix seconds; None when it is spent.
        attempts: how many there were.
    """

    status: str | None
    media_url: str | None
    error: str | None
    lease: int | None
    until: Decimal | None
    attempts: int

    @classmethod
    def of(cls, attributes: Mapping[str, Any]) -> Self:
        """From a response of DynamoDB."""
        lease, until = _number(attributes, "sayso_lease"), _number(attributes, "sayso_lease_until")
        return cls(
            status=_string(attributes, "status"),
            media_url=_string(attributes, "media_url"),
            error=_string(attributes, "sayso_error"),
            lease=None if lease is None else int(lease),
            until=until,
            attempts=int(_number(attributes, "sayso_attempts") or 0),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """A conditional change of one item.

    Attributes:
        update: the update expression.
        condition: the condition expression.
        values: of the placeholders in both, in DynamoDB's format.
    """

    update: str
    condition: str
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def parameters(self) -> Mapping[str, Any]:
        """The parameters of UpdateItem, which refuses names and values that are not used."""
        text = f"{self.update} {self.condition}"
        values = {**self.values, ":completed": {"S": COMPLETED}}
        return {
            "UpdateExpression": self.update,
            "ConditionExpression": self.condition,
            "ExpressionAttributeNames": {name: _NAMES[name] for name in _NAMES if name in text},
            "ExpressionAttributeValues": values,
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }


def claimed(seen: Item, *, lease: int, now: float, until: float) -> Change:
    """Claim a task whose item is still as it was read."""
    values = {
        ":new": _n(lease),
        ":new_until": _n(until),
        ":attempts": _n(seen.attempts + 1),
        ":status": {"S": IN_PROGRESS},
        ":now": {"S": iso(now)},
    }
    same_lease, same_until = "attribute_not_exists(#lease)", "attribute_not_exists(#until)"
    if seen.lease is not None:
        same_lease, values[":lease"] = "#lease = :lease", _n(seen.lease)
    if seen.until is not None:
        same_until, values[":until"] = "#until = :until", _n(seen.until)
    return Change(
        update="SET #status = :status, #date = :now, #lease = :new, #until = :new_until, #attempts = :attempts"
        " REMOVE #error, #progress",
        condition=f"{same_lease} AND {same_until} AND {_NOT_COMPLETED}",
        values=values,
    )


def extended(lease: int, *, until: float, share: float | None) -> Change:
    """Extend the claim, and store the progress; ``date_updated`` stays, because nothing has changed for other users."""
    values = {":lease": _n(lease), ":until": _n(until)}
    update = "SET #until = :until"
    if share is not None:
        update += ", #progress = :progress"
        values[":progress"] = {"N": f"{100 * share:.1f}"}
    return Change(update=update, condition=_HELD, values=values)


def completed(lease: int, *, now: float, media_url: str) -> Change:
    """Complete the task."""
    return Change(
        update="SET #status = :completed, #date = :now, #url = :url, #progress = :all"
        " REMOVE #completed_index, #until, #attempts",
        condition=_HELD,
        values={":lease": _n(lease), ":now": {"S": iso(now)}, ":url": {"S": media_url}, ":all": _n(100)},
    )


def failed(lease: int, *, now: float, error: str) -> Change:
    """Fail the task for good."""
    return Change(
        update="SET #status = :failed, #date = :now, #error = :error REMOVE #until, #attempts",
        condition=_HELD,
        values={
            ":lease": _n(lease),
            ":now": {"S": iso(now)},
            ":error": {"S": error_text(error)},
            ":failed": {"S": FAILED},
        },
    )


def released(lease: int, *, is_counted: bool) -> Change:
    """End the claim; the status stays, because the next claim continues the work."""
    if is_counted:
        return Change(update="REMOVE #until", condition=_HELD, values={":lease": _n(lease)})
    # A claim by a version that does not count has no number.
    return Change(
        update="SET #attempts = if_not_exists(#attempts, :one) - :one REMOVE #until",
        condition=_HELD,
        values={":lease": _n(lease), ":one": _n(1)},
    )


def error_text(error: str) -> str:
    """An error in its stored form."""
    return error[:_ERROR_CHARACTERS] or "unknown"


def iso(seconds: float) -> str:
    """Unix time as ISO-8601 in UTC, to the millisecond, with Z."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _n(number: float | Decimal) -> Mapping[str, str]:
    return {"N": f"{number:.3f}" if isinstance(number, float) else str(number)}


def _string(attributes: Mapping[str, Any], name: str) -> str | None:
    value = attributes.get(name, {}).get("S")
    return None if value is None else str(value)


def _number(attributes: Mapping[str, Any], name: str) -> Decimal | None:
    value = attributes.get(name, {}).get("N")
    return None if value is None else Decimal(value)
