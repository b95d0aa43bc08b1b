"""Tasks in DynamoDB when it fails: answers that were lost mislead nobody, and refusals that pass are waited out."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from sayso.aws.session import Aws
from sayso.errors import ServiceUnavailable
from sayso.jobs import ClaimHeldElsewhere
from sayso.jobs.dynamodb import DynamoTaskStore
from support.aws.dynamo_tasks import CALLS, claim_directly, claimed
from support.aws.faults import Fault
from support.aws.server import QUICK

if TYPE_CHECKING:
    from support.aws.faults import AwsFaults
    from support.aws.server import AwsPlace

Item = dict[str, Any]


@pytest.mark.parametrize("is_obeyed", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("fault", [Fault.ERROR, Fault.THROTTLE, Fault.CUT])
async def test_a_write_whose_answer_was_lost_has_been_made(
    store: DynamoTaskStore, faults: AwsFaults, parent: str, fault: Fault, *, is_obeyed: bool
) -> None:
    """Whether DynamoDB obeyed before it failed or not, the next try succeeds, and knows its own work."""
    for call in (CALLS["beat"], CALLS["release"], CALLS["fail"], CALLS["complete"]):
        faults.next("UpdateItem", fault, is_obeyed=is_obeyed)
        claim = await claimed(store, parent)
        faults.next("UpdateItem", fault, is_obeyed=is_obeyed, times=2)
        await call(store, claim)
        await store.release(claim)
    assert faults.troubles == {fault: 12}


async def test_a_claim_whose_answer_was_lost_is_had(
    place: AwsPlace, store: DynamoTaskStore, faults: AwsFaults, table: str, parent: str
) -> None:
    """The item tells a worker that the lease on it is the very one that it asked for."""
    faults.next("UpdateItem", Fault.CUT, is_obeyed=True)
    claim = await claimed(store, parent)
    for task_id in "ab":
        assert place.item(table, parent, task_id)["sayso_lease"] == {"N": str(claim.lease_ids[task_id])}
    await store.heartbeat(claim)


async def test_a_lost_answer_is_not_taken_for_success_when_another_was_quicker(
    place: AwsPlace, store: DynamoTaskStore, faults: AwsFaults, table: str, parent: str
) -> None:
    """When the try that failed had not been obeyed, and somebody else came, the claim is theirs."""
    go = {"done": False}

    def take(answer: Item) -> Item:
        with asyncio.Runner() as other:
            other.run(claim_directly(place, table, parent, "a"))
        go["done"] = True
        return answer

    faults.rewrite("GetItem", take)
    faults.next("UpdateItem", Fault.ERROR)
    assert isinstance(await store.claim(parent, ["a"]), ClaimHeldElsewhere)
    assert go["done"]


async def test_what_was_done_before_the_answer_was_lost_for_good_is_known_later(
    store: DynamoTaskStore, faults: AwsFaults, parent: str
) -> None:
    """A worker that was told of a failure asks again, and finds that it had succeeded."""
    for call in (CALLS["fail"], CALLS["complete"]):
        claim = await claimed(store, parent)
        faults.next("UpdateItem", Fault.CUT, is_obeyed=True, times=QUICK.retry.attempts)
        with pytest.raises(ServiceUnavailable):
            await call(store, claim)
        faults.calm()
        await call(store, claim)


@pytest.mark.parametrize(
    "code", ["ProvisionedThroughputExceededException", "ThrottlingException", "InternalServerError"]
)
async def test_throttling_passes_or_is_unavailability(
    store: DynamoTaskStore, faults: AwsFaults, parent: str, code: str
) -> None:
    """A few refusals are waited out; one that stays is told in the end, and in time."""
    faults.refuse("GetItem", f"com.amazonaws.dynamodb.v20120810#{code}", times=QUICK.retry.attempts - 1)
    await claimed(store, parent)
    faults.refuse("GetItem", f"com.amazonaws.dynamodb.v20120810#{code}", times=QUICK.retry.attempts)
    with pytest.raises(ServiceUnavailable, match=code):
        await store.claim(parent, ["a"])


async def test_a_store_that_has_heard_no_time_yet_asks(
    place: AwsPlace, store: DynamoTaskStore, faults: AwsFaults, table: str, parent: str
) -> None:
    """A claim may be kept over another client than it was made with."""
    claim = await claimed(store, parent)
    async with Aws(place.access(faults.url)) as aws:
        faults.forget()
        await DynamoTaskStore(await aws.client("dynamodb"), table).heartbeat(claim)
    assert faults.history == ["GetItem", "UpdateItem", "UpdateItem"]
