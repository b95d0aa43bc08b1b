"""Old models, and those beyond a budget, are left out; what is essential or of a set never is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sayso.modelsync.keys import KeyRules
from sayso.modelsync.plan.selection import SelectionRules, select_objects
from sayso.modelsync.records import Listing, RemoteObject

NOW = datetime(2026, 11, 30, tzinfo=UTC)


def remote(key: str, *, days: int = 1, size_bytes: int = 10) -> RemoteObject:
    return RemoteObject(key=key, size_bytes=size_bytes, etag=key, modified_at=NOW - timedelta(days=days))


OBJECTS = [
    remote("essential/bert/old.bin", days=900),
    remote("optional/bert/old.bin", days=300),
    remote("optional/bert/new.bin"),
    remote("archive/bert/old.bin", days=200),
    remote("archive/bert/new.bin"),
    remote("archive/set/one.bin", days=900),
    remote("archive/set/set.manifest.json", days=900),
    remote("archive/readme.md", days=900, size_bytes=10**9),
]


def left_out(rules: SelectionRules) -> set[str]:
    listing = Listing(objects=tuple(OBJECTS), is_complete=True)
    kept, out = select_objects(listing, rules, keys=KeyRules(), now=NOW)
    gone = {each.key for each in OBJECTS} - {each.key for each in kept.objects}
    assert gone == {key for key, _ in out}
    return gone


def test_without_rules_everything_is_kept() -> None:
    assert left_out(SelectionRules()) == set()


def test_old_models_of_a_category_are_left_out() -> None:
    assert left_out(SelectionRules(max_age_days={"archive": 90, "essential": 1})) == {"archive/bert/old.bin"}


def test_the_archive_is_left_out_first_and_then_the_oldest() -> None:
    assert left_out(SelectionRules(budget_bytes=60)) == {"archive/bert/old.bin"}
    assert left_out(SelectionRules(budget_bytes=45)) == {
        "archive/bert/old.bin",
        "archive/bert/new.bin",
        "optional/bert/old.bin",
    }


def test_what_is_essential_or_of_a_set_stays_beyond_the_budget() -> None:
    kept = {each.key for each in OBJECTS} - left_out(SelectionRules(budget_bytes=1))
    assert kept >= {"essential/bert/old.bin", "archive/set/one.bin", "archive/set/set.manifest.json"}
