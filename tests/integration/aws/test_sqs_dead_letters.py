"""Jobs from SQS that nobody can do: put aside with a reason, or left where they are, and brought back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sayso.errors import InvalidInput, ServiceUnavailable
from sayso.jobs.sqs import Redriven, SqsQueue, redrive
from sayso.jobs.sqs.dead_letters import fit
from support.aws.faults import Fault
from support.aws.server import QUICK

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sayso.aws.session import AwsClient
    from sayso.jobs import Delivery
    from support.aws.faults import AwsFaults
    from support.aws.server import AwsPlace

BODY = "this is no JSON \x85 ✓"


def text(value: str) -> dict[str, str]:
    """A string attribute of a message."""
    return {"DataType": "String", "StringValue": value}


async def received(queue: SqsQueue) -> Delivery:
    """A message that is there."""
    (delivery,) = await queue.receive(1, wait_seconds=0)
    return delivery


async def dead_lettered(sqs: AwsClient, url: str, dlq_url: str, reason: str) -> None:
    """Receive a message and put it aside."""
    queue = SqsQueue(sqs, url, dlq_url=dlq_url)
    await queue.dead_letter(await received(queue), reason=reason)
    await queue.close()


async def test_a_dead_letter_says_why_and_from_where(place: AwsPlace, sqs: AwsClient) -> None:
    """The dead-letter queue gets the body unchanged, the attributes that it had, the reason, and the source."""
    url, dlq_url = place.make_queue(), place.make_queue()
    theirs: Mapping[str, Any] = {
        "Trace": text("abc"),
        "Size": {"DataType": "Number", "StringValue": "7"},
        "Raw": {"DataType": "Binary", "BinaryValue": b"\x00\xff"},
    }
    place.send(url, BODY, MessageAttributes=theirs)
    await dead_lettered(sqs, url, dlq_url, "Not JSON:\x00\tline 1\nend")
    assert place.count(url) == (0, 0)
    (letter,) = place.messages(dlq_url)
    assert letter["Body"] == BODY
    ours = {"Reason": text("Not JSON: line 1 end"), "SourceQueue": text(url)}
    assert letter["MessageAttributes"] == {**theirs, **ours}


async def test_a_dead_letter_has_no_more_attributes_than_it_may(place: AwsPlace, sqs: AwsClient) -> None:
    """Of ten attributes, which is all that SQS allows, two make room for ours."""
    url, dlq_url = place.make_queue(), place.make_queue()
    place.send(url, BODY, MessageAttributes={f"Fact{number}": text("x") for number in range(10)})
    await dead_lettered(sqs, url, dlq_url, "broken")
    (letter,) = place.messages(dlq_url)
    assert len(letter["MessageAttributes"]) == 10
    assert letter["MessageAttributes"]["Reason"] == text("broken")


async def test_a_dead_letter_of_a_fifo_queue_keeps_its_group(
    place: AwsPlace, sqs: AwsClient, faults: AwsFaults
) -> None:
    """It goes under its group, and once although it was sent twice: its name is the message's."""
    url, dlq_url = place.make_queue(fifo=True), place.make_queue(fifo=True)
    job_id = place.send(url, BODY, group="g")
    faults.next("SendMessage", Fault.CUT, is_obeyed=True)
    await dead_lettered(sqs, url, dlq_url, "broken")
    (letter,) = place.messages(dlq_url)
    facts = letter["Attributes"]
    assert (facts["MessageGroupId"], facts["MessageDeduplicationId"]) == ("g", job_id)


async def test_a_message_is_put_aside_before_it_is_deleted(place: AwsPlace, sqs: AwsClient, faults: AwsFaults) -> None:
    """When it cannot be sent it is not deleted; when it was sent and cannot be deleted it is not sent again."""
    url, dlq_url = place.make_queue(), place.make_queue()
    place.send(url, BODY)
    queue = SqsQueue(sqs, url, dlq_url=dlq_url)
    delivery = await received(queue)
    faults.next("SendMessage", Fault.UNAVAILABLE, times=QUICK.retry.attempts)
    with pytest.raises(ServiceUnavailable):
        await queue.dead_letter(delivery, reason="broken")
    assert faults.seen("DeleteMessageBatch") == 0
    faults.next("DeleteMessageBatch", Fault.ERROR, times=QUICK.retry.attempts)
    with pytest.raises(ServiceUnavailable):
        await queue.dead_letter(delivery, reason="broken")
    await queue.dead_letter(delivery, reason="broken")
    assert place.count(url) == (0, 0)
    assert place.count(dlq_url) == (1, 0)


async def test_without_a_dead_letter_queue_the_redrive_policy_has_the_message(
    place: AwsPlace, sqs: AwsClient, faults: AwsFaults
) -> None:
    """It is never deleted, but comes again later and later, until SQS itself takes it away."""
    url, dead_url = place.make_queue(), place.make_queue()
    policy = f'{{"deadLetterTargetArn": "{place.arn(dead_url)}", "maxReceiveCount": 2}}'
    place.boto("sqs").set_queue_attributes(QueueUrl=url, Attributes={"RedrivePolicy": policy})
    place.send(url, BODY)
    queue = SqsQueue(sqs, url)
    await queue.check()
    for times in (1, 2):
        delivery = await received(queue)
        await queue.dead_letter(delivery, reason="broken")
        assert (place.count(url), queue.left_to_redrive) == ((0, 1), times)
        place.boto("sqs").change_message_visibility(QueueUrl=url, ReceiptHandle=delivery.lease, VisibilityTimeout=0)
    assert list(await queue.receive(1, wait_seconds=0)) == []
    first, second = (wish["VisibilityTimeout"] for wish in faults.asked("ChangeMessageVisibility"))
    assert 15 <= first <= 30 <= second <= 60
    assert faults.seen("DeleteMessageBatch") == 0
    assert place.count(dead_url) == (1, 0)


async def test_a_message_that_the_dead_letter_queue_does_not_take_stays(place: AwsPlace, sqs: AwsClient) -> None:
    """A queue that is missing, or has no room for it, is no reason to lose a message."""
    url = place.make_queue()
    place.send(url, "x" * 2000)
    for dlq_url in (place.make_queue() + "-no", place.make_queue(MaximumMessageSize="1024")):

        async def scenario(dlq_url: str = dlq_url) -> None:
            queue = SqsQueue(sqs, url, dlq_url=dlq_url)
            delivery = await received(queue)
            await queue.dead_letter(delivery, reason="broken")
            assert queue.left_to_redrive == 1
            place.boto("sqs").change_message_visibility(QueueUrl=url, ReceiptHandle=delivery.lease, VisibilityTimeout=0)

        await scenario()
    assert place.count(url) == (1, 0)


@given(st.text(st.characters(exclude_categories=())))
def test_any_reason_fits(reason: str) -> None:
    """Whatever a reason holds, what is made of it is a line that SQS takes, and that it leaves as it is."""
    line = fit(reason)
    assert 0 < len(line) <= 400
    assert not set(line) & {*map(chr, range(32)), "\ufffe", "\uffff"}
    assert fit(line) == line
    line.encode()


# Redriving


async def test_dead_letters_come_back(place: AwsPlace, sqs: AwsClient) -> None:
    """They are moved as they first were, and each begins anew."""
    url, dlq_url = place.make_queue(), place.make_queue()
    for number in range(12):
        place.send(url, str(number), MessageAttributes={"Trace": text("abc")})
    for _ in range(12):
        await dead_lettered(sqs, url, dlq_url, "broken")
    assert await redrive(sqs, url, dlq_url=dlq_url) == Redriven(moved=12)
    assert place.count(dlq_url) == (0, 0)
    assert place.count(url) == (12, 0)
    message = place.messages(url)[0]
    assert message["MessageAttributes"] == {"Trace": text("abc")}
    assert message["Attributes"]["ApproximateReceiveCount"] == "1"


async def test_dead_letters_of_others_stay(place: AwsPlace, sqs: AwsClient) -> None:
    """In a dead-letter queue that several share, each has its own."""
    url, other_url, dlq_url = place.make_queue(), place.make_queue(), place.make_queue()
    place.send(url, "ours")
    place.send(other_url, "theirs")
    await dead_lettered(sqs, url, dlq_url, "broken")
    await dead_lettered(sqs, other_url, dlq_url, "broken")
    assert await redrive(sqs, url, dlq_url=dlq_url) == Redriven(moved=1, left=1)
    assert [message["Body"] for message in place.messages(url)] == ["ours"]
    assert [message["Body"] for message in place.messages(dlq_url)] == ["theirs"]


async def test_dead_letters_of_a_fifo_queue_come_back_in_order(place: AwsPlace, sqs: AwsClient) -> None:
    """Each under its group, although its first name is known to the queue still."""
    url, dlq_url = place.make_queue(fifo=True), place.make_queue(fifo=True)
    for body in ("1", "2", "3"):
        place.send(url, body, group="g")
        await dead_lettered(sqs, url, dlq_url, "broken")
    assert await redrive(sqs, url, dlq_url=dlq_url) == Redriven(moved=3)
    messages = await SqsQueue(sqs, url).receive(3, wait_seconds=0)
    assert [(message.body, message.group) for message in messages] == [("1", "g"), ("2", "g"), ("3", "g")]


async def test_no_dead_letter_is_lost_on_its_way_back(place: AwsPlace, sqs: AwsClient, faults: AwsFaults) -> None:
    """When SQS fails in the middle, what was moved is moved, and the rest is where it was."""
    url, dlq_url = place.make_queue(), place.make_queue()
    for number in range(3):
        place.send(url, str(number))
    for _ in range(3):
        await dead_lettered(sqs, url, dlq_url, "broken")
    faults.rewrite("SendMessage", lambda answer: answer)
    faults.next("SendMessage", Fault.ERROR, times=QUICK.retry.attempts)
    with pytest.raises(ServiceUnavailable):
        await redrive(sqs, url, dlq_url=dlq_url)
    assert (place.count(url), place.count(dlq_url)) == ((1, 0), (0, 2))


async def test_sqs_itself_moves_what_its_policy_put_aside(place: AwsPlace, sqs: AwsClient, faults: AwsFaults) -> None:
    """Without a dead-letter queue of ours, SQS is asked to move the messages of its own, and waited for."""
    url, dead_url = place.make_queue(), place.make_queue()
    arn = place.arn(dead_url)
    policy = f'{{"deadLetterTargetArn": "{arn}", "maxReceiveCount": 2}}'
    place.boto("sqs").set_queue_attributes(QueueUrl=url, Attributes={"RedrivePolicy": policy})
    faults.answer("StartMessageMoveTask", {"TaskHandle": "t"}, times=3)
    for status, moved in (("RUNNING", 3), ("COMPLETED", 7)):
        result = {"TaskHandle": "t", "Status": status, "ApproximateNumberOfMessagesMoved": moved, "SourceArn": arn}
        faults.answer("ListMessageMoveTasks", {"Results": [result]})
    assert await redrive(sqs, url, dlq_url=None) == Redriven(moved=7)
    assert faults.asked("StartMessageMoveTask") == [{"SourceArn": arn}]
    result = {"TaskHandle": "t", "Status": "RUNNING", "ApproximateNumberOfMessagesMoved": 2, "SourceArn": arn}
    faults.answer("ListMessageMoveTasks", {"Results": [result]})
    moving = redrive(sqs, url, dlq_url=None, patience_seconds=0)
    assert await moving == Redriven(moved=2, is_finished=False)
    result = {"Status": "FAILED", "FailureReason": "AccessDenied", "SourceArn": arn}
    faults.answer("ListMessageMoveTasks", {"Results": [result]})
    with pytest.raises(ServiceUnavailable, match="AccessDenied"):
        await redrive(sqs, url, dlq_url=None)


async def test_without_any_dead_letter_queue_there_is_nothing_to_redrive(place: AwsPlace, sqs: AwsClient) -> None:
    """Whoever asks is told what to set."""
    with pytest.raises(InvalidInput, match="has no dead-letter queue"):
        await redrive(sqs, place.make_queue(), dlq_url=None)
