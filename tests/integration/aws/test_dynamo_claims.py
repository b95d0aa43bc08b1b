"""Claims of tasks in DynamoDB over HTTP: one worker has all tasks of a job or none, and nobody breaks a claim."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import pytest

from sayso.aws.session import Aws
from sayso.errors import LeaseLost, ServiceUnavailable
from sayso.jobs import Claim, ClaimHeldElsewhere, Finished
from sayso.jobs.dynamodb import DynamoTaskStore
from support.aws.dynamo_tasks import CALLS, URLS, claim_directly, claimed, end_lease
from support.aws.faults import Fault
from support.aws.server import QUICK

if TYPE_CHECKING:
    from support.aws.faults import AwsFaults
    from support.aws.server import AwsPlace

Item = dict[str, Any]


async def test_of_many_claims_at_once_one_succeeds(store: DynamoTaskStore, parent: str) -> None:
    """All others are told when to come again."""
    results = await asyncio.gather(*(store.claim(parent, ["a", "b"]) for _ in range(6)))
    assert sum(isinstance(result, Claim) for result in results) == 1
    assert all(0 < result.retry_after_seconds < 31 for result in results if isinstance(result, ClaimHeldElsewhere))


async def test_a_claim_whose_second_task_is_taken_meanwhile_gives_the_first_up(
    place: AwsPlace, store: DynamoTaskStore, faults: AwsFaults, table: str, parent: str
) -> None:
    """Whoever cannot have all has none."""

    def take_b(answer: Item) -> Item:
        runner_of_another = asyncio.Runner()
        with runner_of_another as other:
            other.run(claim_directly(place, table, parent, "b"))
        return answer

    faults.rewrite("GetItem", lambda answer: answer)
    faults.rewrite("GetItem", take_b)
    assert isinstance(await store.claim(parent, ["a", "b"]), ClaimHeldElsewhere)
    assert "sayso_lease_until" not in place.item(table, parent, "a")
    assert isinstance(await store.claim(parent, ["a"]), Claim)


async def test_a_claim_that_cannot_be_completed_is_given_up(
    place: AwsPlace, store: DynamoTaskStore, faults: AwsFaults, table: str, parent: str
) -> None:
    """When DynamoDB fails between two tasks, the first is not left held."""
    faults.rewrite("UpdateItem", lambda answer: answer)
    faults.next("UpdateItem", Fault.ERROR, times=QUICK.retry.attempts)
    with pytest.raises(ServiceUnavailable):
        await store.claim(parent, ["a", "b"])
    assert "sayso_lease_until" not in place.item(table, parent, "a")


async def test_what_is_completed_is_not_claimed_again(
    place: AwsPlace, store: DynamoTaskStore, table: str, parent: str
) -> None:
    """Of two tasks the one that is left is claimed; when both are done, the claim says so, whoever completed them."""
    await store.complete(await claimed(store, parent, "a"), URLS)
    claim = await claimed(store, parent)
    assert set(claim.lease_ids) == {"b"}
    await store.complete(claim, URLS)
    assert await store.claim(parent, ["a", "b"]) == Finished(media_urls=URLS)
    place.put_item(table, parent, "c", status={"S": "COMPLETED"})
    assert await store.claim(parent, ["c"]) == Finished(media_urls={"c": ""})


@pytest.mark.parametrize("call", ["beat", "complete", "fail"])
async def test_whoever_was_taken_over_changes_nothing(
    place: AwsPlace, store: DynamoTaskStore, table: str, parent: str, call: str
) -> None:
    """A claim that ended and was followed by another is refused, and the items stay as they are."""
    stale = await claimed(store, parent)
    end_lease(place, table, parent)
    current = await claimed(store, parent)
    assert all(current.lease_ids[task_id] > lease for task_id, lease in stale.lease_ids.items())
    before = [place.item(table, parent, task_id) for task_id in "ab"]
    with pytest.raises(LeaseLost):
        await CALLS[call](store, stale)
    await store.release(stale)
    assert [place.item(table, parent, task_id) for task_id in "ab"] == before
    await store.complete(current, URLS)


async def test_a_completed_task_is_never_set_back(
    place: AwsPlace, store: DynamoTaskStore, table: str, parent: str
) -> None:
    """Neither by its own claim nor by another, whatever they call."""
    claim = await claimed(store, parent, "a")
    await store.complete(claim, URLS)
    before = place.item(table, parent, "a")
    for call in (CALLS["beat"], CALLS["fail"]):
        with pytest.raises(LeaseLost):
            await call(store, claim)
    with pytest.raises(LeaseLost):
        await store.complete(claim, {"a": "s3://bucket/other.wav"})
    await store.release(claim)
    assert place.item(table, parent, "a") == before


async def test_a_claim_that_is_released_makes_room_at_once(store: DynamoTaskStore, parent: str) -> None:
    """Nobody need wait for the end of its lease."""
    claim = await claimed(store, parent)
    assert isinstance(await store.claim(parent, ["a"]), ClaimHeldElsewhere)
    await store.release(claim)
    await claimed(store, parent)


async def test_no_clock_but_dynamodb_s_counts(place: AwsPlace, store: DynamoTaskStore, table: str, parent: str) -> None:
    """A worker whose clock says anything at all sees leases end when others do."""
    async with Aws(place.access(), clock=lambda: time.monotonic() + 1e9) as aws:
        odd = DynamoTaskStore(await aws.client("dynamodb"), table)
        for one, other in ((odd, store), (store, odd)):
            began = time.time()
            await claimed(one, parent, "a")
            claimed_at = float(place.item(table, parent, "a")["sayso_lease_until"]["N"]) - 30
            assert began - 2 <= claimed_at <= time.time() + 1
            held = await other.claim(parent, ["a"])
            assert isinstance(held, ClaimHeldElsewhere)
            assert 0 < held.retry_after_seconds <= 31
            end_lease(place, table, parent, "a")
            await other.release(await claimed(other, parent, "a"))
