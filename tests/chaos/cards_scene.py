"""Workers of cards: an application's tables, a provider that fails now and then, and files in a directory."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from chaos.card_orders import card_orders, edited
from chaos.cards_evidence import BASE_URL, CardsEvidence, JobNow, Purchase
from chaos.cards_promises import broken_card_promises
from chaos.cards_record import CardsRecorder
from chaos.crew import plain_environment
from chaos.postgres_server import TroubledPostgres
from chaos.remains import left_at_work
from chaos.renames import Renames
from chaos.storm import Trouble
from sayso.cache import unpack_entry
from sayso.postgres.migrate import migrate
from sayso.testing.openai_server import Fault, FaultKind, OpenAIServer, StampedSpeech, stamp_of
from support.cards.tables import PLAIN, create_tables

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Mapping, Sequence
    from types import TracebackType

    from chaos.cards_evidence import Phrases
    from chaos.cards_record import CardsRecord
    from chaos.crew import Crew, Death
    from chaos.promises import Broken
    from chaos.stories import Order

_APPLICATION = "application"
_REPLACED = "replaced"
_LOCK = ".sayso-lock"
_STUCK_SECONDS = 12
_INTERVAL_MS = 20
_LATENCY_SECONDS = 0.3
_TIMEOUT_SECONDS = 15  # longer than a freeze, so that a response that came meanwhile is not thrown away
_OUTAGE_SECONDS = (1.0, 6.0)
_REPLACED_AWAY_SECONDS = (1.0, 4.0)
_REQUESTS = 100_000

_FAULTS: Mapping[Fault, float] = {
    Fault(kind=FaultKind.RATE_LIMITED, retry_after_seconds=1): 0.01,
    Fault(kind=FaultKind.RATE_LIMITED): 0.01,
    Fault(kind=FaultKind.SERVER_ERROR): 0.03,
    Fault(kind=FaultKind.OVERLOADED): 0.01,
    Fault(kind=FaultKind.CUT): 0.02,
    Fault(kind=FaultKind.GARBAGE): 0.01,
    Fault(kind=FaultKind.WRONG_TYPE): 0.005,
    Fault(kind=FaultKind.HANG): 0.003,
    Fault(kind=FaultKind.HANG_IN_BODY): 0.003,
}
"""The share of the requests that meet each."""

_INSERT_CARD = """
insert into "Card" ("id", "deckId", "question", "updatedAt") values (%s, %s, 'Why?', now()) on conflict do nothing
"""
_INSERT = """
insert into "TtsJob" ("id", "deckId", "userId", "phrases", "totalPhrases", "updatedAt")
values (%s, 'deck', 'user', %s, %s, now()) on conflict do nothing
"""
_EDIT = """
update "TtsJob" set "phrases" = %s, "totalPhrases" = %s, "updatedAt" = now()
where "id" = %s and "status" in ('pending', 'processing')
"""
_CANCEL = """
update "TtsJob" set "status" = 'failed', "errorMessage" = 'Cancelled.', "completedAt" = now() at time zone 'UTC',
    "updatedAt" = now()
where "id" = %s and "status" in ('pending', 'processing')
"""
_DELETE = 'delete from "TtsJob" where "id" = %s'
_OPEN = """select count(*) as left from "TtsJob" where "status" in ('pending', 'processing')"""


class CardsScene:
    """A context manager; in it there are the tables, the provider and a directory for the files.

    Args:
        directory: for all of it.
        chance: decides about jobs.
        settings: the environment that all processes have in common.
        is_cutover: whether a worker as Sayso replaces it works beside, until all is calm. Then Sayso's own tables are
            in the application's database; otherwise they are in another one.
    """

    command: Sequence[str] = ("run", "cards")

    def __init__(
        self, directory: Path, chance: random.Random, settings: Mapping[str, str], *, is_cutover: bool = False
    ) -> None:
        self.name = "cards, cut-over" if is_cutover else "cards"
        self._directory = directory
        self._data = directory / "data"
        self._files = self._data / "tts"
        self._chance = chance
        self._settings = settings
        self._is_cutover = is_cutover
        self._own_database = _APPLICATION if is_cutover else "postgres"
        self._sent: dict[str, Order] = {}
        self._drafts: dict[str, list[Phrases]] = {}
        self._deleted: set[str] = set()
        self._cancelled: set[str] = set()
        self._edits = 0
        self._replaced: subprocess.Popen[bytes] | None = None
        self._stack = ExitStack()
        self._watching = ExitStack()  # of the directory, which ends before all else
        self._is_calm = False

    def orders(self, count: int, *, engine: str) -> Sequence[Order]:  # noqa: ARG002 -- the provider speaks
        """So many jobs."""
        return card_orders(self._chance, count)

    def environment(self, name: str) -> Mapping[str, str]:
        """What an operator would set; the worker's name is in its requests to the provider."""
        return {
            **self._settings,
            "DATABASE_URL": self._server.url(name, database=_APPLICATION),
            "SAYSO_DATABASE_URL": self._server.url(name, database=self._own_database),
            "OPENAI_API_KEY": self._provider.key,
            "OPENAI_BASE_URL": self._provider.base_url,
            "SAYSO_OPENAI_CHECK_SECONDS": "0",
            "OPENAI_ORG_ID": name,
            "FALLBACK_TO_LOCAL": "false",
            "SAYSO_OPENAI_MIN_INTERVAL_MS": str(_INTERVAL_MS),
            "SAYSO_OPENAI_TIMEOUT_SECONDS": str(_TIMEOUT_SECONDS),
            "LOCAL_STORAGE_PATH": str(self._files),
            "PUBLIC_BASE_URL": BASE_URL,
            "POLL_INTERVAL_MS": "1000",
            "SAYSO_CARDS_STUCK_SECONDS": str(_STUCK_SECONDS),
            "SAYSO_DATA": str(self._data),
            "SAYSO_CACHE_DIR": str(self._directory / "cache"),
        }

    def send(self, order: Order) -> None:
        """Insert a job, and its cards before; nothing happens if it was inserted before."""
        if order.name in self._sent:
            return
        phrases = json.loads(order.body)
        self._sent[order.name] = order
        self._drafts[order.name] = [phrases]
        for phrase in phrases:
            if "cardId" in phrase:
                self._ask(_INSERT_CARD, phrase["cardId"], "deck")
        self._ask(_INSERT, order.name, order.body, len(phrases))

    def is_empty(self) -> bool:
        """Whether no job is left."""
        return bool(self._ask(_OPEN)[0]["left"] == 0)

    def record(self) -> CardsRecord:
        """See `storm.Place`."""
        return self._recorder.read()

    # Troubles

    def trouble(
        self,
        trouble: Trouble,
        chance: random.Random,
        crew: Crew,  # noqa: ARG002 -- what fails is what the workers depend on
    ) -> Sequence[tuple[float, Callable[[], None]]]:
        """See `storm.Place`."""
        if trouble is Trouble.EDIT:
            self._change_a_row(chance)
            return []
        if trouble is Trouble.OUTAGE:
            self._provider.faults(always=chance.choice((FaultKind.SERVER_ERROR, FaultKind.OVERLOADED)))
            return [(chance.uniform(*_OUTAGE_SECONDS), self._fail_now_and_then)]
        if trouble is Trouble.REPLACED:
            self._kill_replaced()
            return [(chance.uniform(*_REPLACED_AWAY_SECONDS), self._start_replaced)]
        return self._server.trouble(trouble, chance)

    def _change_a_row(self, chance: random.Random) -> None:
        """Edit, delete or cancel a job, as the application may at any time."""
        jobs = [name for name in self._sent if name not in self._deleted | self._cancelled]
        if not jobs:
            return
        name = chance.choice(jobs[-12:])  # those that are probably not over
        self._edits += 1
        if chance.random() < 0.6:
            phrases = edited(chance, self._drafts[name][-1], self._edits)
            self._drafts[name].append(phrases)
            self._server.apart(lambda: self._ask(_EDIT, json.dumps(phrases), len(phrases), name))
        elif chance.random() < 0.5:
            self._deleted.add(name)
            self._server.apart(lambda: self._ask(_DELETE, name))
        else:
            self._cancelled.add(name)
            self._server.apart(lambda: self._ask(_CANCEL, name))

    def _fail_now_and_then(self) -> None:
        if self._is_calm:
            return
        kinds = [None, *_FAULTS]
        weights = [1 - sum(_FAULTS.values()), *_FAULTS.values()]
        self._provider.faults(*self._chance.choices(kinds, weights, k=_REQUESTS))

    def calm(self) -> None:
        """Have a database and a provider that work; the worker that Sayso replaces is gone."""
        self._server.calm()
        self._is_calm = True
        self._provider.faults()
        self._kill_replaced()

    def faults(self) -> Mapping[str, int]:
        """How often each fault of the provider was met."""
        return Counter(str(request.fault) for request in self._provider.requests if request.fault is not None)

    @property
    def skipped(self) -> Mapping[Trouble, str]:
        """See `run.Scene`: every trouble can be made here."""
        return {}

    # The worker that Sayso replaces

    def _start_replaced(self) -> None:
        if self._is_calm:
            return
        environment = {**plain_environment(), **self.environment(_REPLACED)}
        with (self._directory / "replaced.log").open("ab") as log:
            self._replaced = subprocess.Popen(
                [sys.executable, str(Path(__file__).with_name("replaced_worker.py"))],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _kill_replaced(self) -> None:
        if self._replaced is not None:
            with suppress(ProcessLookupError):
                os.kill(self._replaced.pid, signal.SIGKILL)
            self._replaced.wait()
            self._replaced = None

    # The end

    def evidence(self) -> CardsEvidence:
        """All that is there now."""
        left = self._left()
        self._watching.close()
        counts: Counter[Path] = self._renames.counts
        files = {path: times for path, times in counts.items() if path.parent == self._files}
        versions = {path.name: times for path, times in files.items() if path.exists() and path.name[0] != "."}
        if self._is_cutover:  # what the other worker wrote is written in place, and again
            versions |= {path.name: 1 for path in self._renames.in_place if path.parent == self._files}
        else:
            left += [f"{path} was written in place" for path in self._renames.in_place]
        return CardsEvidence(
            orders=list(self._sent.values()),
            messages={name: name for name in self._sent},
            record=self.record(),
            tasks={},
            versions=versions,
            read=lambda name: (self._files / name).read_bytes(),
            dead_lettered={},
            left=left,
            jobs={row["id"]: _job(row) for row in self._ask('select * from "TtsJob"')},
            cards={
                row["id"]: {key: row[key] for key in ("audioUrlEn", "audioUrlFr")}
                for row in self._ask('select * from "Card"')
            },
            drafts=self._drafts,
            deleted=frozenset(self._deleted),
            cancelled=frozenset(self._cancelled),
            purchases=self._purchases(),
            stored=self._stored(),
            replaced=frozenset({_REPLACED} if self._is_cutover else ()),
        )

    def broken(self, evidence: CardsEvidence, deaths: Sequence[Death]) -> Broken:
        """See `run.Scene`."""
        return broken_card_promises(evidence, deaths)

    def left_by(self, name: str) -> Sequence[str]:  # noqa: ARG002 -- the directory is that of all
        """See `run.Scene`; what is left in the common directory is looked at once all have stopped."""
        return []

    def _left(self) -> list[str]:
        own = self._server.url("chaos", database=self._own_database)
        left = [f"{row['id']} is {row['status']}" for row in self._ask(_OPEN.replace("count(*) as left", "*"))]
        left += left_at_work(self._data / "work", self._directory / "logs", self.environment, self.command)
        leases = self._server.ask("select job_id, worker from sayso.card_leases", conninfo=own)
        left += [f"the lease of {row['job_id']} ({row['worker']})" for row in leases]
        claims = self._server.ask(
            "select speech_key from sayso.card_speech_claims where claimed_until > now()", conninfo=own
        )
        left += [f"the claim of the text {row['speech_key']}" for row in claims]
        return left + [str(path) for path in (self._files / ".sayso-staging").glob("*") if path.name != _LOCK]

    def _purchases(self) -> list[Purchase]:
        unix_seconds = time.time() - time.monotonic()
        return [
            Purchase(
                text=request.fields["input"],
                voice=request.fields["voice"],
                worker=request.headers["openai-organization"],
                began=unix_seconds + request.began_at,
                ended=unix_seconds + request.ended_at,
            )
            for request in self._provider.requests
            if request.fault is None
            and request.status == 200
            and request.ended_at is not None
            and "openai-organization" in request.headers
        ]

    def _stored(self) -> Mapping[str, int]:
        """The entries of the store of speech, by their stamps; one that is damaged counts as none."""
        stamps: Counter[str] = Counter()
        for path in (self._files / ".sayso-speech").rglob("*.entry"):
            mp3 = unpack_entry(path.read_bytes())
            if mp3 is not None:
                stamps[str(stamp_of(mp3))] += 1
        return stamps

    def _ask(self, statement: str, *parameters: Any) -> Sequence[Mapping[str, Any]]:
        return self._server.ask(statement, *parameters, conninfo=self._application)

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self._files.mkdir(parents=True)
            self._provider = stack.enter_context(OpenAIServer(speech=StampedSpeech(), latency_seconds=_LATENCY_SECONDS))
            self._server = TroubledPostgres(self._directory / "postgres")
            stack.callback(self._server.stop)
            self._application = self._server.create_database(_APPLICATION)
            create_tables(self._application, PLAIN)
            own = self._application if self._is_cutover else self._server.conninfo
            migrate(own)
            self._recorder = CardsRecorder(self._application, own)
            self._renames = self._watching.enter_context(Renames(self._files))
            stack.callback(self._watching.close)
            self._fail_now_and_then()
            if self._is_cutover:
                self._start_replaced()
                stack.callback(self._kill_replaced)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.calm()
        self._stack.close()


def _job(row: Mapping[str, Any]) -> JobNow:
    return JobNow(
        status=row["status"],
        phrases=row["phrases"],
        results=row["resultUrls"],
        processed=row["processedCount"],
        error=row["errorMessage"],
        is_dated=row["startedAt"] is not None and row["completedAt"] is not None,
    )
