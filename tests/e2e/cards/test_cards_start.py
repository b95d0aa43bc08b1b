"""What stops the start of ``sayso run cards``, with what to do about it; and what it reports of itself."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import httpx2
import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from sayso.testing import FakeSpeechEngine
from sayso.testing.openai_server import FaultKind, OpenAIServer
from support.cards.process import CardsProcess
from support.cards.tables import App, create_tables
from support.waiting import WAIT_SECONDS, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.aws.server import AwsPlace
    from support.postgres.databases import Databases

SOMEONE = 65_534
"""The user and the group ``nobody`` of Linux."""


@pytest.fixture(scope="module")
def running_server() -> Iterator[OpenAIServer]:
    with OpenAIServer(speech=FakeSpeechEngine()) as server:
        yield server


@pytest.fixture
def server(running_server: OpenAIServer) -> OpenAIServer:
    running_server.forget()
    return running_server


@pytest.fixture
def conninfo(databases: Databases) -> str:
    url: str = databases.bare()
    create_tables(url)
    return url


def refusal(worker: CardsProcess) -> str:
    """What a worker that does not start prints."""
    worker.start()
    try:
        assert worker.process.wait(WAIT_SECONDS) == 2, worker.log
    finally:
        worker.process.kill()
        worker.process.wait()
    return worker.log


def test_a_user_who_may_create_nothing_gets_the_statements_for_a_dba(conninfo: str, tmp_path: Path) -> None:
    """And with them the start succeeds."""
    role = f"speaker_{uuid4().hex[:8]}"
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute(f"create role {role} login".encode())
        worker = CardsProcess(tmp_path, make_conninfo(conninfo, user=role))
        log = refusal(worker)
        assert f"CREATE SCHEMA IF NOT EXISTS sayso AUTHORIZATION {role};" in log
        assert "Traceback" not in log
        connection.execute(log.partition("Have a DBA run once:")[2].encode())
    with worker:
        assert worker.get("/healthz") == (200, {"ok": True})


def test_a_schema_that_is_not_that_of_the_contract_stops_the_start(conninfo: str, tmp_path: Path) -> None:
    """It names the column."""
    with closing(App(conninfo)) as app:
        app.execute('alter table {jobs} drop column "phrases"')
    assert '"phrases"' in refusal(CardsProcess(tmp_path, conninfo))


def test_tables_that_are_not_there_yet_are_waited_for(
    databases: Databases, server: OpenAIServer, tmp_path: Path
) -> None:
    """The application may make them a moment later."""
    url = databases.bare()
    with CardsProcess(tmp_path, url, server=server) as worker:
        wait_until(lambda: "TtsJob" in str(worker.get("/healthz")))
        create_tables(url)
        with closing(App(url)) as app:
            app.add_job("job")
            wait_until(lambda: app.job("job")["status"] == "completed")
        wait_until(lambda: worker.get("/healthz")[0] == 200)


def test_a_volume_of_another_user_stops_the_start_with_the_command() -> None:
    """Which changes its owner."""
    if os.getuid() != 0:
        pytest.skip("only root can be another user")
    program = f"""
import os, sys
from pathlib import Path
from sayso.bootstrap.card_storage import check_card_directory
from sayso.errors import InvalidInput
os.setgroups([])
os.setgid({SOMEONE})
os.setuid({SOMEONE})
try:
    check_card_directory(Path(sys.argv[1]))
except InvalidInput as error:
    print(error.hint)
"""

    def hint(volume: Path) -> str:
        command = [sys.executable, "-c", program, str(volume)]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    # Not pytest's own directory: it may not be entered by others, whatever a test does.
    with tempfile.TemporaryDirectory() as name:
        volume = Path(name, "tts")
        volume.mkdir(mode=0o755)
        chown = f"chown -R {SOMEONE}:{SOMEONE} {volume}"
        assert chown in hint(volume)  # its parent may not even be entered
        volume.parent.chmod(0o755)
        assert chown in hint(volume)
        assert f"mkdir -p {volume / 'below'} && chown" in hint(volume / "below")
        os.chown(volume, SOMEONE, SOMEONE)
        assert hint(volume) == ""
        (volume / ".sayso-speech").mkdir(mode=0o700)
        assert chown in hint(volume)


def test_a_bucket_that_is_not_set_stops_the_start(conninfo: str, tmp_path: Path) -> None:
    """It names the setting."""
    settings = {"STORAGE_TYPE": "s3", "AWS_S3_BUCKET": ""}
    assert "AWS_S3_BUCKET" in refusal(CardsProcess(tmp_path, conninfo, settings=settings))


def test_files_go_to_s3_by_setting(conninfo: str, server: OpenAIServer, tmp_path: Path, aws_place: AwsPlace) -> None:
    """Without PUBLIC_BASE_URL, their URLs are those of the bucket; everyone may keep them for a year."""
    bucket = f"cards-{uuid4().hex}"
    aws_place.boto("s3").create_bucket(Bucket=bucket)
    settings = {
        "STORAGE_TYPE": "s3",
        "AWS_S3_BUCKET": bucket,
        "AWS_ENDPOINT_URL": aws_place.url,
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "hush-hush",
        "PUBLIC_BASE_URL": "",
    }
    with closing(App(conninfo)) as app, CardsProcess(tmp_path, conninfo, server=server, settings=settings) as worker:
        app.add_job("job", [{"textEn": f"Phrase {n}.", "textFr": f"Phrase {n}."} for n in range(10)])
        wait_until(lambda: app.job("job")["status"] in {"completed", "failed"})
        row = app.job("job")
        assert (row["status"], row["errorMessage"]) == ("completed", None)
        assert row["resultUrls"][3]["audioUrlFr"] == f"{aws_place.url}/{bucket}/job_3_fr.mp3"
        assert worker.get("/healthz") == (200, {"ok": True})
    keys = [item["Key"] for item in aws_place.boto("s3").list_objects_v2(Bucket=bucket)["Contents"]]
    assert sum(not key.startswith(".sayso-speech/") for key in keys) == 20
    head = aws_place.boto("s3").head_object(Bucket=bucket, Key="job_3_fr.mp3")
    assert head["ContentType"] == "audio/mpeg"
    assert head["CacheControl"] == "public, max-age=31536000, immutable"


def test_a_rejected_key_is_degraded_and_said(conninfo: str, server: OpenAIServer, tmp_path: Path) -> None:
    """While the local engine speaks; and the metrics count what each engine did."""
    server.faults(always=FaultKind.REJECTED_KEY)
    settings = {"FALLBACK_TO_LOCAL": "true"}
    with closing(App(conninfo)) as app, CardsProcess(tmp_path, conninfo, server=server, settings=settings) as worker:
        app.add_job("job")
        wait_until(lambda: bool(server.requests))
        wait_until(lambda: worker.get("/health")[1]["status"] != "ok")
        _, health = worker.get("/health")
        (cloud,) = [engine for engine in health["engines"]["cards"] if engine["name"] == "openai"]
        assert (cloud["reachable"], cloud["last_status"]) == (False, 401)
        assert cloud["detail"]
        assert "sayso_card_phrases" in httpx2.get(f"{worker.url}/metrics", timeout=60).text


def test_the_role_shares_a_process_with_others(conninfo: str, server: OpenAIServer, tmp_path: Path) -> None:
    """With one database for all; PUBLIC_BASE_URL means two things then, and the start names the variable to set."""
    command = ("run", "api", "stories", "cards")
    assert "SAYSO_CARDS_PUBLIC_BASE_URL" in refusal(CardsProcess(tmp_path, conninfo, server=server, command=command))
    settings = {"SAYSO_CARDS_PUBLIC_BASE_URL": "https://cards.example.com/tts"}
    shared = CardsProcess(tmp_path, conninfo, server=server, settings=settings, command=command)
    with closing(App(conninfo)) as app, shared as worker:
        app.add_job("job")
        wait_until(lambda: app.job("job")["status"] == "completed")
        assert worker.get("/healthz") == (200, {"ok": True})
        assert {"speech", "transcription", "cards"} <= set(worker.get("/health")[1]["engines"])
