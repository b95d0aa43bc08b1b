"""Chaos finds what it looks for: each broken promise is told, and nothing else is."""

from __future__ import annotations

import io
import wave
from dataclasses import replace

import pytest

from chaos.crew import Death, End
from chaos.evidence import Evidence, Task
from chaos.promises import Promise, broken_promises
from chaos.record import COMPLETED, FAILED, Change, Delivery, Put, Record, Settled
from chaos.recovery import Recovery
from chaos.stories import Order

TEXT = "The keeper counted 7 lamps."
AUDIO, SUBTITLES = "s3://b/p/a.wav", "s3://b/p/s.srt"
ORDER = Order(name="p", body="{}", text=TEXT, outputs=(AUDIO, SUBTITLES), tasks=(("p", "a"), ("p", "s")))


def wav(seconds: float) -> bytes:
    stream = io.BytesIO()
    with wave.open(stream, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(24_000)
        file.writeframes(bytes(2 * round(24_000 * seconds)))
    return stream.getvalue()


FILES = {AUDIO: wav(2), SUBTITLES: f"1\n00:00:00,000 --> 00:00:01,900\n{TEXT}\n".encode()}


def change(
    at: float, worker: str, task: str, *, lease: int, status: str = "IN_PROGRESS", until: float | None = None
) -> Change:
    return Change(
        at=at, worker=worker, task=("p", task), status=status, lease=lease, until=until, named=frozenset({str(lease)})
    )


def told(worker: str, *, began: float, lease: int) -> list[Change]:
    """A job done from its claim to its end."""
    claims = [change(began, worker, task, lease=lease, until=began + 6) for task in "as"]
    return claims + [change(began + 2, worker, task, lease=lease, status=COMPLETED) for task in "as"]


def good() -> Evidence:
    """One job, done by one worker."""
    record = Record(
        deliveries=[Delivery(at=0, worker="w1", message="m", attempt=1)],
        changes=told("w1", began=1, lease=5),
        puts=[Put(at=2, sent_at=2, worker="w1", uri=AUDIO), Put(at=2, sent_at=2, worker="w1", uri=SUBTITLES)],
        settled=[Settled(at=4, worker="w1", message="m", is_deleted=True)],
    )
    return Evidence(
        orders=[ORDER],
        messages={"m": "p"},
        record=record,
        tasks={("p", "a"): Task(status=COMPLETED, url=AUDIO), ("p", "s"): Task(status=COMPLETED, url=SUBTITLES)},
        versions={AUDIO: 1, SUBTITLES: 1},
        read=FILES.__getitem__,
        dead_lettered={},
    )


def broken(evidence: Evidence, *deaths: Death) -> dict[Promise, int]:
    return {promise: len(lines) for promise, lines in broken_promises(evidence, deaths).items() if lines}


def test_a_good_run_breaks_nothing() -> None:
    """A job that was done as it should be is no reason to complain."""
    assert broken(good()) == {}


def test_a_job_without_its_files_or_status_is_lost() -> None:
    """A file that is missing, a task that is not completed, and a job put aside for nothing are each told."""
    tasks = {**good().tasks, ("p", "a"): Task(status="IN_PROGRESS", url=None)}
    evidence = replace(good(), tasks=tasks, versions={AUDIO: 1}, dead_lettered={"p": "why not"})

    assert broken(evidence)[Promise.LOST] == 3


def test_a_job_that_cannot_be_done_must_be_put_aside_with_its_reason() -> None:
    """It is lost unless the reason is with it, and its tasks have failed."""
    order = Order(name="q", body="", text="", tasks=(("q", "a"),), poison="no such voice")
    failed = {("q", "a"): Task(status=FAILED, url=None, error="no such voice")}
    aside = replace(
        good(), orders=[ORDER, order], tasks={**good().tasks, **failed}, dead_lettered={"q": "no such voice"}
    )

    assert broken(aside) == {}
    assert broken(replace(aside, dead_lettered={"q": ""})) == {Promise.LOST: 1}


@pytest.mark.parametrize(
    "late",
    [
        pytest.param(change(9, "w1", "a", lease=9, until=20), id="beat of one that was taken over"),
        pytest.param(change(9, "w1", "a", lease=9, status=COMPLETED), id="completion by one that was taken over"),
        pytest.param(replace(change(9, "w2", "a", lease=9), named=frozenset({"5"})), id="lease not named"),
        pytest.param(change(9, "w3", "a", lease=8, until=20), id="claim with a smaller lease"),
        pytest.param(change(9, "w3", "a", lease=10, until=20), id="claim of what somebody has"),
    ],
)
def test_a_change_by_one_that_lost_its_claim_is_stale(late: Change) -> None:
    """Whatever is accepted from one who does not hold the latest claim is told."""
    first, second = change(0, "w1", "a", lease=5, until=6), change(8, "w2", "a", lease=9, until=14)
    evidence = good()
    evidence.record.changes[:] = [first, second, late]

    assert broken(evidence)[Promise.STALE] >= 1


def test_what_is_completed_is_never_changed() -> None:
    """A status that was set back is stale, and a job completed again is visibly done twice."""
    evidence = good()
    evidence.record.changes += told("w2", began=20, lease=9)

    found = broken(evidence)

    assert found[Promise.STALE] >= 2
    assert found[Promise.TWICE] == 2


@pytest.mark.parametrize(("sent_at", "is_stale"), [(3, True), (-8, False)])
def test_a_file_by_one_that_lost_its_claim_is_stale(sent_at: float, *, is_stale: bool) -> None:
    """A put after another's claim is told, even of the same bytes; not one that was sent before and obeyed late."""
    evidence = good()
    evidence.record.changes.insert(0, change(-9, "w0", "a", lease=4, until=-3))
    evidence.record.puts.append(Put(at=3, sent_at=sent_at, worker="w0", uri=AUDIO))

    assert broken(evidence) == ({Promise.STALE: 1} if is_stale else {})


def test_a_file_written_twice_is_told() -> None:
    """Each key has one version, and nothing is there that nobody asked for."""
    assert broken(replace(good(), versions={AUDIO: 2, SUBTITLES: 1, "s3://b/x": 1})) == {Promise.TWICE: 2}


@pytest.mark.parametrize(
    ("uri", "content"),
    [
        (AUDIO, wav(2)[:-1000]),
        (AUDIO, b""),
        (AUDIO, wav(30)),
        (SUBTITLES, b"1\n00:00:00,000 --> 00:00:01,900\nThe keeper counted\n"),
        (SUBTITLES, FILES[SUBTITLES].replace(b"--> 00:00:01", b"--> 00:00:03")),
        (SUBTITLES, b"1\nsoon --> later\nThe keeper\n"),
    ],
    ids=["cut off", "empty", "too long", "words missing", "longer than the sound", "no times"],
)
def test_a_file_that_is_not_whole_is_told(uri: str, content: bytes) -> None:
    """What cannot be decoded, or does not tell the whole story, is partial."""
    assert Promise.PARTIAL in broken(replace(good(), read={**FILES, uri: content}.__getitem__))


def test_a_job_settled_by_one_that_lost_it_is_stale() -> None:
    """Where the queue is to tell, nobody does away with a job that another has."""
    evidence = good()
    evidence.record.are_jobs_fenced = True
    evidence.record.deliveries.append(Delivery(at=3, worker="w2", message="m", attempt=2))

    assert broken(evidence)[Promise.STALE] == 1


def test_a_worker_that_ends_badly_is_told() -> None:
    """One that was killed is none of its own fault; one that fell, or did not stop well, is."""
    deaths = [
        Death(at=9, told=9, worker="w1", how=End.KILLED, exit_code=-9),
        Death(at=9, told=9, worker="w1", how=End.BY_ITSELF, exit_code=1),
        Death(at=9, told=8, worker="w1", how=End.TOLD, exit_code=1),
        Death(at=9, told=8, worker="w2", how=End.TOLD, exit_code=-15),
    ]

    assert broken(good(), *deaths) == {Promise.WORKERS: 2}


def test_recovery_is_from_the_death_to_the_next_claim() -> None:
    """What a killed worker had is taken over when another claims it; what it had done is not counted."""
    evidence = good()
    evidence.record.deliveries[:] = [Delivery(at=0, worker="w0", message="m", attempt=1)]
    evidence.record.changes.insert(0, change(0.1, "w0", "a", lease=3))

    assert Recovery(evidence).takeovers([Death(at=0.5, told=0.5, worker="w0", how=End.KILLED, exit_code=-9)]) == [[0.5]]
    assert Recovery(good()).takeovers([Death(at=9, told=9, worker="w1", how=End.KILLED, exit_code=-9)]) == []
