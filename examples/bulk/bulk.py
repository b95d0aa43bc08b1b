"""Narrate many texts with workers on a queue: submit a manifest, watch its progress, list what failed.

    python bulk.py submit manifest.jsonl --batch spring
    python bulk.py progress manifest.jsonl --batch spring --watch
    python bulk.py failed manifest.jsonl --batch spring

The manifest has a JSON object a line: {"id": "chapter-1", "file": "chapter-1.md"} or {"id": "hello", "text": "Hello."},
and optionally "voice" and "speed". Files are sought beside the manifest. QUEUE_URL, DYNAMODB_TABLE and OUTPUT_BUCKET
are those of the workers; credentials come from where AWS's own tools find them.

Submitting again is safe: what is completed or in progress is left out, so that an interrupted submission is simply
repeated. A text whose message is on the queue twice is narrated once.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
from boto3.dynamodb.conditions import Key

if TYPE_CHECKING:
    from collections.abc import Iterator

MESSAGE_BYTES = 1_048_576
"""The largest message of SQS, and the largest batch."""

BATCH = 10
AUDIO, SUBTITLES = "audio", "subtitles"


class Batch:
    """A manifest's texts on the queue, in the table and in the bucket.

    Args:
        name: of the batch: the parent of its tasks, and the directory of its files.
        items: of the manifest.
    """

    def __init__(self, name: str, items: list[dict[str, Any]]) -> None:
        self._name = name
        self._items = items
        self._queue_url = setting("QUEUE_URL")
        self._bucket = setting("OUTPUT_BUCKET")
        self._sqs = boto3.client("sqs")
        self._table = boto3.resource("dynamodb").Table(setting("DYNAMODB_TABLE"))

    def messages(self, suffix: str, *, left_out: set[str]) -> Iterator[tuple[str, str]]:
        """The id and the message of each text that is to be narrated."""
        for item in self._items:
            if item["id"] in left_out:
                continue
            place = f"s3://{self._bucket}/{self._name}/{item['id']}"
            message = {
                "text": item["text"],
                "parent_id": self._name,
                "tts_task_id": f"{item['id']}/{AUDIO}",
                "srt_task_id": f"{item['id']}/{SUBTITLES}",
                "audio_out": f"{place}.{suffix}",
                "subs_out": f"{place}.srt",
                **{name: item[name] for name in ("voice", "speed") if name in item},
            }
            yield item["id"], json.dumps(message, ensure_ascii=False)

    def submit(self, suffix: str) -> tuple[int, int]:
        """Put what is neither completed nor in progress on the queue; how many messages, and how many were left out."""
        states = self.states()
        left_out = {name for name, state in states.items() if state in {"COMPLETED", "IN_PROGRESS"}}
        sent, waiting, size = 0, [], 0
        for name, body in self.messages(suffix, left_out=left_out):
            length = len(body.encode())
            if length > MESSAGE_BYTES:
                raise SystemExit(
                    f"{name} has a message of {length} bytes, and SQS takes {MESSAGE_BYTES}: split the text."
                )
            if len(waiting) == BATCH or (waiting and size + length > MESSAGE_BYTES):
                sent += self._send(waiting)
                waiting, size = [], 0
            waiting.append((name, body))
            size += length
        sent += self._send(waiting)
        return sent, len(left_out)

    def _send(self, messages: list[tuple[str, str]]) -> int:
        entries = [{"Id": str(number), "MessageBody": body} for number, (_, body) in enumerate(messages)]
        tries = 0
        while entries:
            answer = self._sqs.send_message_batch(QueueUrl=self._queue_url, Entries=entries)
            failed = {each["Id"]: each for each in answer.get("Failed", ())}
            refused = [each for each in failed.values() if each["SenderFault"]]
            if refused:
                raise SystemExit(f"SQS refuses {messages[int(refused[0]['Id'])][0]}: {refused[0].get('Message')}")
            entries = [entry for entry in entries if entry["Id"] in failed]
            tries += 1
            if entries and tries == 5:
                raise SystemExit("SQS does not take messages. Submit again later: what is done by then is left out.")
            time.sleep(2**tries / 4 if entries else 0)
        return len(messages)

    def states(self) -> dict[str, str]:
        """The state of each text that a worker has taken: FAILED, IN_PROGRESS or COMPLETED, the first of its tasks'."""
        found: dict[str, set[str]] = {}
        query: dict[str, Any] = {"KeyConditionExpression": Key("id").eq(self._name)}
        while True:
            page = self._table.query(**query)
            for task in page["Items"]:
                found.setdefault(task["task_id"].rpartition("/")[0], set()).add(task["status"])
            if "LastEvaluatedKey" not in page:
                break
            query["ExclusiveStartKey"] = page["LastEvaluatedKey"]
        order = ("FAILED", "IN_PROGRESS", "COMPLETED")
        known = {item["id"] for item in self._items}
        return {
            name: next(state for state in order if state in states) for name, states in found.items() if name in known
        }

    def progress(self) -> tuple[Counter[str], int, int]:
        """How many texts are in each state, and how many messages wait and are in hand: of the whole queue."""
        states = self.states()
        counts = Counter(states.values())
        counts["NOT BEGUN"] = len(self._items) - len(states)
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        queue = self._sqs.get_queue_attributes(QueueUrl=self._queue_url, AttributeNames=names)["Attributes"]
        return counts, int(queue[names[0]]), int(queue[names[1]])

    @property
    def size(self) -> int:
        """How many texts there are."""
        return len(self._items)


def setting(name: str) -> str:
    """An environment variable of the workers."""
    value = os.environ.get(name, "").strip()
    if not value:
        raise SystemExit(f"{name} is not set: give it the value that the workers have.")
    return value


def read_manifest(path: Path) -> list[dict[str, Any]]:
    """The texts of a manifest, each with its id and its text."""
    items, seen = [], set()
    for number, line in enumerate(path.read_text(encoding="utf-8-sig").splitlines(), start=1):
        if not line.strip():
            continue
        try:
            item = json.loads(line)
            name = item["id"]
            text = item["text"] if "text" in item else (path.parent / item["file"]).read_text(encoding="utf-8-sig")
        except (ValueError, KeyError, TypeError, OSError) as error:
            raise SystemExit(f"{path}, line {number}: {type(error).__name__}: {error}") from None
        if not isinstance(name, str) or not name or not isinstance(text, str) or not text.strip():
            raise SystemExit(f"{path}, line {number}: the id and the text have to be there.")
        if name in seen:
            raise SystemExit(f"{path}, line {number}: the id {name} is there twice.")
        seen.add(name)
        items.append({**item, "text": text})
    if not items:
        raise SystemExit(f"{path} has no texts.")
    return items


def watch(batch: Batch, *, is_watching: bool) -> int:
    """Print the progress, once or until all is done; the exit code: 1 when something failed."""
    began, done_at_first = time.monotonic(), None
    while True:
        counts, waiting, in_hand = batch.progress()
        done = counts["COMPLETED"]
        done_at_first = done if done_at_first is None else done_at_first
        rate = (done - done_at_first) / max(time.monotonic() - began, 1e-9)
        left = batch.size - done - counts["FAILED"]
        minutes = f", about {left / rate / 60:.0f} min left" if rate and left else ""
        print(
            f"{done}/{batch.size} completed, {counts['IN_PROGRESS']} in progress, {counts['FAILED']} failed,"
            f" {counts['NOT BEGUN']} not begun; on the queue {waiting} waiting, {in_hand} in hand{minutes}",
            flush=True,
        )
        if left == 0 or not is_watching:
            return 1 if counts["FAILED"] else 0
        time.sleep(5)


def main() -> int:
    """Run a command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=["submit", "progress", "failed"])
    parser.add_argument("manifest", type=Path)
    parser.add_argument("--batch", required=True, help="name of the batch: the directory of its files in the bucket")
    parser.add_argument("--format", default="mp3", choices=["mp3", "wav", "flac", "opus", "aac"])
    parser.add_argument("--watch", action="store_true", help="print the progress until all is done")
    given = parser.parse_args()
    batch = Batch(given.batch, read_manifest(given.manifest))
    if given.command == "submit":
        sent, left_out = batch.submit(given.format)
        print(f"{sent} texts submitted, {left_out} left out that are completed or in progress")
        return 0
    if given.command == "failed":
        failed = sorted(name for name, state in batch.states().items() if state == "FAILED")
        print("\n".join(failed) or "none failed")
        return 1 if failed else 0
    return watch(batch, is_watching=given.watch)


if __name__ == "__main__":
    sys.exit(main())
