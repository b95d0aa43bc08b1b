"""Jobs from SQS over HTTP: what goes wrong on the way."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from sayso.aws.session import Aws, Patience
from sayso.errors import ResourceMissing, ServiceUnavailable
from sayso.jobs.sqs import SqsQueue
from sayso.resilience.retry_policies import AWS_CALL
from support.aws.faults import Fault

if TYPE_CHECKING:
    from sayso.aws.session import AwsClient
    from support.aws.faults import AwsFaults
    from support.aws.server import AwsPlace

BODY = '{"Type": "Notification", "Message": "{\\"text\\": \\"Grüße, 你好 🌊\\"}"}'
TWELVE_HOURS = 12 * 3600


@pytest.mark.parametrize("is_obeyed", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("fault", [Fault.ERROR, Fault.UNAVAILABLE, Fault.THROTTLE, Fault.CUT])
async def test_a_fault_that_passes_is_not_noticed(
    place: AwsPlace, sqs: AwsClient, faults: AwsFaults, fault: Fault, *, is_obeyed: bool
) -> None:
    """Whatever goes wrong once, before the deed or after it, every call succeeds at its next try."""
    url = place.make_queue()
    place.send(url, "a")
    queue = SqsQueue(sqs, url)
    for operation in ("ChangeMessageVisibility", "ChangeMessageVisibilityBatch", "DeleteMessageBatch"):
        faults.next(operation, fault, is_obeyed=is_obeyed)
    faults.next("GetQueueAttributes", fault, is_obeyed=is_obeyed)
    faults.next("ReceiveMessage", fault)  # one that is obeyed hides the message, as a death does
    (delivery,) = await queue.receive(1, wait_seconds=0)
    assert list(await queue.heartbeat([delivery])) == []
    await queue.retry(delivery, delay_seconds=0)
    (delivery,) = await queue.receive(1, wait_seconds=1)
    assert (await queue.backlog()).in_flight == 1
    await queue.finish(delivery)
    assert place.count(url) == (0, 0)
    assert faults.troubles == {fault: 5}


@pytest.mark.parametrize("is_obeyed", [False, True], ids=["before", "after"])
async def test_a_service_that_says_nothing_once_is_asked_again(
    place: AwsPlace, faults: AwsFaults, *, is_obeyed: bool
) -> None:
    """Each try has its limit, after which comes the next."""
    url = place.make_queue()
    place.send(url, "a")
    async with Aws(place.access(faults.url, patience=Patience(try_seconds=3))) as aws:
        queue = SqsQueue(await aws.client("sqs"), url)
        (delivery,) = await queue.receive(1, wait_seconds=0)
        faults.next("DeleteMessageBatch", Fault.HANG, is_obeyed=is_obeyed)
        await queue.finish(delivery)
    assert place.count(url) == (0, 0)


async def test_a_fault_that_stays_is_unavailability(place: AwsPlace, sqs: AwsClient, faults: AwsFaults) -> None:
    """After a few tries each call says that the service is not to be had, and the message stays in hand."""
    url = place.make_queue()
    place.send(url, "a")
    queue = SqsQueue(sqs, url)
    (delivery,) = await queue.receive(1, wait_seconds=0)
    faults.at_random(1, 1.0, faults=[Fault.ERROR, Fault.UNAVAILABLE, Fault.CUT, Fault.THROTTLE])
    calls = (
        lambda: queue.receive(1, wait_seconds=0),
        lambda: queue.heartbeat([delivery]),
        lambda: queue.dead_letter(delivery, reason="broken"),
        queue.backlog,
        queue.check,
    )
    for call in calls:
        with pytest.raises(ServiceUnavailable):
            await call()
    faults.calm()
    await queue.finish(delivery)
    assert place.count(url) == (0, 0)


async def test_a_service_that_says_nothing_is_waited_for_so_long(place: AwsPlace, faults: AwsFaults) -> None:
    """After a few tries that is the answer."""
    url = place.make_queue()
    faults.next("GetQueueAttributes", Fault.HANG, times=2)
    patience = Patience(try_seconds=0.5, retry=replace(AWS_CALL, attempts=2, first_seconds=0.01))
    async with Aws(place.access(faults.url, patience=patience)) as aws:
        queue = SqsQueue(await aws.client("sqs"), url)
        with pytest.raises(ServiceUnavailable, match="get_queue_attributes"):
            await queue.backlog()
    assert faults.seen("GetQueueAttributes") == 2


async def test_a_queue_that_does_not_exist_is_a_mistake(place: AwsPlace, sqs: AwsClient) -> None:
    """Whoever asks is told which queue it is, and where it is set."""
    url = place.make_queue() + "-no"
    queue = SqsQueue(sqs, url)
    for call in (lambda: queue.receive(1, wait_seconds=0), queue.check, queue.backlog):
        with pytest.raises(ResourceMissing, match=url) as caught:
            await call()
        assert "QUEUE_URL" in (caught.value.hint or "")
    queue = SqsQueue(sqs, place.make_queue(), dlq_url=url)
    with pytest.raises(ResourceMissing) as caught:
        await queue.check()
    assert "DLQ_URL" in (caught.value.hint or "")


async def test_what_is_not_allowed_waits_for_permission(place: AwsPlace, sqs: AwsClient, faults: AwsFaults) -> None:
    """No job may fail because its worker has no permission; and asking at once again would not help."""
    queue = SqsQueue(sqs, place.make_queue())
    faults.refuse("GetQueueAttributes", "AccessDeniedException")
    with pytest.raises(ServiceUnavailable, match="does not allow get_queue_attributes") as caught:
        await queue.backlog()
    assert caught.value.hint == "The proxy says so."
    assert faults.seen("GetQueueAttributes") == 1
