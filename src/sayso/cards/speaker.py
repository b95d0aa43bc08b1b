"""The `PhraseSpeaker`: each distinct text is bought or computed once, by the first engine that can speak it.

A text is looked up in the store of everything that was ever spoken. If it is not there, it is claimed, so that one of
all workers makes it and the others wait, and the audio is stored before the claim ends. The store is asked for every
engine in their order, so what was bought once is used even while the provider cannot be reached.
"""

from __future__ import annotations

import hashlib
import json
import math
import time
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, cast

import structlog

from sayso.cards.base import SpokenPhrase
from sayso.cards.cloud import CloudEngine
from sayso.cards.engines import SPEED, SpeechRequest
from sayso.cards.flights import Flights
from sayso.cards.turns import Turns
from sayso.errors import (
    Busy,
    EngineUnavailable,
    InvalidInput,
    ModelMissing,
    NotInstalled,
    OutputFailed,
    SaysoError,
    ServiceUnavailable,
    UnsupportedLanguage,
)
from sayso.resilience import BreakerState, Failure
from sayso.resilience.chain import everything_failed, reason_of
from sayso.threads import on_thread

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from sayso.cache import Cache
    from sayso.cards.base import Purchases
    from sayso.cards.claims import ClaimKeeper
    from sayso.cards.engines import EngineVoice, PhraseEngine
    from sayso.resilience import Link

_log = structlog.get_logger(__name__)

_CLOSE_SECONDS = 2.0
_RETRY_SECONDS = 60.0
"""After how long a job is tried again that no engine could speak for."""

_QUIET_SECONDS = 600.0
"""A failure that all phrases meet is logged once in so long."""

_LASTING = frozenset(
    {
        *("model_not_found", "model_retired", "rejected_key", "quota", "not_configured", "daily_limit", "breaker_open"),
        *("model_missing", "model_corrupt", "not_installed"),
    }
)
"""The reasons for which an engine speaks no text at all now; they are not failures that its breaker counts."""


def speech_key(text: str, language: str, voice: EngineVoice, *, engine: str) -> str:
    """The key of a text's audio: 64 hexadecimal digits over everything that decides it."""
    what = [text, language, voice.name, SPEED, engine, voice.fingerprint]
    return hashlib.sha256(json.dumps(what, ensure_ascii=True).encode()).hexdigest()


class CardSpeaker:
    """See the module, and `sayso.cards.base.PhraseSpeaker`; for one event loop.

    Args:
        engines: in the order in which they are tried, each with its breaker.
        store: of MP3 files by speech key; its calls block, and raise `ServiceUnavailable` and `OutputFailed`.
        claims: on the texts that are being made.
        purchases: where phrases are counted.
        phrases_at_once: how many phrases are spoken at once, over all jobs, which get their places in turn.
        on_fallback: called with every failure after which another engine is tried.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        engines: Sequence[Link[PhraseEngine]],
        *,
        store: Cache,
        claims: ClaimKeeper,
        purchases: Purchases,
        phrases_at_once: int,
        on_fallback: Callable[[Failure], None] = lambda _: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._engines = tuple(engines)
        self._store = store
        self._claims = claims
        self._purchases = purchases
        self._places = Turns(phrases_at_once)
        self._on_fallback = on_fallback
        self._clock = clock
        self._flights = Flights()
        self._unsaved: dict[str, bytes] = {}
        """What was made and could not be stored, by key; no more than is made at once."""
        self._logged_at: dict[tuple[str, str], float] = {}

    @property
    def clouds(self) -> Sequence[Link[CloudEngine]]:
        """The engines that are paid for, for health checks."""
        return [cast("Link[CloudEngine]", link) for link in self._engines if isinstance(link.engine, CloudEngine)]

    async def speak(self, text: str, language: str, *, job_id: str) -> SpokenPhrase:
        """See `PhraseSpeaker.speak`; when it is cancelled, its place is free at once.

        Raises:
            UnsupportedLanguage: no engine speaks this language.
            InvalidInput: no engine takes this text.
            Busy: no engine can speak anything now: no key works, a model is missing, or the day's limit is reached.
            EngineUnavailable, EngineFailed, EverythingFailed: no engine could speak this text.
            ServiceUnavailable: the database or the store does not answer.
        """
        async with self._places.turn(job_id):
            spoken = await self._spoken(text, language, job_id)
        self._purchases.count(job_id, spoken.engine, is_cached=spoken.is_cached)
        return spoken

    async def close(self) -> None:
        """End all work: what is being paid for is waited for a moment, and stored."""
        await self._flights.close(grace_seconds=_CLOSE_SECONDS)
        with suppress(ServiceUnavailable):
            await self._save()
        await self._claims.close()
        await self._purchases.close()

    async def _spoken(self, text: str, language: str, job_id: str) -> SpokenPhrase:
        failures: list[Failure] = []
        is_standing = False
        async for link, voice in self._speaking(language):
            if failures:
                self._fell_back(failures[-1], link, is_standing=is_standing)
            key = speech_key(text, language, voice, engine=link.name)
            stored = await self._stored(key, link)
            if stored is not None:
                return stored
            request = SpeechRequest(text, language, voice, job_id=job_id)
            is_standing = True
            try:
                _check(link)
                is_standing = False
                return await self._flights.join(key, request, partial(self._made, key, link=link))
            except ServiceUnavailable:
                raise
            except SaysoError as error:
                failures.append(Failure(engine=link.name, reason=reason_of(error), error=error))
        raise self._all_failed(failures)

    async def _speaking(self, language: str) -> AsyncIterator[tuple[Link[PhraseEngine], EngineVoice]]:
        """The engines that speak a language, each with its voice.

        Raises:
            UnsupportedLanguage: there is none.
            Busy: there is none, because a model is missing.
        """
        missing: list[Failure] = []
        found = False
        for link in self._engines:
            try:
                voice = await link.engine.voice(language)
            except (ModelMissing, NotInstalled) as error:
                missing.append(Failure(engine=link.name, reason=reason_of(error), error=error))
                continue
            if voice is not None:
                found = True
                yield link, voice
        if found:
            return
        if missing:
            raise self._all_failed(missing)
        raise UnsupportedLanguage(f"No engine speaks the language {language!r}.")

    async def _made(self, key: str, request: SpeechRequest, *, link: Link[PhraseEngine]) -> SpokenPhrase:
        """Make a text's audio, unless another worker makes it first."""
        async with self._claims.held(key):
            stored = await self._stored(key, link)
            if stored is not None:
                return stored
            await self._save()  # nothing is bought while the store takes nothing
            mp3 = await _with_breaker(request, link)
            request.is_kept = True
            self._unsaved[key] = mp3
            with suppress(ServiceUnavailable):  # the job gets its audio all the same
                await self._save()
        return SpokenPhrase(mp3=mp3, speech_key=key, engine=link.name, is_cached=False)

    async def _stored(self, key: str, link: Link[PhraseEngine]) -> SpokenPhrase | None:
        mp3 = self._unsaved.get(key) or await on_thread(lambda: self._store.get(key))
        return None if mp3 is None else SpokenPhrase(mp3=mp3, speech_key=key, engine=link.name, is_cached=True)

    async def _save(self) -> None:
        """Store what was made and is not stored yet.

        Raises:
            ServiceUnavailable: the store does not take it.
        """
        for key, mp3 in list(self._unsaved.items()):
            try:
                await on_thread(partial(self._store.put, key, mp3))
            except (ServiceUnavailable, OutputFailed) as error:
                _log.warning("speech was not stored", speech_key=key, reason=error.message)
                raise ServiceUnavailable(error.message, hint=error.hint) from error
            self._unsaved.pop(key, None)

    def _fell_back(self, failure: Failure, following: Link[PhraseEngine], *, is_standing: bool) -> None:
        """Log a failure after which another engine is tried: one that all phrases meet only now and then.

        Args:
            failure: of the engine before.
            following: is tried next.
            is_standing: whether the engine was not called at all, since it is known to be of no use now.
        """
        self._on_fallback(failure)
        if (is_standing or failure.reason in _LASTING) and not self._is_due(failure):
            return
        error = failure.error
        _log.warning(
            "fallback",
            engine=failure.engine,
            reason=failure.reason,
            error=error.message,
            hint=error.hint,
            to=following.name,
        )

    def _all_failed(self, failures: Sequence[Failure]) -> SaysoError:
        """The error of a text that no engine has spoken, at least one of them.

        It is the text's fault only if every engine says so. If every engine is of no use for any text, it is no fault
        of the job, either, which is tried again without counting the attempt.
        """
        if all(isinstance(failure.error, InvalidInput) for failure in failures):
            return failures[0].error
        error = everything_failed(failures)
        if not all(failure.reason in _LASTING for failure in failures):
            return error
        if self._is_due(failures[0]):
            _log.error("no engine can speak", error=error.message, hint=failures[0].error.hint)
        asked = [failure.error.retry_after_seconds or _RETRY_SECONDS for failure in failures]
        return Busy(error.message, retry_after_seconds=min(*asked, _RETRY_SECONDS), hint=error.hint)

    def _is_due(self, failure: Failure) -> bool:
        """Whether a failure that lasts is logged now: not again for a while."""
        now, what = self._clock(), (failure.engine, failure.reason)
        if now - self._logged_at.get(what, -math.inf) < _QUIET_SECONDS:
            return False
        self._logged_at[what] = now
        return True


def _check(link: Link[PhraseEngine]) -> None:
    """Refuse an engine that is known to be of no use now, before anything is claimed.

    Raises:
        EngineUnavailable: with the reason.
    """
    link.engine.check()
    if link.breaker.state is BreakerState.OPEN:
        raise _breaker_open(link)


async def _with_breaker(request: SpeechRequest, link: Link[PhraseEngine]) -> bytes:
    """The MP3 file of an engine, whose breaker learns how it went."""
    if not link.breaker.allows():
        raise _breaker_open(link)
    try:
        mp3 = await link.engine.speak(request)
    except SaysoError as error:
        # What is wrong with the key, the model or the account is no reason to probe again so soon.
        if isinstance(error, InvalidInput | ServiceUnavailable) or reason_of(error) in _LASTING:
            link.breaker.record_ignored()
        else:
            link.breaker.failed()
        raise
    except Exception:
        link.breaker.failed()
        raise
    except BaseException:
        link.breaker.record_ignored()
        raise
    link.breaker.succeeded()
    return mp3


def _breaker_open(link: Link[PhraseEngine]) -> EngineUnavailable:
    return EngineUnavailable(f"{link.name} fails too often and is not called now.", reason="breaker_open")
