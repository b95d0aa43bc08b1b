"""``sayso cards`` prepares an application's database, shows its jobs, and removes only what may be removed."""

from __future__ import annotations

import json
import os
import time
from contextlib import closing
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from sayso.postgres.migrate import migrate
from support.cards.tables import App, create_tables

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.command_line import RunSayso
    from support.postgres.databases import Databases

OLD_SECONDS = 40 * 86_400


@pytest.fixture
def conninfo(databases: Databases, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """A database without tables, and a directory for files."""
    url: str = databases.bare()
    monkeypatch.setenv("DATABASE_URL", url)
    monkeypatch.setenv("LOCAL_STORAGE_PATH", str(tmp_path / "tts"))
    return url


@pytest.fixture
def app(conninfo: str) -> Iterator[App]:
    create_tables(conninfo)
    migrate(conninfo)
    with closing(App(conninfo)) as opened:
        yield opened


def document(sayso: RunSayso, *arguments: str) -> Any:
    outcome = sayso("cards", *arguments, "--json")
    assert outcome.code == 0, outcome.err
    return json.loads(outcome.out)


def end(
    app: App, job_id: str, status: str, *, age_seconds: float = 0.0, urls: list[dict[str, str]] | None = None
) -> None:
    """Let a job have ended."""
    app.add_job(job_id, status=status, age_seconds=age_seconds)
    app.execute(
        """
        update {jobs} set "completedAt" = (now() - %(age)s * interval '1 second') at time zone 'UTC',
            "errorMessage" = 'Broken.', "resultUrls" = %(urls)s where "id" = %(id)s
        """,
        {"id": job_id, "age": age_seconds, "urls": json.dumps(urls or [])},
    )


def make_file(directory: Path, name: str, *, age_seconds: float = OLD_SECONDS) -> Path:
    directory.mkdir(exist_ok=True)
    path = directory / name
    path.write_bytes(b"mp3")
    then = time.time() - age_seconds
    os.utime(path, (then, then))
    return path


# The trigger and the tables


def test_the_trigger_comes_and_goes(app: App, sayso: RunSayso) -> None:
    """And the status reports it, also when something else took it away."""
    assert document(sayso, "status")["trigger"] == "absent"
    assert sayso("cards", "install").code == 0
    assert document(sayso, "status")["trigger"] == "installed"
    app.execute("drop function sayso_notify_cards() cascade")
    assert document(sayso, "status")["trigger"] == "lost"
    assert "sayso cards install" in sayso("cards", "status").out
    assert sayso("cards", "uninstall").code == 0
    assert document(sayso, "status")["trigger"] == "absent"


def test_the_tables_come_and_go(conninfo: str, sayso: RunSayso) -> None:
    """Where no application has them; those with rows stay unless it is forced."""
    outcome = sayso("cards", "status")
    assert outcome.code != 0
    assert "sayso cards install" in outcome.err
    assert "TtsJob, Card made" in sayso("cards", "install", "--tables").out
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute(
            """insert into "TtsJob" ("id", "deckId", "phrases", "totalPhrases") values ('j', 'd', '[]', 0)"""
        )
        outcome = sayso("cards", "uninstall", "--tables")
        assert outcome.code == 2
        assert "--force" in outcome.err
        assert "TtsJob, Card removed" in sayso("cards", "uninstall", "--tables", "--force").out
        assert connection.execute("select to_regclass('\"TtsJob\"')").fetchone() == (None,)


def test_the_tables_of_an_application_stay(app: App, sayso: RunSayso) -> None:
    """They are its own."""
    assert "there already" in sayso("cards", "install", "--tables").out
    assert "they stay" in sayso("cards", "uninstall", "--tables", "--force").out
    app.add_job("job")


@pytest.mark.usefixtures("app")
def test_a_dba_gets_the_statements(conninfo: str, sayso: RunSayso, monkeypatch: pytest.MonkeyPatch) -> None:
    """With nothing changed, also for a user who may do nothing yet."""
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute("drop schema sayso cascade")
        connection.execute("create role card_speaker login")
    monkeypatch.setenv("DATABASE_URL", make_conninfo(conninfo, user="card_speaker"))
    outcome = sayso("cards", "install", "--sql")
    assert outcome.code == 0, outcome.err
    monkeypatch.setenv("DATABASE_URL", conninfo)
    assert "CREATE SCHEMA IF NOT EXISTS sayso" in outcome.out
    assert "create trigger" in outcome.out.lower()
    assert document(sayso, "status")["trigger"] == "absent"


def test_a_user_without_any_privilege_gets_the_statements(
    conninfo: str, sayso: RunSayso, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is the one that needs them: run as they are, everything works."""
    create_tables(conninfo)
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute("create role powerless_speaker login")
        monkeypatch.setenv("DATABASE_URL", make_conninfo(conninfo, options="-c role=powerless_speaker"))
        assert "CREATE SCHEMA sayso AUTHORIZATION powerless_speaker" in sayso("cards", "status").err
        outcome = sayso("cards", "install", "--sql")
        assert outcome.code == 0, outcome.err
        connection.execute(outcome.out.encode())
    assert document(sayso, "status")["trigger"] == "installed"


# Jobs


def test_the_status_counts_jobs(app: App, sayso: RunSayso) -> None:
    """By their states, with those that are stuck."""
    app.add_job("new")
    app.add_job("stuck", status="processing")
    end(app, "bad", "failed")
    found = document(sayso, "status")
    assert found["jobs"] == {"failed": 1, "pending": 1, "processing": 1}
    assert found["stuck"] == [{"job_id": "stuck", "seconds": None}]
    assert found["leases"] == []
    text = sayso("cards", "status").out
    assert "pending     1" in text
    assert "stuck       stuck" in text


def test_failed_jobs_are_retried(app: App, sayso: RunSayso) -> None:
    """Single ones, recent ones, or all."""
    end(app, "one", "failed")
    end(app, "two", "failed")
    end(app, "old", "failed", age_seconds=7200)
    end(app, "done", "completed")
    assert document(sayso, "retry", "one") == {"retried": ["one"]}
    row = app.job("one")
    assert (row["status"], row["errorMessage"], row["processedCount"]) == ("pending", None, 0)
    assert document(sayso, "retry", "--since", "1h") == {"retried": ["two"]}
    assert document(sayso, "retry", "--all") == {"retried": ["old"]}
    assert app.job("done")["status"] == "completed"


@pytest.mark.usefixtures("app")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "Which jobs?"),
        (("one", "--all"), "Which jobs?"),
        (("--since", "soon"), "--since takes a duration"),
        (("nothing",), "There is no job"),
    ],
)
def test_what_cannot_be_retried_is_said(sayso: RunSayso, arguments: tuple[str, ...], message: str) -> None:
    """As wrong use."""
    outcome = sayso("cards", "retry", *arguments)
    assert outcome.code == 2
    assert message in outcome.err


def test_a_completed_job_is_not_retried(app: App, sayso: RunSayso) -> None:
    """It says what it is."""
    end(app, "done", "completed")
    outcome = sayso("cards", "retry", "done")
    assert outcome.code == 2
    assert "completed" in outcome.err


def test_a_check_without_a_worker_says_so_and_leaves_nothing(app: App, sayso: RunSayso) -> None:
    """The job is removed again."""
    outcome = sayso("cards", "check", "--seconds", "1")
    assert outcome.code == 1
    assert "sayso run cards" in outcome.err
    assert app.execute("select * from {jobs}") == []


def test_a_check_in_a_table_that_requires_a_real_deck_says_how(app: App, sayso: RunSayso) -> None:
    """By the options."""
    app.execute(
        """
        create table "Deck" ("id" text primary key);
        alter table {jobs} add constraint "deck" foreign key ("deckId") references "Deck" ("id")
        """
    )
    outcome = sayso("cards", "check")
    assert outcome.code == 2
    assert "--deck ID" in outcome.err


# Clean-up


def published(conninfo: str, name: str, *, age_days: int = 90) -> None:
    """Record a file as published."""
    record = "insert into sayso.card_files values (%s, 's', 'job', 'k', 'c', 'c', 3, now() - make_interval(days => %s))"
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute(record, [name, age_days])


def test_only_what_is_old_and_not_in_use_is_removed(app: App, conninfo: str, sayso: RunSayso, tmp_path: Path) -> None:
    """Whatever is not of cards, recent, or named by a card or a job that stays, is left."""
    tts = tmp_path / "tts"
    base = "https://cards.example.com/tts"
    end(app, "old", "completed", age_seconds=OLD_SECONDS, urls=[{"audioUrlEn": f"{base}/old_0_en.mp3"}])
    end(app, "new", "completed", urls=[{"audioUrlEn": f"{base}/new_0_en.mp3?v=1"}])
    app.add_job("waiting", age_seconds=OLD_SECONDS)
    app.add_card("card")
    app.execute("""update {cards} set "audioUrlEn" = 'http://elsewhere/card_en.mp3?v=0a'""")
    kept = ["new_0_en.mp3", "card_en.mp3", "notes.txt", "podcast.mp3", "my_podcast_fr.mp3", ".sayso-lock"]
    gone = ["old_0_en.mp3", "removed-card_fr.mp3"]
    published(conninfo, "removed-card_fr.mp3")
    for name in [*kept, *gone]:
        make_file(tts, name)
    make_file(tts, "young_0_en.mp3", age_seconds=60)
    make_file(tts / ".sayso-speech", "a_en.mp3")

    found = document(sayso, "clean", "--older-than", "30d")
    assert (found["jobs"], found["files"], found["bytes"]) == (1, 2, 6)
    assert found["job_ids"] == ["old"]
    assert found["names"] == gone
    assert "Add --yes" in sayso("cards", "clean", "--older-than", "30d").out
    assert (tts / "old_0_en.mp3").exists()
    assert app.job("old")

    removed = document(sayso, "clean", "--older-than", "30d", "--yes")
    assert (removed["jobs"], removed["files"]) == (1, 2)
    assert {path.name for path in tts.iterdir()} == {*kept, "young_0_en.mp3", ".sayso-speech"}
    assert app.job("old") == {}
    assert app.job("new")
    assert app.job("waiting")
    again = document(sayso, "clean", "--older-than", "30d", "--yes")
    assert (again["jobs"], again["files"]) == (0, 0)


def test_a_file_that_a_running_job_has_found_is_not_removed(
    app: App, conninfo: str, sayso: RunSayso, tmp_path: Path
) -> None:
    """Its row names it only at the end, and the file may be old."""
    make_file(tmp_path / "tts", "job_0_en.mp3")
    app.add_job("job", status="processing")
    published(conninfo, "job_0_en.mp3", age_days=0)
    assert document(sayso, "clean", "--older-than", "30d")["files"] == 0


@pytest.mark.usefixtures("app")
def test_a_file_without_a_record_is_removed_only_when_that_is_asked_for(sayso: RunSayso, tmp_path: Path) -> None:
    """Its name may be a card's, and the file somebody else's: the worker before Sayso kept no records."""
    file = make_file(tmp_path / "tts", "removed-card_fr.mp3")
    assert document(sayso, "clean", "--older-than", "30d", "--yes")["files"] == 0
    assert file.exists()
    assert document(sayso, "clean", "--older-than", "30d", "--without-record", "--yes")["files"] == 1
    assert not file.exists()


def test_nothing_is_removed_where_policies_may_hide_rows(
    app: App, conninfo: str, sayso: RunSayso, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The files of cards that this user does not see are in use."""
    role = f"tenant_{uuid4().hex[:8]}"
    for statement in (
        f"create role {role} login",
        f"grant all on {{jobs}}, {{cards}} to {role}",
        f"grant usage, create on schema sayso to {role}",
        f"grant all on all tables in schema sayso to {role}",
        f"grant usage on all sequences in schema sayso to {role}",
        "alter table {cards} enable row level security",
        f"""create policy theirs on {{cards}} to {role} using ("deckId" = 'theirs')""",
    ):
        app.execute(statement)
    app.add_card("hidden")
    app.execute("""update {cards} set "audioUrlEn" = 'https://cards.example.com/tts/hidden_en.mp3'""")
    file = make_file(tmp_path / "tts", "hidden_en.mp3")
    monkeypatch.setenv("DATABASE_URL", make_conninfo(conninfo, user=role))
    outcome = sayso("cards", "clean", "--older-than", "30d", "--yes")
    assert outcome.code == 2
    assert f"ALTER ROLE {role} BYPASSRLS" in outcome.err
    assert file.exists()


@pytest.mark.usefixtures("app")
@pytest.mark.parametrize("value", ["0d", "30", "a month"])
def test_an_age_that_is_none_removes_nothing(sayso: RunSayso, value: str) -> None:
    """It is wrong use."""
    assert sayso("cards", "clean", "--older-than", value, "--yes").code == 2


# Costs


@pytest.mark.usefixtures("app")
def test_the_report_has_what_was_bought_by_day(conninfo: str, sayso: RunSayso, monkeypatch: pytest.MonkeyPatch) -> None:
    """Jobs, phrases, the share of those that were there already, characters and their price."""
    monkeypatch.setenv("SAYSO_CHARACTER_PRICE", "0.01")
    today = "(clock_timestamp() at time zone 'UTC')::date"
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute(
            f"insert into sayso.card_purchases (day, job_id, engine, phrases, cached, characters) values "  # noqa: S608
            f"({today}, 'a', 'openai', 10, 5, 200), ({today}, 'a', 'kokoro', 10, 0, 0), "
            f"({today} - 1, 'b', 'openai', 4, 4, 0), ({today} - 90, 'c', 'openai', 1, 0, 999)"
        )
    found = document(sayso, "report", "--days", "30")
    assert [(day["jobs"], day["phrases"], day["cached"], day["characters"]) for day in found["days"]] == [
        (1, 4, 4, 0),
        (1, 20, 5, 200),
    ]
    total = {"jobs": 2, "phrases": 24, "cached": 9, "characters": 200, "cache_share": 0.375, "cost": 2.0}
    assert found["total"] == total
    assert "37.5%" in sayso("cards", "report").out
    found = document(sayso, "report", "--by-job")
    assert [(job["job"], job["phrases"], job["characters"], job["cost"]) for job in found["jobs"]] == [
        ("a", 20, 200, 2.0),
        ("b", 4, 0, 0.0),
    ]
    assert found["total"] == total
    assert "100.0%" in sayso("cards", "report", "--by-job").out
