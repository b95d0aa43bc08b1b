"""Jobs from SQS over HTTP: what is received, kept, finished, and handed back."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

import pytest

from sayso.errors import LeaseLost, ServiceUnavailable
from sayso.jobs.sqs import SqsQueue
from support.aws.faults import GONE, Fault, failing
from support.aws.server import QUICK
from support.waiting import WAIT_SECONDS, until

if TYPE_CHECKING:
    from sayso.aws.session import AwsClient
    from support.aws.faults import AwsFaults
    from support.aws.server import AwsPlace

BODY = '{"Type": "Notification", "Message": "{\\"text\\": \\"Grüße, 你好 🌊\\"}"}'
TWELVE_HOURS = 12 * 3600


async def test_a_message_comes_as_it_was_sent(place: AwsPlace, sqs: AwsClient) -> None:
    """Bodies are handed out unchanged, with SQS's name, count and age, and each delivery has a name of its own."""
    url = place.make_queue()
    job_id = place.send(url, BODY)
    queue = SqsQueue(sqs, url)
    (first,) = await queue.receive(5, wait_seconds=1)
    await queue.retry(first, delay_seconds=0)
    (second,) = await queue.receive(5, wait_seconds=1)
    assert (first.job_id, first.body, first.attempt, first.group) == (job_id, BODY, 1, None)
    assert (second.job_id, second.body, second.attempt, second.deliveries) == (job_id, BODY, 1, 2)
    assert first.lease != second.lease
    assert 0 <= first.age_seconds <= second.age_seconds + 1 < WAIT_SECONDS


async def test_only_own_attempts_count(place: AwsPlace, sqs: AwsClient) -> None:
    """What earlier consumers received is no attempt, but a reason for caution, as is what came back unasked."""
    url = place.make_queue()
    place.send(url, BODY)
    for _ in range(5):
        place.messages(url)
    queue = SqsQueue(sqs, url)
    (delivery,) = await queue.receive(5, wait_seconds=1)
    assert (delivery.attempt, delivery.deliveries, delivery.is_suspect) == (1, 6, True)
    assert delivery.releases == 0
    await queue.retry(delivery, delay_seconds=0, error="The source was down.")
    (delivery,) = await queue.receive(5, wait_seconds=1)
    assert (delivery.attempt, delivery.releases) == (2, 0)
    await queue.retry(delivery, delay_seconds=0)
    (delivery,) = await queue.receive(5, wait_seconds=1)
    assert (delivery.attempt, delivery.releases) == (2, 1)
    await queue.dead_letter(delivery, reason="no")
    place.send(url, BODY)
    (delivery,) = [one for one in await queue.receive(5, wait_seconds=1) if one.deliveries == 1]
    assert (delivery.attempt, delivery.is_suspect) == (1, False)
    place.pass_time(url, 31)
    (delivery,) = [one for one in await queue.receive(5, wait_seconds=1) if one.deliveries == 2]
    assert (delivery.attempt, delivery.is_suspect) == (2, True)


async def test_nothing_comes_from_an_empty_queue(place: AwsPlace, sqs: AwsClient) -> None:
    """A receiver that waited in vain is told so."""
    queue = SqsQueue(sqs, place.make_queue())
    assert list(await queue.receive(5, wait_seconds=0)) == []


async def test_more_than_ten_messages_take_several_requests(place: AwsPlace, sqs: AwsClient, faults: AwsFaults) -> None:
    """SQS hands out ten at a time; a receiver gets as many as it asked for, and waits only for the first."""
    url = place.make_queue()
    for number in range(25):
        place.send(url, str(number))
    queue = SqsQueue(sqs, url)
    deliveries = await queue.receive(24, wait_seconds=20)
    assert len({delivery.job_id for delivery in deliveries}) == 24
    asked = faults.asked("ReceiveMessage")
    assert [(wish["MaxNumberOfMessages"], wish["WaitTimeSeconds"]) for wish in asked] == [(10, 20), (10, 0), (4, 0)]


async def test_what_has_come_is_kept_when_more_cannot_be_had(
    place: AwsPlace, sqs: AwsClient, faults: AwsFaults
) -> None:
    """When a later request of several fails, what the first one brought is handed out."""
    url = place.make_queue()
    for number in range(12):
        place.send(url, str(number))
    faults.rewrite("ReceiveMessage", lambda answer: answer)
    faults.next("ReceiveMessage", Fault.ERROR, times=QUICK.retry.attempts)
    queue = SqsQueue(sqs, url)
    assert len(await queue.receive(20, wait_seconds=0)) == 10


async def test_finished_messages_are_gone(place: AwsPlace, sqs: AwsClient, faults: AwsFaults) -> None:
    """Many that are finished at once go in few requests, and each of them is gone."""
    url = place.make_queue()
    for number in range(30):
        place.send(url, str(number))
    queue = SqsQueue(sqs, url)
    deliveries = await queue.receive(30, wait_seconds=0)
    await asyncio.gather(*(queue.finish(delivery) for delivery in deliveries))
    with pytest.raises(LeaseLost):
        await queue.finish(deliveries[0])
    await queue.close()
    assert place.count(url) == (0, 0)
    assert faults.seen("DeleteMessageBatch") == 3


async def test_each_caller_is_told_of_its_own_message(place: AwsPlace, sqs: AwsClient, faults: AwsFaults) -> None:
    """Of a batch, an entry that fails is asked for again, and whoever asked for it alone hears of its failure."""
    url = place.make_queue()
    for number in range(4):
        place.send(url, str(number))
    # The fourth does at the second request; the third never; the second is somebody else's.
    faults.rewrite("DeleteMessageBatch", failing({1: GONE, 2: "InternalError", 3: "InternalError"}))
    faults.rewrite("DeleteMessageBatch", failing({2: "InternalError"}), times=2)

    async def scenario() -> list[BaseException | None]:
        queue = SqsQueue(sqs, url)
        deliveries = await queue.receive(4, wait_seconds=0)
        finishing = (queue.finish(delivery) for delivery in deliveries)
        return await asyncio.gather(*finishing, return_exceptions=True)

    assert [type(result) for result in await scenario()] == [
        type(None),
        LeaseLost,
        ServiceUnavailable,
        type(None),
    ]
    assert [len(wish["Entries"]) for wish in faults.asked("DeleteMessageBatch")] == [4, 2, 1]


async def test_whoever_leaves_has_its_message_deleted(place: AwsPlace, sqs: AwsClient, faults: AwsFaults) -> None:
    """A caller that is cancelled while its message is deleted disturbs neither that nor the others."""
    url = place.make_queue()
    place.send(url, "a")
    place.send(url, "b")
    go = threading.Event()
    faults.rewrite("DeleteMessageBatch", lambda answer: answer if go.wait(WAIT_SECONDS) else {})
    queue = SqsQueue(sqs, url)
    first, second = await queue.receive(2, wait_seconds=0)
    leaving, staying = asyncio.create_task(queue.finish(first)), asyncio.create_task(queue.finish(second))
    await until(lambda: faults.seen("DeleteMessageBatch") == 1)
    leaving.cancel()
    go.set()
    await staying
    assert leaving.cancelled()
    assert place.count(url) == (0, 0)


async def test_the_backlog_is_what_sqs_counts(place: AwsPlace, sqs: AwsClient) -> None:
    """Waiting are those that are visible or delayed, in flight those in hand; the oldest is ours: SQS tells of none."""
    url = place.make_queue()
    for number in range(3):
        place.send(url, str(number))
    place.send(url, "later", DelaySeconds=600)
    queue = SqsQueue(sqs, url)
    assert (await queue.backlog()).oldest_age_seconds is None
    await queue.receive(1, wait_seconds=0)
    backlog = await queue.backlog()
    assert (backlog.waiting, backlog.in_flight) == (3, 1)
    assert backlog.oldest_age_seconds is not None
    assert 0 <= backlog.oldest_age_seconds < WAIT_SECONDS


async def test_sqs_never_revokes(place: AwsPlace, sqs: AwsClient) -> None:
    """There is no hint to wait for, and waiting for it ends only by being cancelled."""
    revoked = asyncio.create_task(SqsQueue(sqs, place.make_queue()).wait_for_revocation())
    done, _ = await asyncio.wait({revoked}, timeout=0.01)
    assert not done
    revoked.cancel()


async def test_a_retry_comes_after_its_delay(place: AwsPlace, sqs: AwsClient, faults: AwsFaults) -> None:
    """The delay is in whole seconds, and never beyond what SQS allows a message in all."""
    url = place.make_queue()
    place.send(url, "a")
    queue = SqsQueue(sqs, url)
    for delay_seconds in (0.2, 1e9):
        (delivery,) = await queue.receive(1, wait_seconds=20)
        await queue.retry(delivery, delay_seconds=delay_seconds, error="broken")
    first, second = (wish["VisibilityTimeout"] for wish in faults.asked("ChangeMessageVisibility"))
    assert first == 1
    assert TWELVE_HOURS - 100 < second < TWELVE_HOURS


async def test_a_retry_of_what_is_not_in_hand_is_lost(place: AwsPlace, sqs: AwsClient, faults: AwsFaults) -> None:
    """When SQS says that the message is visible, or gone, it is somebody else's."""
    url = place.make_queue()
    place.send(url, "a")
    faults.refuse("ChangeMessageVisibility", "com.amazonaws.sqs#MessageNotInflight")
    queue = SqsQueue(sqs, url)
    (delivery,) = await queue.receive(1, wait_seconds=0)
    with pytest.raises(LeaseLost):
        await queue.retry(delivery, delay_seconds=0)


async def test_a_retry_whose_answer_was_lost_has_succeeded(place: AwsPlace, sqs: AwsClient, faults: AwsFaults) -> None:
    """A second try that is refused, because the first had been obeyed, is a success."""
    url = place.make_queue()
    place.send(url, "a")
    faults.next("ChangeMessageVisibility", Fault.CUT, is_obeyed=True)
    faults.refuse("ChangeMessageVisibility", "com.amazonaws.sqs#MessageNotInflight")
    queue = SqsQueue(sqs, url)
    (delivery,) = await queue.receive(1, wait_seconds=0)
    await queue.retry(delivery, delay_seconds=0)
    assert place.count(url) == (1, 0)


async def test_what_a_poll_under_way_brings_is_handed_back(place: AwsPlace, sqs: AwsClient, faults: AwsFaults) -> None:
    """A receiver that is cancelled waits for its poll, makes visible what it brings, and is cancelled then."""
    url = place.make_queue()
    queue = SqsQueue(sqs, url)
    receiving = asyncio.create_task(queue.receive(5, wait_seconds=20))
    await until(lambda: faults.seen("ReceiveMessage") == 1)
    receiving.cancel()
    place.send(url, "a")
    with pytest.raises(asyncio.CancelledError):
        await receiving
    assert place.count(url) == (1, 0)
    assert (await queue.backlog()).oldest_age_seconds is None
    (delivery,) = await queue.receive(5, wait_seconds=0)
    assert (delivery.attempt, delivery.deliveries) == (1, 2)


async def test_a_poll_that_fails_while_its_receiver_leaves_is_no_matter(
    place: AwsPlace, sqs: AwsClient, faults: AwsFaults
) -> None:
    """What goes wrong then is nobody's business: the cancellation goes through."""
    url = place.make_queue()
    faults.next("ReceiveMessage", Fault.HANG)
    faults.next("ReceiveMessage", Fault.ERROR, times=QUICK.retry.attempts)
    queue = SqsQueue(sqs, url)
    receiving = asyncio.create_task(queue.receive(5, wait_seconds=20))
    await until(lambda: faults.seen("ReceiveMessage") == 1)
    receiving.cancel()
    await asyncio.sleep(0)
    faults.calm()
    faults.next("ReceiveMessage", Fault.ERROR, times=QUICK.retry.attempts)
    with pytest.raises(asyncio.CancelledError):
        await receiving


async def test_a_receiver_that_is_cancelled_twice_leaves_at_once(
    place: AwsPlace, sqs: AwsClient, faults: AwsFaults
) -> None:
    """Whoever insists does not wait for the poll."""
    url = place.make_queue()
    queue = SqsQueue(sqs, url)
    receiving = asyncio.create_task(queue.receive(5, wait_seconds=20))
    await until(lambda: faults.seen("ReceiveMessage") == 1)
    receiving.cancel()
    await asyncio.sleep(0.01)
    receiving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(receiving, WAIT_SECONDS)


async def test_a_poll_is_waited_for_as_long_as_asked(place: AwsPlace, sqs: AwsClient, faults: AwsFaults) -> None:
    """A poll that goes on for longer is given up; what came before that is visible again."""
    url = place.make_queue()
    patient = SqsQueue(sqs, url, cancelled_seconds=WAIT_SECONDS)
    receiving = asyncio.create_task(patient.receive(5, wait_seconds=20))
    await until(lambda: faults.seen("ReceiveMessage") == 1)
    receiving.cancel()
    place.send(url, "a")
    with pytest.raises(asyncio.CancelledError):
        await receiving
    assert place.count(url) == (1, 0)
    faults.next("ReceiveMessage", Fault.HANG)
    hurried = SqsQueue(sqs, url, cancelled_seconds=0.01)
    receiving = asyncio.create_task(hurried.receive(5, wait_seconds=20))
    await until(lambda: faults.seen("ReceiveMessage") == 2)
    receiving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await receiving  # the request hangs until `calm`
    assert place.count(url) == (1, 0)
