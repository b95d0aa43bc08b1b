"""Chaos finds what it looks for among cards: each broken promise is reported, and nothing else is."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from chaos.cards_evidence import BASE_URL, CardsEvidence, JobNow, Purchase
from chaos.cards_promises import broken_card_promises
from chaos.cards_record import ROW, CardsRecord, LeaseTaken, RowState, RowWrite
from chaos.crew import Death, End
from chaos.postgres_record import OURS
from chaos.promises import Promise
from chaos.stories import Order
from sayso.testing.openai_server import StampedSpeech, stamp

if TYPE_CHECKING:
    from collections.abc import Callable

PHRASES = [{"textEn": "A lamp.", "textFr": "Une lampe.", "cardId": "c"}, {"textEn": "A rope.", "textFr": "Une corde."}]
NAMES = ["c_en.mp3", "c_fr.mp3", "j_1_en.mp3", "j_1_fr.mp3"]
TEXTS = [("A lamp.", "alloy"), ("Une lampe.", "verse"), ("A rope.", "alloy"), ("Une corde.", "verse")]
SPEECH = StampedSpeech()
FILES = {
    name: SPEECH.answer({"input": text, "voice": voice})[0] for name, (text, voice) in zip(NAMES, TEXTS, strict=True)
}
URLS = [f"{BASE_URL}/{name}" for name in NAMES]
RESULTS: list[dict[str, Any]] = [
    {"audioUrlEn": URLS[0], "audioUrlFr": URLS[1], "cardId": "c"},
    {"audioUrlEn": URLS[2], "audioUrlFr": URLS[3]},
]
JOB = JobNow(status="completed", phrases=PHRASES, results=RESULTS, processed=2, error=None, is_dated=True)

PENDING = RowState(status="pending", processed=0, total=2, started=None)
TAKEN = RowState(status="processing", processed=0, total=2, started="10:00")
HALF = replace(TAKEN, processed=1)
AGAIN = replace(HALF, started="10:30")
DONE = replace(AGAIN, status="completed", processed=2)


def write(worker: str, was: RowState | None, now: RowState | None, *, at: float = 0.0) -> RowWrite:
    return RowWrite(at=at, worker=worker, job="j", was=was, now=now)


def purchases() -> list[Purchase]:
    return [Purchase(text=text, voice=voice, worker="w1", began=10, ended=11) for text, voice in TEXTS]


def good() -> CardsEvidence:
    """One job, begun by a worker that died, and completed by another."""
    writes = [
        write(OURS, None, PENDING),
        write("w1", PENDING, TAKEN),
        write("w1", TAKEN, HALF),
        write("w2", HALF, AGAIN),
        write("w2", AGAIN, DONE),
    ]
    leases = [
        LeaseTaken(at=1, worker="w1", job="j", last_worker=None, last_until=float("-inf")),
        LeaseTaken(at=8, worker="w2", job="j", last_worker="w1", last_until=7.5),
    ]
    return CardsEvidence(
        orders=[Order(name="j", body="", text="", tasks=(("j", ROW),))],
        messages={"j": "j"},
        record=CardsRecord(writes=writes, leases=leases),
        tasks={},
        versions=dict.fromkeys(NAMES, 1),
        read=FILES.__getitem__,
        dead_lettered={},
        jobs={"j": JOB},
        cards={"c": {"audioUrlEn": URLS[0], "audioUrlFr": URLS[1]}},
        drafts={"j": [PHRASES]},
        purchases=purchases(),
        stored={stamp(text, voice=voice): 1 for text, voice in TEXTS},
    )


def broken(evidence: CardsEvidence, *deaths: Death) -> dict[Promise, int]:
    return {promise: len(lines) for promise, lines in broken_card_promises(evidence, deaths).items() if lines}


def with_job(**changes: Any) -> CardsEvidence:
    return replace(good(), jobs={"j": replace(JOB, **changes)})


def with_writes(*writes: RowWrite) -> CardsEvidence:
    evidence = good()
    evidence.record.writes[:] = writes
    return evidence


def test_a_good_run_breaks_nothing() -> None:
    """A job that was completed as it should be is no reason to complain."""
    assert broken(good()) == {}


def test_a_url_with_a_version_is_as_good() -> None:
    """The content of an edited job's file has changed since it was first published."""
    results = [RESULTS[0], RESULTS[1] | {"audioUrlEn": f"{URLS[2]}?v=0123456789"}]

    assert broken(with_job(results=results)) == {}


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "processing"},
        {"status": "failed", "error": "It did not work."},
        {"status": "failed", "error": "Cancelled."},
        {"error": "1 of 2 phrases have problems."},
        {"processed": 1},
        {"is_dated": False},
        {"results": None},
        {"results": RESULTS[:1]},
        {"results": [RESULTS[0], RESULTS[1] | {"audioUrlFr": None}]},
        {"results": [RESULTS[0], RESULTS[1] | {"audioUrlFr": URLS[2]}]},
        {"results": [RESULTS[0], RESULTS[1] | {"extra": 1}]},
    ],
    ids=str,
)
def test_a_job_that_is_stuck_or_incomplete_is_lost(changes: dict[str, Any]) -> None:
    """Whatever is missing in its row."""
    assert broken(with_job(**changes))[Promise.LOST] >= 1


def test_a_card_without_its_urls_is_reported() -> None:
    """The card must have what the result of its phrase has."""
    assert broken(replace(good(), cards={"c": {"audioUrlEn": URLS[0], "audioUrlFr": None}})) == {Promise.LOST: 1}


def test_cards_of_the_other_worker_are_its_own_affair() -> None:
    """It completes a job first, and may be killed before it gives the cards their URLs."""
    evidence = with_writes(write("old", PENDING, TAKEN), write("old", TAKEN, DONE))
    evidence = replace(evidence, cards={}, replaced=frozenset({"old"}))

    assert broken(evidence) == {}


def test_a_row_may_be_gone_only_if_the_application_deleted_it() -> None:
    """And failed as cancelled only if it was cancelled."""
    gone = replace(good(), jobs={})
    assert broken(gone) == {Promise.LOST: 1}
    assert broken(replace(gone, deleted=frozenset({"j"}))) == {}
    cancelled = with_job(status="failed", error="Cancelled.", results=None, processed=1)
    assert broken(replace(cancelled, cancelled=frozenset({"j"}))) == {}


@pytest.mark.parametrize(
    "content",
    [b"", FILES["c_fr.mp3"], FILES["j_1_fr.mp3"][:-100]],
    ids=["empty", "another text", "not whole"],
)
def test_a_file_with_the_wrong_content_is_reported(content: bytes) -> None:
    """It must be what the provider answered for this text and this voice, to the last byte."""
    files = FILES | {"j_1_fr.mp3": content}

    assert broken(replace(good(), read=files.__getitem__)) == {Promise.PARTIAL: 1}


def test_a_missing_file_is_reported() -> None:
    """Also when the row names it."""
    versions = dict.fromkeys(NAMES[1:], 1)

    assert broken(replace(good(), versions=versions)) == {Promise.PARTIAL: 1}


def test_files_that_belong_to_nothing_or_were_written_again_are_reported() -> None:
    """A file of an edited job may be written once for each of its texts."""
    versions = dict.fromkeys(NAMES, 1) | {"j_1_en.mp3": 2}
    assert broken(replace(good(), versions=versions)) == {Promise.TWICE: 1}
    assert broken(replace(good(), versions=versions | {"x_en.mp3": 1})) == {Promise.TWICE: 2}
    before = [PHRASES[0], {"textEn": "A boat.", "textFr": "Une corde."}]
    assert broken(replace(good(), versions=versions, drafts={"j": [before, PHRASES]})) == {}


def test_speech_that_is_stored_twice_or_for_nothing_is_reported() -> None:
    """The store has one entry for each text and voice."""
    stored = good().stored
    first = stamp(*TEXTS[0][:1], voice="alloy")
    assert broken(replace(good(), stored={**stored, first: 2})) == {Promise.TWICE: 1}
    assert broken(replace(good(), stored={**stored, "None": 1})) == {Promise.TWICE: 1}


def bad_writes() -> dict[str, tuple[Promise, list[RowWrite]]]:
    taken = [write("w1", PENDING, TAKEN), write("w2", TAKEN, replace(TAKEN, started="10:30"))]
    over = [write("w1", PENDING, TAKEN), write("w1", TAKEN, DONE)]
    released = [write("w1", PENDING, TAKEN), write("w1", TAKEN, PENDING)]
    cancelled = [write("w1", PENDING, TAKEN), write(OURS, TAKEN, replace(TAKEN, status="failed"))]
    theirs = replace(TAKEN, started="10:20")
    stolen = [write("w1", PENDING, TAKEN), write("old", TAKEN, theirs)]
    return {
        "progress by one that lost it": (Promise.STALE, [*taken, write("w1", TAKEN, HALF)]),
        "completion by one that lost it": (Promise.STALE, [*taken, write("w1", AGAIN, DONE)]),
        "a change after its end": (Promise.STALE, [*over, write("w1", DONE, replace(DONE, processed=3))]),
        "a take after its end": (Promise.STALE, [*over, write("w2", DONE, TAKEN)]),
        "a change after its release": (Promise.STALE, [*released, write("w1", PENDING, replace(PENDING, processed=1))]),
        "completion of what was cancelled": (Promise.STALE, [*cancelled, write("w1", cancelled[1].now, DONE)]),
        "a change of what another worker took": (
            Promise.STALE,
            [*stolen, write("w1", theirs, replace(theirs, processed=1))],
        ),
        "progress that fell": (Promise.PROGRESS, [*taken[:1], write("w1", TAKEN, HALF), write("w1", HALF, TAKEN)]),
        "two completions": (Promise.TWICE, [*over, write(OURS, DONE, PENDING), *over]),
    }


@pytest.mark.parametrize("name", bad_writes())
def test_a_wrong_change_of_a_row_is_reported(name: str) -> None:
    """Whatever is changed without having the job, after its end, backwards or again."""
    promise, writes = bad_writes()[name]
    evidence = replace(with_writes(*writes), replaced=frozenset({"old"}))

    assert broken(evidence)[promise] >= 1


def test_what_others_do_to_rows_is_no_fault_of_sayso() -> None:
    """The application and the worker that Sayso replaces may change what they like."""
    writes = [
        write("old", PENDING, TAKEN),
        write("old", TAKEN, HALF),
        write("w1", HALF, AGAIN),
        write("w1", AGAIN, DONE),
        write("old", DONE, TAKEN),
        write("old", TAKEN, DONE),
    ]

    assert broken(replace(with_writes(*writes), replaced=frozenset({"old"}))) == {}


def test_a_lease_that_is_taken_early_is_reported() -> None:
    """While another worker had it, not one of its own whose response was lost."""
    evidence = good()
    early = LeaseTaken(at=8, worker="w2", job="j", last_worker="w1", last_until=12)
    evidence.record.leases[:] = [early]
    assert broken(evidence) == {Promise.STALE: 1}
    evidence.record.leases[:] = [replace(early, last_worker="w2")]
    assert broken(evidence) == {}


@pytest.mark.parametrize(
    ("how", "worker", "at", "is_reported"),
    [
        pytest.param(None, "w1", 0.0, True, id="no kill"),
        pytest.param(End.KILLED, "w1", 10.5, False, id="killed while it waited"),
        pytest.param(End.KILLED, "w1", 12.0, False, id="killed before the store"),
        pytest.param(End.KILLED, "w1", 60.0, True, id="killed long after"),
        pytest.param(End.KILLED, "w3", 10.5, True, id="another worker killed"),
        pytest.param(End.TOLD, "w1", 10.5, True, id="stopped in order"),
    ],
)
def test_a_text_is_bought_again_only_for_a_kill(how: End | None, worker: str, at: float, *, is_reported: bool) -> None:
    """One that came between the request and the store."""
    again = Purchase(text="A lamp.", voice="alloy", worker="w2", began=40, ended=41)
    evidence = replace(good(), purchases=[*purchases(), again])
    deaths = [] if how is None else [Death(at=at, told=at, worker=worker, how=how, exit_code=0)]

    assert (broken(evidence, *deaths) == {Promise.BOUGHT: 1}) is is_reported


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda evidence: replace(evidence, left=["a lease"]), id="things left behind"),
        pytest.param(lambda evidence: evidence, id="a worker that failed"),
    ],
)
def test_remains_and_failures_are_reported(change: Callable[[CardsEvidence], CardsEvidence]) -> None:
    """Each by itself."""
    evidence = change(good())
    deaths = [] if evidence.left else [Death(at=1, told=1, worker="w1", how=End.BY_ITSELF, exit_code=1)]

    assert len(broken(evidence, *deaths)) == 1
