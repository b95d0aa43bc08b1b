"""A worker as the one that the role ``cards`` replaces: it polls, takes one job at a time, and has no leases.

    python tests/chaos/replaced_worker.py

It reads its settings from the same variables as Sayso. It speaks one phrase after the other, writes files where they
are, and changes rows by their id, whatever has become of them meanwhile.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import httpx2
import psycopg
from psycopg.rows import dict_row

_PAUSE_SECONDS = 0.05
_RETRY_SECONDS = 0.3
_ANSWER_SECONDS = 2.0
_AWAY_SECONDS = 1.0
_LANGUAGES = {"en": ("textEn", "audioUrlEn", "alloy"), "fr": ("textFr", "audioUrlFr", "verse")}

_NEXT = 'select * from "TtsJob" where "status" = \'pending\' order by "createdAt" limit 1'
_BEGIN = """
update "TtsJob" set "status" = 'processing', "startedAt" = now() at time zone 'UTC', "updatedAt" = now() where "id" = %s
"""
_PROGRESS = 'update "TtsJob" set "processedCount" = %s, "updatedAt" = now() where "id" = %s'
_COMPLETE = """
update "TtsJob" set "status" = 'completed', "resultUrls" = %s, "completedAt" = now() at time zone 'UTC',
    "updatedAt" = now()
where "id" = %s
"""
_CARD = 'update "Card" set "audioUrlEn" = %s, "audioUrlFr" = %s where "id" = %s'


class ReplacedWorker:
    """See the module."""

    def __init__(self) -> None:
        self._url = os.environ["DATABASE_URL"]
        self._files = Path(os.environ["LOCAL_STORAGE_PATH"])
        self._base_url = os.environ["PUBLIC_BASE_URL"]
        self._poll_seconds = int(os.environ["POLL_INTERVAL_MS"]) / 1000
        headers = {"authorization": f"Bearer {os.environ['OPENAI_API_KEY']}"}
        self._client = httpx2.Client(base_url=os.environ["OPENAI_BASE_URL"], headers=headers, timeout=_ANSWER_SECONDS)

    def run(self) -> None:
        """Work for ever; a database that is away is waited for."""
        while True:
            try:
                with psycopg.connect(self._url, autocommit=True, row_factory=dict_row) as connection:
                    while True:
                        job = connection.execute(_NEXT).fetchone()
                        if job is None:
                            time.sleep(self._poll_seconds)
                        else:
                            self._work(connection, job)
            except psycopg.Error as error:
                sys.stderr.write(f"{error}\n")
                time.sleep(_AWAY_SECONDS)

    def _work(self, connection: psycopg.Connection[dict[str, Any]], job: dict[str, Any]) -> None:
        connection.execute(_BEGIN, [job["id"]])
        results = []
        for index, phrase in enumerate(job["phrases"]):
            result = {}
            for language, (text, url, voice) in _LANGUAGES.items():
                name = f"{phrase.get('cardId') or '{}_{}'.format(job['id'], index)}_{language}.mp3"
                (self._files / name).write_bytes(self._speech(phrase[text], voice))
                result[url] = f"{self._base_url}/{name}"
                time.sleep(_PAUSE_SECONDS)
            results.append(result | ({"cardId": phrase["cardId"]} if "cardId" in phrase else {}))
            connection.execute(_PROGRESS, [index + 1, job["id"]])
        connection.execute(_COMPLETE, [json.dumps(results), job["id"]])
        for result in results:
            if "cardId" in result:
                connection.execute(_CARD, [result["audioUrlEn"], result["audioUrlFr"], result["cardId"]])

    def _speech(self, text: str, voice: str) -> bytes:
        fields = {"model": "gpt-4o-mini-tts", "input": text, "voice": voice}
        while True:
            try:
                answer = self._client.post("/audio/speech", json=fields)
            except httpx2.HTTPError:
                answer = None
            # What it replaces took whatever came with 200; that would be no fault of Sayso.
            if answer is not None and answer.is_success and answer.content.startswith(b"ID3"):
                return answer.content
            time.sleep(_RETRY_SECONDS)


if __name__ == "__main__":
    ReplacedWorker().run()
