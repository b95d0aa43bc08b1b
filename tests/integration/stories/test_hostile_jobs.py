"""A job that kills its process, beside many that do not: they are done, and the service goes on."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import httpx2
import psycopg

from sayso.audio import AudioFormat
from sayso.narration import NarrationSpec
from sayso.narrations import NarrationRequest
from sayso.narrations.postgres.store import PostgresNarrationStore
from sayso.postgres.pool import Database
from support.stories.process import StoriesProcess
from support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from support.aws.server import AwsPlace

GOOD = 40
GOOD_ON_SQS = 10  # moto does one thing at a time, and a story asks for twenty
WORD = "abracadabra"
HOSTILE = f"The keeper said {WORD}."
KILLED = "The process of the attempt was killed by SIGKILL."
MAX_ATTEMPTS = 3
SECONDS = 600.0
WORKER = Path(__file__).parents[2] / "chaos" / "worker.py"


def text(number: int) -> str:
    return f"The lamp of keeper {number} is lit."


class Supervised(StoriesProcess):
    """A worker that is started again whenever it has died, as whatever runs containers does; ``deaths`` counts."""

    def __init__(self, directory: Path, settings: Mapping[str, str]) -> None:
        fake = {"CHAOS_ENGINE": "fake", "CHAOS_FAKE_SECONDS": "0", "CHAOS_DEADLY": WORD, "CHAOS_LEASE_SECONDS": "6"}
        attempts = {"KOKORO_VOICE": "fake_en", "SAYSO_MAX_ATTEMPTS": str(MAX_ATTEMPTS)}
        super().__init__(directory, {**fake, **attempts, **settings})
        self.deaths = 0

    def start(self) -> None:
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, str(WORKER), "run", "stories"], env=self.environment, stdout=log, stderr=log
            )

    def wait(self, condition: Callable[[], bool]) -> None:
        """Wait for a condition, and start what has died again meanwhile."""

        def is_over() -> bool:
            self.revive()
            return condition()

        try:
            wait_until(is_over, seconds=SECONDS)
        except AssertionError:
            print(self.log[-20_000:])  # noqa: T201 -- what explains the failure
            raise

    def revive(self) -> None:
        if self.process.poll() is not None:
            self.deaths += 1
            self.start()

    def check(self) -> None:
        """It died of the job once, is up, and is well."""
        assert self.deaths == 1, self.log
        self.wait_until_ready()
        assert httpx2.get(f"{self.url}/healthz", timeout=60).json() == {"ok": True}


def test_on_sqs(aws_place: AwsPlace, tmp_path: Path) -> None:
    """A message that kills is a dead letter after its attempts, of which only the first took a worker down with it."""
    queue, dead_letters, table = aws_place.make_queue(), aws_place.make_queue(), aws_place.make_table()
    bucket = f"bucket-{uuid4().hex}"
    aws_place.boto("s3").create_bucket(Bucket=bucket)
    messages = [HOSTILE if number == GOOD_ON_SQS // 2 else text(number) for number in range(GOOD_ON_SQS + 1)]
    for number, words in enumerate(messages):
        tasks = {"parent_id": f"p{number}", "tts_task_id": "a", "srt_task_id": "b"}
        aws_place.send(queue, json.dumps(tasks | {"text": words}))
    settings = {
        "QUEUE_URL": queue,
        "DLQ_URL": dead_letters,
        "DYNAMODB_TABLE": table,
        "OUTPUT_BUCKET": bucket,
        "AWS_ENDPOINT_URL": aws_place.url,
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "hush-hush",
    }
    with Supervised(tmp_path, settings) as worker:
        worker.wait(lambda: aws_place.count(queue) == (0, 0) and aws_place.count(dead_letters) == (1, 0))
        worker.check()
    (letter,) = aws_place.messages(dead_letters)
    assert letter["MessageAttributes"]["Reason"]["StringValue"] == KILLED
    statuses = [aws_place.item(table, f"p{number}", "a")["status"]["S"] for number in range(GOOD_ON_SQS + 1)]
    assert statuses == ["FAILED" if words == HOSTILE else "COMPLETED" for words in messages]


async def test_on_postgres(database_url: str, tmp_path: Path) -> None:
    """A narration that kills has failed after its attempts, with the reason, and all others are completed."""

    def request(words: str) -> NarrationRequest:
        spec = NarrationSpec(name="n", voice="fake_en", audio=(AudioFormat.WAV,), subtitles=("srt",))
        return NarrationRequest(spec=spec, text=words)

    async with Database(database_url) as database:
        store = PostgresNarrationStore(database)
        for number in range(GOOD + 1):
            await store.submit(request(HOSTILE if number == GOOD // 2 else text(number)), owner="")
    with (
        psycopg.connect(database_url, autocommit=True) as connection,
        Supervised(tmp_path, {"DATABASE_URL": database_url}) as worker,
    ):

        def states() -> dict[str, int]:
            statement = "select state, count(*) from sayso.jobs where queue = 'stories' group by state"
            return dict(connection.execute(statement).fetchall())

        worker.wait(lambda: states() == {"done": GOOD, "dead": 1})
        worker.check()
        statement = "select status, count(*), max(error) from sayso.tasks group by status order by status"
        assert connection.execute(statement).fetchall() == [("COMPLETED", 2 * GOOD, None), ("FAILED", 2, KILLED)]
        (attempts,) = connection.execute("select attempts from sayso.jobs where state = 'dead'").fetchone() or ()
        assert attempts == MAX_ATTEMPTS
