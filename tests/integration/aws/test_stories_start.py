"""The stories service of a process is opened on AWS as it is just then."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from uuid import uuid4

from pydantic import SecretStr

from aws_faults import Fault
from sayso.bootstrap.stories import StoriesOpener
from sayso.cache import NoCache
from sayso.observability import Metrics
from sayso.scheduling import Scheduler
from sayso.settings import Settings
from sayso.testing import FakeSpeechEngine
from sayso.tts.cache import SpeechCache
from sayso.tts.source import LocalSpeech
from waiting import WAIT_SECONDS, wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from aws import AwsPlace
    from aws_faults import AwsFaults
    from sayso.stories import StoriesService

TRIES = 5  # of a call, until it is given up


def service(place: AwsPlace, faults: AwsFaults, directory: Path, *, queue: str, table: str) -> StoriesService:
    settings = Settings(
        queue_url=queue,
        dynamodb_table=table,
        aws_endpoint_url=faults.url,
        aws_access_key_id="key",
        aws_secret_access_key=SecretStr("hush-hush"),
        output_bucket=uuid4().hex,
        kokoro_voice="fake_en",
        data_dir=directory,
    )
    place.boto("s3").create_bucket(Bucket=settings.output_bucket)
    engine = FakeSpeechEngine()
    opener = StoriesOpener(
        settings,
        sources=[LocalSpeech("fake", lambda: engine)],
        scheduler=Scheduler(turns=2, places=4),
        cache=SpeechCache(NoCache()),
        metrics=Metrics(),
    )
    return opener.service()


def test_a_worker_that_starts_in_an_outage_works_after_it(place: AwsPlace, faults: AwsFaults, tmp_path: Path) -> None:
    """Queues and a table that do not answer at the start are no reason to die: the story is told once they do."""
    queue = place.make_queue()
    message = {"text": "The lamp is lit.", "parent_id": "p", "tts_task_id": "a", "srt_task_id": "b"}
    stories = service(place, faults, tmp_path, queue=queue, table=place.make_table())
    for operation in ("GetQueueAttributes", "GetItem"):
        faults.next(operation, Fault.UNAVAILABLE, times=TRIES)
    place.send(queue, json.dumps(message))
    stories.start()
    try:
        wait_until(lambda: stories.trouble() is not None or place.count(queue) == (0, 0))
        assert stories.trouble() is None
    finally:
        stories.stop()
        place.send(queue, "which ends the poll under way, and is handed back")
        assert stories.join(WAIT_SECONDS)


def test_a_worker_whose_table_is_none_says_so(place: AwsPlace, faults: AwsFaults, tmp_path: Path) -> None:
    """A mistake in the settings does end it, with the reason for whoever asks for its health."""
    stories = service(place, faults, tmp_path, queue=place.make_queue(), table="none")
    stories.start()
    assert stories.join(WAIT_SECONDS)
    assert "There is no DynamoDB table" in str(stories.trouble())
