"""Notifications of model sync to SQS: in batches, in order, at least once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sayso.errors import ResourceMissing, ServiceUnavailable
from sayso.modelsync.journal.disk import PosixDisk
from sayso.modelsync.journal.entries import Notice
from sayso.modelsync.journal.journal import Journal
from sayso.modelsync.journal.values import OutboxEntry
from sayso.modelsync.notifications.channels import SqsChannel
from sayso.modelsync.notifications.notices import Notices
from sayso.modelsync.notifications.outbox import OutboxSender
from support.aws.faults import GONE, failing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sayso.aws.session import AwsClient
    from support.aws.faults import AwsFaults
    from support.aws.server import AwsPlace


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    root = tmp_path / "models"
    root.mkdir()
    with Journal.open(PosixDisk(root)) as opened:
        yield opened


def entry(generation: int, key: str | None = None) -> Notice:
    notices = Notices(base_path=Path("/models"), is_wanted=True, clock=lambda: 0.0)
    made = notices.entry(generation, "a", [notices.updated(key or f"{generation}.bin", size_bytes=3, seconds=0.0)])
    assert made is not None
    return Notice(outbox=OutboxEntry(generation=generation, key=made.key, payload=made.payload, is_ready=True))


async def test_sqs_takes_ten_at_once_and_no_path_twice(
    place: AwsPlace, sqs: AwsClient, faults: AwsFaults, journal: Journal
) -> None:
    """What SQS fails on is sent again, and what comes after waits for it; what it refuses is not."""
    url = place.make_queue()
    journal.append(*(entry(number) for number in range(1, 24)), entry(24, "23.bin"))
    sender = OutboxSender(lambda: journal, [SqsChannel(sqs, url)])
    faults.rewrite("SendMessageBatch", failing({1: "InternalError", 2: GONE}))
    with pytest.raises(ServiceUnavailable):
        await sender.send_all()
    assert set(journal.state.outbox) == {2, *range(11, 25)}
    await sender.send_all()
    assert [len(each["Entries"]) for each in faults.asked("SendMessageBatch")] == [10, 10, 4, 1]
    assert journal.state.outbox == {}
    generations = [
        int(message["MessageAttributes"]["Generation"]["StringValue"])
        for request in faults.asked("SendMessageBatch")
        for message in request["Entries"]
    ]
    assert generations == [*range(1, 11), 2, *range(11, 25)]
    faults.refuse("SendMessageBatch", "AWS.SimpleQueueService.NonExistentQueue")
    journal.append(entry(25))
    with pytest.raises(ResourceMissing, match="There is no SQS queue"):
        await sender.send_all()
    assert set(journal.state.outbox) == {25}
