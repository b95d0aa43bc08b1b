"""Successful claims of tasks in DynamoDB, and the calls that follow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sayso.aws.session import Aws
from sayso.jobs import Claim, TaskProgress
from sayso.jobs.dynamodb import DynamoTaskStore

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping
    from typing import Any

    from support.aws.server import AwsPlace

URLS = {"a": "s3://bucket/p/a.wav", "b": "s3://bucket/p/b.srt"}

CALLS: Mapping[str, Callable[[DynamoTaskStore, Claim], Coroutine[Any, Any, None]]] = {
    "beat": lambda store, claim: store.heartbeat(claim, TaskProgress(share=0.5, audio_seconds=1)),
    "complete": lambda store, claim: store.complete(claim, URLS),
    "fail": lambda store, claim: store.fail(claim, error="broken"),
    "release": lambda store, claim: store.release(claim),
}
"""The calls of a worker with its claim."""


async def claimed(store: DynamoTaskStore, parent: str, *task_ids: str) -> Claim:
    """A claim that succeeds."""
    claim = await store.claim(parent, task_ids or ("a", "b"))
    assert isinstance(claim, Claim)
    return claim


async def claim_directly(place: AwsPlace, table: str, parent: str, *task_ids: str) -> Claim:
    """A claim by another worker."""
    async with Aws(place.access()) as aws:
        return await claimed(DynamoTaskStore(await aws.client("dynamodb"), table), parent, *task_ids)


def end_lease(place: AwsPlace, table: str, parent: str, *task_ids: str) -> None:
    """Make a lease end now."""
    for task_id in task_ids or ("a", "b"):
        place.boto("dynamodb").update_item(
            TableName=table,
            Key={"id": {"S": parent}, "task_id": {"S": task_id}},
            UpdateExpression="SET sayso_lease_until = :past",
            ExpressionAttributeValues={":past": {"N": "1"}},
        )
