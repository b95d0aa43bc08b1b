"""``sayso jobs`` shows what waits and what failed, and changes only what can be changed."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from sayso.audio import AudioFormat
from sayso.jobs import Claim
from sayso.jobs.postgres.queue import PostgresQueue
from sayso.jobs.postgres.tasks import PostgresTaskStore
from sayso.narration import NarrationSpec
from sayso.narrations import NarrationRequest, NarrationStatus
from sayso.narrations.postgres.store import PostgresNarrationStore
from sayso.postgres.pool import Database

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from support.command_line import RunSayso
    from support.postgres.databases import Databases

SPEC = NarrationSpec(name="tale", voice="af_heart", audio=(AudioFormat.MP3,), subtitles=())
REQUEST = NarrationRequest(spec=SPEC, text="It was late.")


class Deployment:
    """A database that the command looks into."""

    def __init__(self, conninfo: str) -> None:
        self.conninfo = conninfo

    def do(self, work: Callable[[Database], Awaitable[Any]]) -> Any:
        async def run() -> Any:
            async with Database(self.conninfo, listen=False) as database:
                return await work(database)

        return asyncio.run(run())

    def enqueue(self, body: str) -> str:
        job_id: str = self.do(lambda database: PostgresQueue(database, "stories").enqueue(body))
        return job_id

    def dead_lettered(self, body: str, reason: str) -> str:
        async def work(database: Database) -> str:
            queue = PostgresQueue(database, "stories")
            await queue.enqueue(body)
            (delivery,) = await queue.receive(1, wait_seconds=0)
            await queue.dead_letter(delivery, reason=reason)
            return delivery.job_id

        job_id: str = self.do(work)
        return job_id


@pytest.fixture
def deployment(databases: Databases, monkeypatch: pytest.MonkeyPatch) -> Deployment:
    deployment = Deployment(databases.new())
    monkeypatch.setenv("DATABASE_URL", deployment.conninfo)
    return deployment


def states(sayso: RunSayso) -> dict[str, str]:
    jobs = json.loads(sayso("jobs", "list", "--json").out)["jobs"]
    return {job["id"]: job["state"] for job in jobs}


def test_jobs_are_listed_newest_first_with_what_failed(sayso: RunSayso, deployment: Deployment) -> None:
    """A line for each job says how it stands, and why it is dead; a state chooses."""
    dead = deployment.dead_lettered("{}", "There is no voice nobody.")
    waiting = deployment.enqueue("{}")
    lines = sayso("jobs", "list").out.splitlines()
    assert [line.split()[0] for line in lines] == [waiting, dead]
    assert lines[1].endswith("There is no voice nobody.")
    assert sayso("jobs", "list", "--state", "done").out == "There are none.\n"
    assert states(sayso) == {dead: "dead", waiting: "waiting"}


def test_a_job_is_shown_with_its_history(sayso: RunSayso, deployment: Deployment) -> None:
    """Each attempt that failed is there, with who made it and why it failed."""
    dead = deployment.dead_lettered('{"text": "secret"}', "The source was down.")
    shown = json.loads(sayso("jobs", "show", dead, "--json").out)
    assert [(entry["attempt"], entry["error"]) for entry in shown["history"]] == [(1, "The source was down.")]
    assert "The source was down." in sayso("jobs", "show", dead).out


def test_what_is_dead_is_tried_again(sayso: RunSayso, deployment: Deployment) -> None:
    """One by its name, or all of a queue; the attempts begin anew."""
    first, second = (deployment.dead_lettered("{}", "oops") for _ in range(2))
    assert sayso("jobs", "retry", first).out == f"{first}: waiting\n"
    assert states(sayso) == {first: "waiting", second: "dead"}
    assert sayso("jobs", "redrive").out == "1 jobs are retried.\n"
    assert sayso("jobs", "redrive").out == "There are no dead-lettered jobs.\n"
    assert json.loads(sayso("jobs", "show", second, "--json").out)["attempts"] == 0


def test_only_what_has_ended_is_forgotten(sayso: RunSayso, deployment: Deployment) -> None:
    """What was cancelled goes when it is old enough; what is dead or waits stays."""
    dead, waiting, cancelled = (
        deployment.dead_lettered("{}", "oops"),
        deployment.enqueue("{}"),
        deployment.enqueue("{}"),
    )
    sayso("jobs", "cancel", cancelled)
    assert sayso("jobs", "forget", "--days", "1").out == "0 jobs were removed.\n"
    assert sayso("jobs", "forget", "--days", "0").out == "1 jobs were removed.\n"
    assert states(sayso) == {dead: "dead", waiting: "waiting"}


def test_narrations_are_forgotten_with_their_files(
    sayso: RunSayso, deployment: Deployment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those that ended long ago, when they are asked for; what failed or goes on stays, and so do others' files."""
    monkeypatch.setenv("SAYSO_DATA", str(tmp_path))

    async def work(database: Database) -> dict[str, str]:
        store, tasks = PostgresNarrationStore(database), PostgresTaskStore(database)
        ids = {}
        for name in ("completed", "cancelled", "failed", "waiting", "recent"):
            record = (await store.submit(replace(REQUEST, spec=replace(SPEC, name=name)), owner="ann")).record
            ids[name] = record.id
            file = tmp_path / "output" / record.id / "narration.mp3"
            file.parent.mkdir(parents=True)
            file.write_bytes(b"sound")
            if name == "cancelled":
                await store.cancel(record.id, owner=None)
            elif name != "waiting":
                claim = await tasks.claim(record.id, ["mp3"])
                assert isinstance(claim, Claim)
                if name == "failed":
                    await tasks.fail(claim, error="It was too long.")
                else:
                    await tasks.complete(claim, {"mp3": file.as_uri()})
        statement = "update sayso.narrations set finished_at = finished_at - interval '2 days' where name <> 'recent'"
        await database.fetch(statement, {}, is_repeatable=False)
        return ids

    ids = deployment.do(work)
    assert sayso("jobs", "forget", "--days", "1").out == "0 jobs were removed.\n"
    assert "2 narrations were removed." in sayso("jobs", "forget", "--days", "1", "--narrations").out
    statement = """
        select id from sayso.narrations
        union select parent_id from sayso.tasks
        union select parent_id from sayso.events
    """
    rows = deployment.do(lambda database: database.fetch(statement, {}, is_repeatable=True))
    assert {row["id"] for row in rows} == {ids[name] for name in ("failed", "waiting", "recent")}
    left = {path.parent.name for path in (tmp_path / "output").glob("*/*.mp3")}
    assert left == set(ids.values()) - {ids["completed"]}


def test_what_failed_is_forgotten_when_it_is_asked_for(sayso: RunSayso, deployment: Deployment) -> None:
    """With --failed dead jobs go, too."""
    dead = deployment.dead_lettered("{}", "oops")
    assert sayso("jobs", "forget", "--days", "0").out == "0 jobs were removed.\n"
    assert states(sayso) == {dead: "dead"}
    assert sayso("jobs", "forget", "--days", "0", "--failed").out == "1 jobs were removed.\n"
    assert states(sayso) == {}


def test_a_narration_is_cancelled_with_its_job(sayso: RunSayso, deployment: Deployment) -> None:
    """Whoever waits for a narration sees that its job was cancelled."""

    async def submit(database: Database) -> str:
        submitted = await PostgresNarrationStore(database).submit(REQUEST, owner="")
        return submitted.record.id

    narration_id = deployment.do(submit)
    ((job_id, _),) = states(sayso).items()
    assert sayso("jobs", "cancel", job_id).out == f"{job_id}: cancelled\n"
    record = deployment.do(lambda database: PostgresNarrationStore(database).get(narration_id, owner=None))
    assert record.status is NarrationStatus.CANCELLED
    assert states(sayso) == {job_id: "cancelled"}


@pytest.mark.parametrize("command", ["show", "retry", "cancel"])
@pytest.mark.parametrize("job_id", ["nonsense", "00000000-0000-7000-8000-000000000000"])
def test_a_job_that_is_not_there_is_said_to_be_none(
    sayso: RunSayso, deployment: Deployment, command: str, job_id: str
) -> None:
    """A name that nobody has is an error that names it, whatever is to be done."""
    assert deployment.conninfo
    outcome = sayso("jobs", command, job_id)
    assert outcome.code == 2
    assert job_id in outcome.err


def test_what_has_ended_is_not_undone(sayso: RunSayso, deployment: Deployment) -> None:
    """A job that was put aside cannot be cancelled, and the error says what it is."""
    dead = deployment.dead_lettered("{}", "oops")
    outcome = sayso("jobs", "cancel", dead)
    assert (outcome.code, "is dead" in outcome.err) == (2, True)


def test_without_jobs_the_error_says_where_to_look(
    sayso: RunSayso, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A machine on which nothing was ever up has no jobs, and nothing is made by asking."""
    monkeypatch.setenv("SAYSO_DATA", str(tmp_path / "data"))
    outcome = sayso("jobs", "list")
    assert (outcome.code, "DATABASE_URL" in outcome.err) == (2, True)
    assert not (tmp_path / "data").exists()
