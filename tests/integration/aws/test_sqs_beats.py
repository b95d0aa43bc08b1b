"""Jobs from SQS over HTTP: how they are kept, and when they are lost."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

import pytest

from sayso.aws.session import Aws
from sayso.errors import LeaseLost, ServiceUnavailable
from sayso.jobs.sqs import SqsQueue
from support.aws.faults import GONE, failing
from support.aws.server import Time
from support.waiting import WAIT_SECONDS, until

if TYPE_CHECKING:
    from sayso.aws.session import AwsClient
    from support.aws.faults import AwsFaults
    from support.aws.server import AwsPlace

BODY = '{"Type": "Notification", "Message": "{\\"text\\": \\"Grüße, 你好 🌊\\"}"}'
TWELVE_HOURS = 12 * 3600


async def test_a_beat_keeps_messages_from_others(place: AwsPlace, sqs: AwsClient) -> None:
    """Messages that are beaten for outlive their leases, and nobody else receives them."""
    url = place.make_queue()
    for number in range(12):
        place.send(url, str(number))
    queue = SqsQueue(sqs, url, lease_seconds=600)
    deliveries = await queue.receive(12, wait_seconds=0)
    place.pass_time(url, 400)
    assert list(await queue.heartbeat(deliveries)) == []
    place.pass_time(url, 400)
    assert place.count(url) == (0, 12)


async def test_a_beat_tells_which_messages_are_lost(place: AwsPlace, sqs: AwsClient, faults: AwsFaults) -> None:
    """An entry that SQS does not know is lost, for good; one that only failed is asked for again."""
    url = place.make_queue()
    for number in range(3):
        place.send(url, str(number))
    beat = "ChangeMessageVisibilityBatch"
    faults.rewrite(beat, failing({0: "InternalError", 1: "MessageNotInflight"}))
    queue = SqsQueue(sqs, url)
    deliveries = await queue.receive(3, wait_seconds=0)
    assert list(await queue.heartbeat(deliveries)) == [deliveries[1]]
    assert [len(wish["Entries"]) for wish in faults.asked(beat)] == [3, 1]
    assert list(await queue.heartbeat(deliveries)) == [deliveries[1]]
    with pytest.raises(LeaseLost):
        await queue.finish(deliveries[1])
    assert [len(wish["Entries"]) for wish in faults.asked(beat)] == [3, 1, 2]


async def test_a_beat_that_did_not_reach_all_has_failed(place: AwsPlace, sqs: AwsClient, faults: AwsFaults) -> None:
    """When an entry keeps failing the beat says so, and what is lost is told by the next."""
    url = place.make_queue()
    place.send(url, "a")
    place.send(url, "b")
    beat = "ChangeMessageVisibilityBatch"
    faults.rewrite(beat, failing({0: "InternalError", 1: "MessageNotInflight"}))
    faults.rewrite(beat, failing({0: "InternalError"}), times=2)
    queue = SqsQueue(sqs, url)
    deliveries = await queue.receive(2, wait_seconds=0)
    with pytest.raises(ServiceUnavailable):
        await queue.heartbeat(deliveries)
    assert list(await queue.heartbeat(deliveries)) == [deliveries[1]]


async def test_a_beat_that_races_a_delete_brings_no_noise(place: AwsPlace, sqs: AwsClient, faults: AwsFaults) -> None:
    """A message that is finished while a beat is under way is not lost; it is never beaten for again."""
    url = place.make_queue()
    place.send(url, "a")
    go = threading.Event()
    beat = "ChangeMessageVisibilityBatch"
    faults.rewrite(beat, lambda answer: failing({0: GONE})(answer) if go.wait(WAIT_SECONDS) else {})
    queue = SqsQueue(sqs, url)
    (delivery,) = await queue.receive(1, wait_seconds=0)
    beating = asyncio.create_task(queue.heartbeat([delivery]))
    await until(lambda: faults.seen(beat) == 1)
    await queue.finish(delivery)
    go.set()
    assert list(await beating) == []
    await queue.heartbeat([delivery])
    assert faults.seen(beat) == 1
    assert place.count(url) == (0, 0)


async def test_a_message_that_is_being_finished_is_not_beaten_for(
    place: AwsPlace, sqs: AwsClient, faults: AwsFaults
) -> None:
    """Beats end before the delete begins; when it fails they go on."""
    url = place.make_queue()
    place.send(url, "a")
    go = threading.Event()
    faults.rewrite("DeleteMessageBatch", lambda answer: failing({0: "InternalError"})(answer) if go.wait(9) else {})
    faults.rewrite("DeleteMessageBatch", failing({0: "InternalError"}), times=2)
    queue = SqsQueue(sqs, url)
    (delivery,) = await queue.receive(1, wait_seconds=0)
    finishing = asyncio.create_task(queue.finish(delivery))
    await until(lambda: faults.seen("DeleteMessageBatch") == 1)
    assert list(await queue.heartbeat([delivery])) == []
    assert faults.seen("ChangeMessageVisibilityBatch") == 0
    go.set()
    with pytest.raises(ServiceUnavailable):
        await finishing
    faults.answer("ChangeMessageVisibilityBatch", {"Successful": [{"Id": "0"}]})
    assert list(await queue.heartbeat([delivery])) == []
    assert faults.seen("ChangeMessageVisibilityBatch") == 1
    await queue.finish(delivery)


async def test_a_message_is_handed_back_after_the_beat_under_way(
    place: AwsPlace, sqs: AwsClient, faults: AwsFaults
) -> None:
    """A beat that is late cannot hide what was handed back meanwhile."""
    url = place.make_queue()
    place.send(url, "a")
    go = threading.Event()
    faults.rewrite("ChangeMessageVisibilityBatch", lambda answer: answer if go.wait(WAIT_SECONDS) else {})
    queue = SqsQueue(sqs, url)
    (delivery,) = await queue.receive(1, wait_seconds=0)
    beating = asyncio.create_task(queue.heartbeat([delivery]))
    await until(lambda: faults.seen("ChangeMessageVisibilityBatch") == 1)
    retrying = asyncio.create_task(queue.retry(delivery, delay_seconds=0))
    await asyncio.sleep(0.05)
    assert faults.seen("ChangeMessageVisibility") == 0
    go.set()
    await retrying
    assert list(await beating) == []
    assert place.count(url) == (1, 0)


@pytest.mark.parametrize(("seconds", "beaten"), [(31, False), (TWELVE_HOURS - 89, True)], ids=["a lease", "12 hours"])
async def test_a_message_is_lost_in_time(place: AwsPlace, faults: AwsFaults, seconds: float, *, beaten: bool) -> None:
    """After a lease without a beat, and shortly before SQS's 12 hours, it counts as lost, and SQS is told nothing."""
    url = place.make_queue()
    place.send(url, "a")
    clock = Time()
    async with Aws(place.access(faults.url), clock=clock) as aws:
        queue = SqsQueue(await aws.client("sqs"), url)
        (delivery,) = await queue.receive(1, wait_seconds=0)
        end = clock.now + seconds
        if beaten:  # for almost 12 hours
            clock.now = end - 1
            queue._leases._leases[delivery.lease].until = end
            faults.answer("ChangeMessageVisibilityBatch", {"Successful": [{"Id": "0"}]})
            assert list(await queue.heartbeat([delivery])) == []
        faults.forget()
        clock.now = end
        assert list(await queue.heartbeat([delivery])) == [delivery]
        for settling in (
            queue.finish(delivery),
            queue.retry(delivery, delay_seconds=0),
            queue.dead_letter(delivery, reason="broken"),
        ):
            with pytest.raises(LeaseLost):
                await settling
        assert faults.history == []
        assert (await queue.backlog()).oldest_age_seconds is None
    assert place.count(url) == (0, 1)
