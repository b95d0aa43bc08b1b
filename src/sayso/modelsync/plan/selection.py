"""Which objects are on the volume at all, where old models and those beyond a budget are left out.

``archive`` goes first, then ``optional`` and other categories; ``essential`` never does, nor a file of a set, which a
manifest or the settings refer to. What is left out is treated like an object that is gone: its file is deleted by the
rules of every deletion.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from sayso.modelsync.keys import category_of
from sayso.modelsync.plan.manifests import is_manifest, prefix_of
from sayso.modelsync.plan.sets import SetPrefixes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sayso.modelsync.keys import KeyRules
    from sayso.modelsync.records import Listing, RemoteObject

ESSENTIAL = "essential"
ARCHIVE = "archive"

_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True, slots=True)
class SelectionRules:
    """What is left out.

    Attributes:
        max_age_days: by category, how many days after its upload an object is left out.
        budget_bytes: of all files together; None for no limit.
    """

    max_age_days: Mapping[str, float] = field(default_factory=dict)
    budget_bytes: int | None = None

    @property
    def selects(self) -> bool:
        """Whether anything may be left out."""
        return bool(self.max_age_days) or self.budget_bytes is not None


def select_objects(
    listing: Listing,
    rules: SelectionRules,
    *,
    keys: KeyRules,
    atomic_prefixes: Iterable[str] = (),
    now: datetime,
) -> tuple[Listing, frozenset[tuple[str, str]]]:
    """A listing without what is left out, and that: keys with their ETags.

    Args:
        listing: of the bucket.
        rules: what is left out.
        keys: objects of other suffixes take no space.
        atomic_prefixes: of sets without a manifest.
        now: with a time zone.
    """
    if not rules.selects:
        return listing, frozenset()
    sets = SetPrefixes((*atomic_prefixes, *(prefix_of(each.key) for each in listing.objects if is_manifest(each.key))))
    candidates = [
        each
        for each in listing.objects
        if keys.counts(each.key) and category_of(each.key) != ESSENTIAL and sets.of(each.key) is None
    ]
    out = {each.key for each in candidates if _is_old(each, rules, now)}
    if rules.budget_bytes is not None:
        used_bytes = sum(each.size_bytes for each in listing.objects if keys.counts(each.key) and each.key not in out)
        for each in sorted(candidates, key=_first_out):
            if used_bytes <= rules.budget_bytes:
                break
            if each.key not in out:
                out.add(each.key)
                used_bytes -= each.size_bytes
    left_out = frozenset((each.key, each.etag) for each in candidates if each.key in out)
    return replace(listing, objects=tuple(each for each in listing.objects if each.key not in out)), left_out


def _is_old(remote: RemoteObject, rules: SelectionRules, now: datetime) -> bool:
    days = rules.max_age_days.get(category_of(remote.key))
    return days is not None and remote.modified_at is not None and now - remote.modified_at > timedelta(days=days)


def _first_out(remote: RemoteObject) -> tuple[bool, datetime, str]:
    """The order in which objects are left out: the archive first, and in each the oldest first."""
    return category_of(remote.key) != ARCHIVE, remote.modified_at or _EARLIEST, remote.key
