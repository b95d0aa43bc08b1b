"""Jobs from a FIFO queue: the order within a group is kept, whatever fails."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from sayso.errors import SourceFailed
from sayso.jobs.sqs import SqsQueue
from sayso.workers import Job, Policy, Worker
from support.aws.faults import Fault
from support.jobs.workers import Recorder
from support.waiting import until

if TYPE_CHECKING:
    from sayso.aws.session import AwsClient
    from support.aws.faults import AwsFaults
    from support.aws.server import AwsPlace


async def test_a_group_waits_for_its_first_message(place: AwsPlace, sqs: AwsClient) -> None:
    """While a message waits for another attempt, those behind it in its group do, and other groups go on."""
    url = place.make_queue(fifo=True)
    for body, group in (("a1", "a"), ("a2", "a"), ("b1", "b")):
        place.send(url, body, group=group)
    queue = SqsQueue(sqs, url)
    deliveries = {delivery.body: delivery for delivery in await queue.receive(3, wait_seconds=0)}
    assert {body: delivery.group for body, delivery in deliveries.items()} == {"a1": "a", "a2": "a", "b1": "b"}
    await queue.retry(deliveries["a1"], delay_seconds=600, error="broken")
    await queue.retry(deliveries["a2"], delay_seconds=0)
    await queue.retry(deliveries["b1"], delay_seconds=0)
    assert [delivery.body for delivery in await queue.receive(3, wait_seconds=0)] == ["b1"]
    place.pass_time(url, 600)
    assert [delivery.body for delivery in await queue.receive(2, wait_seconds=0)] == ["a1", "a2"]


async def test_a_worker_keeps_the_order_after_a_failure(place: AwsPlace, sqs: AwsClient) -> None:
    """A message that fails is tried again before those behind it are tried at all."""
    url = place.make_queue(fifo=True)
    for body in ("1", "2", "3"):
        place.send(url, body, group="g")
    failures = iter([True, False, False, False])

    async def work(_job: Job) -> None:
        if next(failures):
            raise SourceFailed("not now")

    async def scenario() -> Recorder:
        handler = Recorder(work)
        worker = Worker(SqsQueue(sqs, url), handler, Policy(at_once=3))
        stop = asyncio.Event()
        running = asyncio.create_task(worker.run(stop, grace_seconds=5))
        await until(lambda: len(handler.ended) == 3 and not worker.job_count)
        stop.set()
        place.send(url, "4", group="h")  # ends the poll under way
        await running
        return handler

    handler = await scenario()
    assert handler.begun == ["1", "1", "2", "3"]
    assert handler.ended == ["1", "2", "3"]
    assert [message["Body"] for message in place.messages(url)] == ["4"]


async def test_an_answer_that_was_lost_is_asked_for_again(place: AwsPlace, sqs: AwsClient, faults: AwsFaults) -> None:
    """A receiver repeats its request under the same name until it is answered, so that SQS can repeat its answer."""
    url = place.make_queue(fifo=True)
    place.send(url, "a", group="g")
    faults.next("ReceiveMessage", Fault.CUT)
    queue = SqsQueue(sqs, url)
    await queue.receive(1, wait_seconds=0)
    await queue.receive(1, wait_seconds=0)
    first, is_retryable, second = (wish["ReceiveRequestAttemptId"] for wish in faults.asked("ReceiveMessage"))
    assert first == is_retryable != second


async def test_groups_of_a_standard_queue_are_not_kept_in_order(place: AwsPlace, sqs: AwsClient) -> None:
    """There they are for fairness, and nobody waits behind another."""
    url = place.make_queue()
    place.boto("sqs").send_message(QueueUrl=url, MessageBody="a", MessageGroupId="tenant")
    (delivery,) = await SqsQueue(sqs, url).receive(1, wait_seconds=0)
    assert delivery.group is None
