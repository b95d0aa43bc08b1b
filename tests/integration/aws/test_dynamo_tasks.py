"""Tasks in DynamoDB over HTTP: the attributes that others read, and the table and keys that they need."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

import pytest

from sayso.errors import InvalidInput, ResourceMissing, ServiceUnavailable
from sayso.jobs import TaskProgress
from sayso.jobs.dynamodb import DynamoTaskStore
from support.aws.dynamo_tasks import URLS, claimed

if TYPE_CHECKING:
    from sayso.aws.session import AwsClient
    from support.aws.faults import AwsFaults
    from support.aws.server import AwsPlace

OTHERS = {"sparse_gsi_hash_key": {"S": "open"}, "title": {"S": "The lamp room"}, "tags": {"SS": ["x", "y"]}}
"""What other services have on an item."""


async def test_a_task_is_written_as_the_contract_says(
    place: AwsPlace, store: DynamoTaskStore, table: str, parent: str
) -> None:
    """Status, time and URL, an attribute or two of our own, the index's key removed, and everything else untouched."""
    place.put_item(table, parent, "a", status={"S": "PENDING"}, **OTHERS)
    key = {"id": {"S": parent}, "task_id": {"S": "a"}}
    others = {name: value for name, value in OTHERS.items() if name != "sparse_gsi_hash_key"}
    began = time.time()
    claim = await claimed(store, parent, "a")
    lease = {"N": str(claim.lease_ids["a"])}
    item = place.item(table, parent, "a")
    until, date = item.pop("sayso_lease_until"), item.pop("date_updated")
    assert item == {
        **key,
        **OTHERS,
        "status": {"S": "IN_PROGRESS"},
        "sayso_lease": lease,
        "sayso_attempts": {"N": "1"},
    }
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", date["S"])
    assert began - 2 <= float(until["N"]) - 30 <= time.time() + 1

    await store.heartbeat(claim, TaskProgress(share=0.4217, audio_seconds=12.5))
    item = place.item(table, parent, "a")
    assert item["sayso_progress"] == {"N": "42.2"}
    assert item["date_updated"] == date

    await store.complete(claim, URLS)
    item = place.item(table, parent, "a")
    assert item.pop("date_updated")["S"] >= date["S"]
    completed = {"status": {"S": "COMPLETED"}, "media_url": {"S": URLS["a"]}, "sayso_progress": {"N": "100"}}
    assert item == {**key, **others, **completed, "sayso_lease": lease}


async def test_a_task_that_fails_says_why(place: AwsPlace, store: DynamoTaskStore, table: str, parent: str) -> None:
    """A failed task keeps its place in the index and has the error, until it is claimed again."""
    place.put_item(table, parent, "a", **OTHERS)
    await store.fail(await claimed(store, parent, "a"), error="No such voice.")
    item = place.item(table, parent, "a")
    assert (item["status"], item["sayso_error"]) == ({"S": "FAILED"}, {"S": "No such voice."})
    assert item["sparse_gsi_hash_key"] == {"S": "open"}
    await claimed(store, parent, "a")
    item = place.item(table, parent, "a")
    assert item["status"] == {"S": "IN_PROGRESS"}
    assert "sayso_error" not in item


async def test_a_table_or_its_keys_can_be_wrong(place: AwsPlace, dynamodb: AwsClient, table: str) -> None:
    """At the start that is a mistake, which says what to look at; later on no job fails for it."""
    await DynamoTaskStore(dynamodb, table).check()
    missing = DynamoTaskStore(dynamodb, "no-such-table")
    with pytest.raises(ResourceMissing, match="no-such-table") as caught:
        await missing.check()
    assert "DYNAMODB_TABLE" in (caught.value.hint or "")
    with pytest.raises(ServiceUnavailable, match="no-such-table"):
        await missing.claim("p", ["a"])
    place.boto("dynamodb").create_table(
        TableName="other-keys",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    with pytest.raises(InvalidInput, match="other keys"):
        await DynamoTaskStore(dynamodb, "other-keys").check()


@pytest.mark.parametrize(("parent_id", "task_id"), [("", "a"), ("p", ""), ("p" * 2049, "a"), ("p", "ä" * 513)])
async def test_ids_that_no_table_has_are_the_job_s_fault(
    store: DynamoTaskStore, faults: AwsFaults, parent_id: str, task_id: str
) -> None:
    """They are refused before DynamoDB is asked."""
    with pytest.raises(InvalidInput):
        await store.claim(parent_id, [task_id])
    assert faults.history == []


async def test_attempts_are_counted_until_the_task_comes_to_an_end(
    place: AwsPlace, store: DynamoTaskStore, table: str, parent: str
) -> None:
    """Claims that died or failed count, those that were handed back do not; what has ended begins anew."""
    for expected in (1, 2, 3):
        claim = await claimed(store, parent, "a")
        assert claim.attempt == expected
        if expected == 1:
            place.end_leases(table, 60)  # it died
        else:
            await store.release(claim, is_counted=True)
    await store.release(await claimed(store, parent, "a"))
    claim = await claimed(store, parent, "a", "b")
    assert claim.attempt == 4
    await store.fail(claim, error="no")
    assert "sayso_attempts" not in place.item(table, parent, "a")
    claim = await claimed(store, parent, "a", "b")
    assert claim.attempt == 1
    await store.complete(claim, {"a": "s3://b/a", "b": "s3://b/b"})
    assert "sayso_attempts" not in place.item(table, parent, "b")


async def test_an_item_that_is_full_is_a_refusal(
    place: AwsPlace, store: DynamoTaskStore, table: str, parent: str
) -> None:
    """What has no room for a status never will; a sibling that was claimed on the way is given back."""
    place.put_full_item(table, parent, "b")
    with pytest.raises(InvalidInput, match="does not take the change of task 'b'"):
        await store.claim(parent, ["a", "b"])
    assert "sayso_lease_until" not in place.item(table, parent, "a")
