"""The promises of cards, each checked against the evidence; a broken one is described in a sentence."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from chaos.cards_evidence import BASE_URL, LANGUAGES, VOICES, file_name
from chaos.crew import End
from chaos.postgres_record import OURS
from chaos.promises import Promise, failed_workers
from sayso.testing.openai_server import StampedSpeech, stamp

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from chaos.cards_evidence import CardsEvidence, JobNow, Purchase
    from chaos.cards_record import RowWrite
    from chaos.crew import Death
    from chaos.promises import Broken

_OVER = frozenset({"completed", "failed"})

_STORE_SECONDS = 5.0
"""By so much a response may be older than the death of the worker that it was for, before it is in the store."""

_SENDING_SECONDS = 1.0
"""By so much a request may arrive after the death of the worker that sent it."""

_CLOCK_SECONDS = 0.5
"""How much a lease may be taken before its end: a statement takes its time when it begins."""


def broken_card_promises(evidence: CardsEvidence, deaths: Sequence[Death]) -> Broken:
    """What was broken, with enough details to find it."""
    return {
        Promise.LOST: list(_lost(evidence)),
        Promise.STALE: [*_stale_writes(evidence), *_early_leases(evidence)],
        Promise.PARTIAL: list(_wrong_content(evidence)),
        Promise.TWICE: list(_twice(evidence)),
        Promise.BOUGHT: list(_bought_again(evidence, deaths)),
        Promise.PROGRESS: list(_progress_that_fell(evidence)),
        Promise.LEFT: list(evidence.left),
        Promise.WORKERS: list(failed_workers(evidence, deaths)),
    }


def _lost(evidence: CardsEvidence) -> Iterator[str]:
    """Jobs that did not end as they should, and cards without their URLs.

    The worker that Sayso replaces completes a job before it gives the cards their URLs: killed between, it loses these.
    """
    writes = evidence.record.writes
    of_replaced = {write.job for write in writes if not _is_by_sayso(write, evidence) and _completes(write)}
    for order in evidence.orders:
        job = evidence.jobs.get(order.name)
        if job is None:
            if order.name not in evidence.deleted:
                yield f"{order.name}: its row is gone"
        elif order.name in evidence.cancelled and (job.status, job.error) == ("failed", "Cancelled."):
            continue
        elif job.status != "completed":
            yield f"{order.name}: it is {job.status}, with the error {job.error!r}"
        else:
            yield from _incomplete(order.name, job)
            if order.name not in of_replaced:
                yield from _cards_without_urls(evidence, order.name, job)


def _incomplete(name: str, job: JobNow) -> Iterator[str]:
    if job.error is not None:
        yield f"{name}: it has the error {job.error!r}"
    if job.processed != len(job.phrases):
        yield f"{name}: processedCount is {job.processed} of {len(job.phrases)}"
    if not job.is_dated:
        yield f"{name}: it has no startedAt or no completedAt"
    if not isinstance(job.results, list) or len(job.results) != len(job.phrases):
        yield f"{name}: its resultUrls are not one for each phrase"
        return
    for index, (phrase, result) in enumerate(zip(job.phrases, job.results, strict=True)):
        keys = {url for text, url in LANGUAGES.values() if text in phrase} | ({"cardId"} & phrase.keys())
        if set(result) != keys or result.get("cardId") != phrase.get("cardId"):
            yield f"{name}: the result of phrase {index} is {result}"
        for language, (_, key) in LANGUAGES.items():
            url = str(result.get(key))
            wanted = f"{BASE_URL}/{file_name(name, index, phrase, language)}"
            if url.partition("?v=")[0] != wanted:
                yield f"{name}: {key} of phrase {index} is {url}"


def _cards_without_urls(evidence: CardsEvidence, name: str, job: JobNow) -> Iterator[str]:
    for result in job.results if isinstance(job.results, list) else ():
        card_id = result.get("cardId")
        if card_id is not None:
            urls = {key: result.get(key) for _, key in LANGUAGES.values()}
            if evidence.cards.get(card_id) != urls:
                yield f"{name}: the card {card_id} has {evidence.cards.get(card_id)}, and the result {urls}"


def _wrong_content(evidence: CardsEvidence) -> Iterator[str]:
    """Files that are missing, not whole, or another text's."""
    speech = StampedSpeech()
    for name, job in evidence.jobs.items():
        if job.status != "completed":
            continue
        for index, phrase in enumerate(job.phrases):
            for language, (key, _) in LANGUAGES.items():
                file = file_name(name, index, phrase, language)
                if file not in evidence.versions:
                    yield f"{name}: there is no file {file}"
                    continue
                fields = {"input": phrase[key], "voice": VOICES[language]}
                if evidence.read(file) != speech.answer(fields)[0]:
                    yield f"{name}: {file} is not {phrase[key]!r}"


def _twice(evidence: CardsEvidence) -> Iterator[str]:
    """Files that were written too often or that belong to no job, jobs completed again, speech stored again."""
    texts: dict[str, set[str]] = defaultdict(set)
    for name, drafts in evidence.drafts.items():
        for phrases in drafts:
            for index, phrase in enumerate(phrases):
                for language, (key, _) in LANGUAGES.items():
                    texts[file_name(name, index, phrase, language)].add(phrase[key])
    for file, times in evidence.versions.items():
        if file not in texts:
            yield f"{file}: it belongs to no phrase"
        elif times > len(texts[file]):
            yield f"{file}: it was written {times} times"
    completed = Counter(
        write.job for write in evidence.record.writes if _is_by_sayso(write, evidence) and _completes(write)
    )
    yield from (f"{job}: it was completed {times} times" for job, times in completed.items() if times > 1)
    wanted = {
        stamp(phrase[key], voice=VOICES[language])
        for drafts in evidence.drafts.values()
        for phrases in drafts
        for phrase in phrases
        for language, (key, _) in LANGUAGES.items()
    }
    for digest, entries in evidence.stored.items():
        if digest not in wanted or entries > 1:
            yield f"the store of speech has {entries} entries with the stamp {digest[:12]}"


def _is_by_sayso(write: RowWrite, evidence: CardsEvidence) -> bool:
    return write.worker != OURS and write.worker not in evidence.replaced


def _completes(write: RowWrite) -> bool:
    return (
        write.was is not None
        and write.now is not None
        and write.now.status == "completed"
        and write.was.status != "completed"
    )


def _stale_writes(evidence: CardsEvidence) -> Iterator[str]:
    """Changes of rows by a worker that did not have the job, or after its end."""
    holders: dict[str, str | None] = {}
    for write in evidence.record.writes:
        if write.was is None:
            continue
        if not _is_by_sayso(write, evidence):
            if write.now is None or write.now.status != write.was.status or write.is_take:
                holders[write.job] = None if write.worker == OURS else write.worker
            continue
        if write.now is None or write.was.status in _OVER:
            yield f"{write.job}: {write.worker} changed it after its end ({write.was.status})"
        elif not write.is_take and write.worker != holders.get(write.job):
            yield f"{write.job}: {write.worker} changed it while {holders.get(write.job)} had it"
        if write.now is not None and write.now.status != "processing":
            holders[write.job] = None
        elif write.is_take:
            holders[write.job] = write.worker


def _early_leases(evidence: CardsEvidence) -> Iterator[str]:
    """Leases that were taken before those of other workers had ended."""
    for lease in evidence.record.leases:
        if lease.last_worker not in {None, lease.worker} and lease.last_until > lease.at + _CLOCK_SECONDS:
            early_seconds = lease.last_until - lease.at
            yield f"{lease.job}: {lease.worker} took the lease of {lease.last_worker} {early_seconds:.1f} s early"


def _progress_that_fell(evidence: CardsEvidence) -> Iterator[str]:
    for write in evidence.record.writes:
        if write.was is None or write.now is None or not _is_by_sayso(write, evidence):
            continue
        least = min(write.was.processed, write.now.total)  # an edited job may have fewer phrases
        if write.now.processed < least:
            yield f"{write.job}: {write.worker} set processedCount from {write.was.processed} to {write.now.processed}"


def _bought_again(evidence: CardsEvidence, deaths: Sequence[Death]) -> Iterator[str]:
    """Texts that were bought more often than once and once more for each kill between a response and the store."""
    kills: dict[str, float] = {death.worker: death.at for death in deaths if death.how is not End.TOLD}
    purchases: dict[tuple[str, str], list[Purchase]] = defaultdict(list)
    for purchase in evidence.purchases:
        purchases[purchase.text, purchase.voice].append(purchase)
    for (text, voice), bought in purchases.items():
        kept = [purchase for purchase in bought if not _is_lost_by_a_kill(purchase, kills)]
        if len(kept) > 1:
            workers = ", ".join(f"{each.worker} at {each.ended:.1f}" for each in bought)
            yield f"{text!r} ({voice}) was bought {len(bought)} times: {workers}"


def _is_lost_by_a_kill(purchase: Purchase, kills: Mapping[str, float]) -> bool:
    """Whether the worker died while it waited for the response, or before it can have stored it."""
    at = kills.get(purchase.worker)
    return at is not None and purchase.began - _SENDING_SECONDS <= at <= purchase.ended + _STORE_SECONDS
