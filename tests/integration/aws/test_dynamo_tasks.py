"""Tasks in DynamoDB over HTTP: the attributes that others read, and claims that nobody breaks."""

from __future__ import annotations

import asyncio
import re
import time
from typing import TYPE_CHECKING, Any

import pytest

from aws import QUICK
from aws_faults import Fault
from sayso.errors import InvalidInput, LeaseLost, ServiceUnavailable
from sayso.jobs import Claim, Finished, Held, TaskProgress
from sayso.jobs.dynamodb import DynamoTaskStore
from sayso.vendors.aws import Aws

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping

    from aws import AwsPlace
    from aws_faults import AwsFaults
    from sayso.vendors.aws import AwsClient

URLS = {"a": "s3://bucket/p/a.wav", "b": "s3://bucket/p/b.srt"}
OTHERS = {"sparse_gsi_hash_key": {"S": "open"}, "title": {"S": "The lamp room"}, "tags": {"SS": ["x", "y"]}}
"""What other services have on an item."""

Item = dict[str, Any]


@pytest.fixture(scope="module")
def table(place: AwsPlace) -> str:
    """A table for all; each test has a parent of its own."""
    return place.make_table()


@pytest.fixture
def parent(request: pytest.FixtureRequest) -> str:
    """A parent that nobody else has."""
    return str(request.node.name)


@pytest.fixture
def store(dynamodb: AwsClient, table: str) -> DynamoTaskStore:
    """The store."""
    return DynamoTaskStore(dynamodb, table)


async def claimed(store: DynamoTaskStore, parent: str, *task_ids: str) -> Claim:
    """A claim that succeeds."""
    claim = await store.claim(parent, task_ids or ("a", "b"))
    assert isinstance(claim, Claim)
    return claim


def end_lease(place: AwsPlace, table: str, parent: str, *task_ids: str) -> None:
    """Have a lease end now, as time does."""
    for task_id in task_ids or ("a", "b"):
        place.boto("dynamodb").update_item(
            TableName=table,
            Key={"id": {"S": parent}, "task_id": {"S": task_id}},
            UpdateExpression="SET sayso_lease_until = :past",
            ExpressionAttributeValues={":past": {"N": "1"}},
        )


# What others see


def test_a_task_is_written_as_the_contract_says(
    place: AwsPlace, store: DynamoTaskStore, runner: asyncio.Runner, table: str, parent: str
) -> None:
    """Status, time and URL, an attribute or two of our own, the index's key removed, and everything else untouched."""
    place.put_item(table, parent, "a", status={"S": "PENDING"}, **OTHERS)
    key = {"id": {"S": parent}, "task_id": {"S": "a"}}
    others = {name: value for name, value in OTHERS.items() if name != "sparse_gsi_hash_key"}

    async def scenario() -> None:
        claim = await claimed(store, parent, "a")
        lease = {"N": str(claim.lease_ids["a"])}
        item = place.item(table, parent, "a")
        until, date = item.pop("sayso_lease_until"), item.pop("date_updated")
        assert item == {**key, **OTHERS, "status": {"S": "IN_PROGRESS"}, "sayso_lease": lease}
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", date["S"])
        assert 28 <= float(until["N"]) - time.time() <= 31

        await store.beat(claim, TaskProgress(share=0.4217, audio_seconds=12.5))
        item = place.item(table, parent, "a")
        assert item["sayso_progress"] == {"N": "42.2"}
        assert item["date_updated"] == date

        await store.complete(claim, URLS)
        item = place.item(table, parent, "a")
        assert item.pop("date_updated")["S"] >= date["S"]
        completed = {"status": {"S": "COMPLETED"}, "media_url": {"S": URLS["a"]}, "sayso_progress": {"N": "100"}}
        assert item == {**key, **others, **completed, "sayso_lease": lease}

    runner.run(scenario())


def test_a_task_that_fails_says_why(
    place: AwsPlace, store: DynamoTaskStore, runner: asyncio.Runner, table: str, parent: str
) -> None:
    """A failed task keeps its place in the index and has the error, until it is claimed again."""
    place.put_item(table, parent, "a", **OTHERS)

    async def scenario() -> None:
        await store.fail(await claimed(store, parent, "a"), error="No such voice.")
        item = place.item(table, parent, "a")
        assert (item["status"], item["sayso_error"]) == ({"S": "FAILED"}, {"S": "No such voice."})
        assert item["sparse_gsi_hash_key"] == {"S": "open"}
        await claimed(store, parent, "a")
        item = place.item(table, parent, "a")
        assert item["status"] == {"S": "IN_PROGRESS"}
        assert "sayso_error" not in item

    runner.run(scenario())


def test_a_table_or_its_keys_can_be_wrong(
    place: AwsPlace, dynamodb: AwsClient, runner: asyncio.Runner, table: str
) -> None:
    """At the start that is a mistake, which says what to look at; later on no job fails for it."""
    runner.run(DynamoTaskStore(dynamodb, table).check())
    missing = DynamoTaskStore(dynamodb, "no-such-table")
    with pytest.raises(InvalidInput, match="no-such-table") as caught:
        runner.run(missing.check())
    assert "DYNAMODB_TABLE" in (caught.value.hint or "")
    with pytest.raises(ServiceUnavailable, match="no-such-table"):
        runner.run(missing.claim("p", ["a"]))
    place.boto("dynamodb").create_table(
        TableName="other-keys",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    with pytest.raises(InvalidInput, match="other keys"):
        runner.run(DynamoTaskStore(dynamodb, "other-keys").check())


@pytest.mark.parametrize(("parent_id", "task_id"), [("", "a"), ("p", ""), ("p" * 2049, "a"), ("p", "ä" * 513)])
def test_ids_that_no_table_has_are_the_job_s_fault(
    store: DynamoTaskStore, faults: AwsFaults, runner: asyncio.Runner, parent_id: str, task_id: str
) -> None:
    """They are refused before DynamoDB is asked."""
    with pytest.raises(InvalidInput):
        runner.run(store.claim(parent_id, [task_id]))
    assert faults.history == []


# Claims


def test_of_many_claims_at_once_one_succeeds(store: DynamoTaskStore, runner: asyncio.Runner, parent: str) -> None:
    """All others are told when to come again."""

    async def scenario() -> None:
        results = await asyncio.gather(*(store.claim(parent, ["a", "b"]) for _ in range(6)))
        assert sum(isinstance(result, Claim) for result in results) == 1
        assert all(0 < result.retry_after_seconds < 31 for result in results if isinstance(result, Held))

    runner.run(scenario())


def test_a_claim_whose_second_task_is_taken_meanwhile_gives_the_first_up(
    place: AwsPlace, store: DynamoTaskStore, faults: AwsFaults, runner: asyncio.Runner, table: str, parent: str
) -> None:
    """Whoever cannot have all has none."""

    def take_b(answer: Item) -> Item:
        runner_of_another = asyncio.Runner()
        with runner_of_another as other:
            other.run(claim_directly(place, table, parent, "b"))
        return answer

    faults.rewrite("GetItem", lambda answer: answer)
    faults.rewrite("GetItem", take_b)

    async def scenario() -> None:
        assert isinstance(await store.claim(parent, ["a", "b"]), Held)
        assert "sayso_lease_until" not in place.item(table, parent, "a")
        assert isinstance(await store.claim(parent, ["a"]), Claim)

    runner.run(scenario())


async def claim_directly(place: AwsPlace, table: str, parent: str, *task_ids: str) -> Claim:
    """Another worker's claim."""
    async with Aws(place.access()) as aws:
        return await claimed(DynamoTaskStore(await aws.client("dynamodb"), table), parent, *task_ids)


def test_a_claim_that_cannot_be_completed_is_given_up(
    place: AwsPlace, store: DynamoTaskStore, faults: AwsFaults, runner: asyncio.Runner, table: str, parent: str
) -> None:
    """When DynamoDB fails between two tasks, the first is not left held."""
    faults.rewrite("UpdateItem", lambda answer: answer)
    faults.next("UpdateItem", Fault.ERROR, times=QUICK.tries)
    with pytest.raises(ServiceUnavailable):
        runner.run(store.claim(parent, ["a", "b"]))
    assert "sayso_lease_until" not in place.item(table, parent, "a")


def test_what_is_completed_is_not_claimed_again(
    place: AwsPlace, store: DynamoTaskStore, runner: asyncio.Runner, table: str, parent: str
) -> None:
    """Of two tasks the one that is left is claimed; when both are done, the claim says so, whoever completed them."""

    async def scenario() -> None:
        await store.complete(await claimed(store, parent, "a"), URLS)
        claim = await claimed(store, parent)
        assert set(claim.lease_ids) == {"b"}
        await store.complete(claim, URLS)
        assert await store.claim(parent, ["a", "b"]) == Finished(media_urls=URLS)
        place.put_item(table, parent, "c", status={"S": "COMPLETED"})
        assert await store.claim(parent, ["c"]) == Finished(media_urls={"c": ""})

    runner.run(scenario())


@pytest.mark.parametrize("call", ["beat", "complete", "fail"])
def test_whoever_was_taken_over_changes_nothing(
    place: AwsPlace, store: DynamoTaskStore, runner: asyncio.Runner, table: str, parent: str, call: str
) -> None:
    """A claim that ended and was followed by another is refused, and the items stay as they are."""

    async def scenario() -> None:
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

    runner.run(scenario())


CALLS: Mapping[str, Callable[[DynamoTaskStore, Claim], Coroutine[Any, Any, None]]] = {
    "beat": lambda store, claim: store.beat(claim, TaskProgress(share=0.5, audio_seconds=1)),
    "complete": lambda store, claim: store.complete(claim, URLS),
    "fail": lambda store, claim: store.fail(claim, error="broken"),
    "release": lambda store, claim: store.release(claim),
}


def test_a_completed_task_is_never_set_back(
    place: AwsPlace, store: DynamoTaskStore, runner: asyncio.Runner, table: str, parent: str
) -> None:
    """Neither by its own claim nor by another, whatever they call."""

    async def scenario() -> None:
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

    runner.run(scenario())


def test_a_claim_that_is_released_makes_room_at_once(
    store: DynamoTaskStore, runner: asyncio.Runner, parent: str
) -> None:
    """Nobody need wait for the end of its lease."""

    async def scenario() -> None:
        claim = await claimed(store, parent)
        assert isinstance(await store.claim(parent, ["a"]), Held)
        await store.release(claim)
        await claimed(store, parent)

    runner.run(scenario())


def test_no_clock_but_dynamodb_s_counts(
    place: AwsPlace, store: DynamoTaskStore, runner: asyncio.Runner, table: str, parent: str
) -> None:
    """A worker whose clock says anything at all sees leases end when others do."""

    async def scenario() -> None:
        async with Aws(place.access(), clock=lambda: time.monotonic() + 1e9) as aws:
            odd = DynamoTaskStore(await aws.client("dynamodb"), table)
            for one, other in ((odd, store), (store, odd)):
                await claimed(one, parent, "a")
                assert 28 <= float(place.item(table, parent, "a")["sayso_lease_until"]["N"]) - time.time() <= 31
                held = await other.claim(parent, ["a"])
                assert isinstance(held, Held)
                assert 28 <= held.retry_after_seconds <= 31
                end_lease(place, table, parent, "a")
                await other.release(await claimed(other, parent, "a"))

    runner.run(scenario())


# Services that fail


@pytest.mark.parametrize("is_obeyed", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("fault", [Fault.ERROR, Fault.THROTTLE, Fault.CUT])
def test_a_write_whose_answer_was_lost_has_been_made(
    store: DynamoTaskStore, faults: AwsFaults, runner: asyncio.Runner, parent: str, fault: Fault, *, is_obeyed: bool
) -> None:
    """Whether DynamoDB obeyed before it failed or not, the next try succeeds, and knows its own work."""

    async def scenario() -> None:
        for call in (CALLS["beat"], CALLS["release"], CALLS["fail"], CALLS["complete"]):
            faults.next("UpdateItem", fault, is_obeyed=is_obeyed)
            claim = await claimed(store, parent)
            faults.next("UpdateItem", fault, is_obeyed=is_obeyed, times=2)
            await call(store, claim)
            await store.release(claim)

    runner.run(scenario())
    assert faults.troubles == {fault: 12}


def test_a_claim_whose_answer_was_lost_is_had(
    place: AwsPlace, store: DynamoTaskStore, faults: AwsFaults, runner: asyncio.Runner, table: str, parent: str
) -> None:
    """The item tells a worker that the lease on it is the very one that it asked for."""
    faults.next("UpdateItem", Fault.CUT, is_obeyed=True)

    async def scenario() -> None:
        claim = await claimed(store, parent)
        for task_id in "ab":
            assert place.item(table, parent, task_id)["sayso_lease"] == {"N": str(claim.lease_ids[task_id])}
        await store.beat(claim)

    runner.run(scenario())


def test_a_lost_answer_is_not_taken_for_success_when_another_was_quicker(
    place: AwsPlace, store: DynamoTaskStore, faults: AwsFaults, runner: asyncio.Runner, table: str, parent: str
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
    assert isinstance(runner.run(store.claim(parent, ["a"])), Held)
    assert go["done"]


def test_what_was_done_before_the_answer_was_lost_for_good_is_known_later(
    store: DynamoTaskStore, faults: AwsFaults, runner: asyncio.Runner, parent: str
) -> None:
    """A worker that was told of a failure asks again, and finds that it had succeeded."""

    async def scenario() -> None:
        for call in (CALLS["fail"], CALLS["complete"]):
            claim = await claimed(store, parent)
            faults.next("UpdateItem", Fault.CUT, is_obeyed=True, times=QUICK.tries)
            with pytest.raises(ServiceUnavailable):
                await call(store, claim)
            faults.calm()
            await call(store, claim)

    runner.run(scenario())


@pytest.mark.parametrize(
    "code", ["ProvisionedThroughputExceededException", "ThrottlingException", "InternalServerError"]
)
def test_throttling_passes_or_is_unavailability(
    store: DynamoTaskStore, faults: AwsFaults, runner: asyncio.Runner, parent: str, code: str
) -> None:
    """A few refusals are waited out; one that stays is told in the end, and in time."""
    faults.refuse("GetItem", f"com.amazonaws.dynamodb.v20120810#{code}", times=QUICK.tries - 1)
    runner.run(claimed(store, parent))
    faults.refuse("GetItem", f"com.amazonaws.dynamodb.v20120810#{code}", times=QUICK.tries)
    with pytest.raises(ServiceUnavailable, match=code):
        runner.run(store.claim(parent, ["a"]))


def test_a_store_that_has_heard_no_time_yet_asks(
    place: AwsPlace, store: DynamoTaskStore, faults: AwsFaults, runner: asyncio.Runner, table: str, parent: str
) -> None:
    """A claim may be kept over another client than it was made with."""

    async def scenario() -> None:
        claim = await claimed(store, parent)
        async with Aws(place.access(faults.url)) as aws:
            faults.forget()
            await DynamoTaskStore(await aws.client("dynamodb"), table).beat(claim)
        assert faults.history == ["GetItem", "UpdateItem", "UpdateItem"]

    runner.run(scenario())
