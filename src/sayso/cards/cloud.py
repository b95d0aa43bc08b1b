"""Phrases that are bought from a provider, one request each."""

from __future__ import annotations

import asyncio
import math
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import structlog

from sayso.cards.closure import Closure
from sayso.cards.engines import SPEED, EngineVoice, SpeechRequest
from sayso.cards.mp3 import check_mp3
from sayso.cards.turns import Turns
from sayso.errors import EngineFailed, EngineUnavailable, InvalidInput, SaysoError, ServiceUnavailable
from sayso.providers.openai.departures import departing
from sayso.providers.openai.errors import bad_response, retired
from sayso.providers.openai.health import provider_health
from sayso.providers.openai.languages import code_of_language
from sayso.providers.provider import OPENAI
from sayso.providers.shutdowns import Shutdowns
from sayso.resilience.retry import RetryableError, retry
from sayso.resilience.retry_policies import CARD_REQUEST
from sayso.threads import on_thread

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from concurrent.futures import Future
    from datetime import date

    from openai import AsyncOpenAI

    from sayso.cards.base import Purchases
    from sayso.cards.key_permits import KeyPermits
    from sayso.cards.voices import VoiceChoice
    from sayso.observability import EngineHealth
    from sayso.providers.openai.calls import Answer
    from sayso.providers.openai.connection import OpenAIConnection
    from sayso.providers.openai.departures import Departure
    from sayso.providers.openai.last_answer import LastAnswer
    from sayso.providers.provider import SpeechFacts
    from sayso.resilience import BreakerState

_log = structlog.get_logger(__name__)

_CLOSED_SECONDS: Mapping[str, float] = {
    "model_not_found": 600.0,
    "model_retired": 600.0,
    "rejected_key": 600.0,
    "quota": 600.0,
    "not_configured": 600.0,
    "daily_limit": 60.0,
}
"""How long OpenAI is not called after an error that every request would meet, by its reason."""

_LONGEST_CLOSED_SECONDS = 3600.0

_UNPAID = frozenset({"rate_limited", "server_error", "model_not_found", "model_retired", "rejected_key", "quota"})
"""The reasons of answers without audio, which cost nothing; without an answer the audio may have been made."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Purchase:
    """Characters that were counted before they were sent."""

    job_id: str
    characters: int
    day: date


class CloudEngine:
    """See `PhraseEngine`: one of a provider's models.

    Args:
        connection: sends the requests; it must not retry, because each attempt needs a permit.
        facts: the model, and its voices.
        provider: the provider's name.
        base_url: the service's address; None for OpenAI itself.
        shutdowns: which of the provider's models are retired.
        voices: of each language.
        permits: of the key.
        purchases: where characters are counted.
        retries: how many attempts may follow the first.
        on_bought: called with the number of characters that were paid for, as far as is known.
    """

    def __init__(
        self,
        connection: OpenAIConnection,
        *,
        facts: SpeechFacts,
        provider: str = OPENAI,
        base_url: str | None,
        shutdowns: Shutdowns | None = None,
        voices: VoiceChoice,
        permits: KeyPermits,
        purchases: Purchases,
        retries: int,
        on_bought: Callable[[int], None] = lambda _: None,
    ) -> None:
        self._connection = connection
        self.name = provider
        self._facts = facts
        self._model = facts.model
        self._shutdowns = shutdowns or Shutdowns(provider)
        self._fingerprint = f"{base_url or ''} {facts.model}".strip()
        self._voices = voices
        self._permits = permits
        self._purchases = purchases
        self._policy = replace(CARD_REQUEST, attempts=retries + 1)
        self._on_bought = on_bought
        self._turns = Turns(1)
        self._closure = Closure()

    def prepare(self) -> None:
        """Begin what the first request would wait for, on the connection's own thread; nothing is sent."""
        if self._connection.is_configured:
            voice = EngineVoice(name=self._voice("en"), fingerprint=self._fingerprint)
            self._connection.rehearse(self._send(SpeechRequest("a", "en", voice, job_id=""), None))

    async def voice(self, language: str) -> EngineVoice | None:
        """See `PhraseEngine.voice`."""
        if code_of_language(language) is None:
            return None
        return EngineVoice(name=self._voice(language), fingerprint=self._fingerprint)

    def _voice(self, language: str) -> str:
        return self._voices.of_provider(language, self._facts.voices, self._facts.voice_aliases)

    def check(self) -> None:
        """See `PhraseEngine.check`."""
        self._connection.require_key()
        if self._shutdowns.is_retired(self._model):
            raise retired(self._model, label=self._connection.label)
        self._closure.check()

    def health(self, breaker: BreakerState, check: LastAnswer | None) -> EngineHealth:
        """How it does, for /health; from any thread.

        Args:
            breaker: the state of its breaker.
            check: the latest check of the same key; None before the first.
        """
        detail = None
        try:
            self.check()
        except EngineUnavailable as error:
            detail = error.message
        return provider_health(
            is_configured=self._connection.is_configured,
            answer=self._connection.last_answer,
            check=check,
            breaker=breaker,
            is_needed=True,
            now_seconds=time.time(),
            detail=detail,
            name=self.name,
        )

    async def speak(self, request: SpeechRequest) -> bytes:
        """See `PhraseEngine.speak`.

        Each attempt takes a permit of the key, in turn with the other jobs of this process. A short ``Retry-After``
        pauses the key for all workers; after a long one, or an error that every request would meet, OpenAI is not
        called for a while.

        Raises:
            InvalidInput: OpenAI refuses the text.
            EngineUnavailable: it cannot be used now.
            EngineFailed: it refuses the request for another reason.
            ServiceUnavailable: the database of permits and purchases does not answer.
        """
        try:
            return await retry(lambda: self._attempt(request), self._policy)
        except RetryableError as failure:
            raise failure.error from None

    async def _attempt(self, request: SpeechRequest) -> bytes:
        await asyncio.wrap_future(self._connection.rehearse(self._send(request, None)))
        sent, purchase = await self._sent(request)
        request.is_kept = True  # the answer is paid for
        try:
            mp3 = await asyncio.wrap_future(sent)
            await on_thread(partial(check_mp3, mp3, request.text))
        except (InvalidInput, EngineFailed):
            await self._take_back(purchase)
            raise
        except EngineUnavailable as error:
            request.is_kept = False
            if error.reason not in _UNPAID:
                self._on_bought(purchase.characters)
            await self._failed(error, purchase)
            if not request.is_wanted:
                raise
            raise RetryableError(error) from None
        self._on_bought(purchase.characters)
        return mp3

    async def _sent(self, request: SpeechRequest) -> tuple[Future[bytes], _Purchase]:
        """Send a request in turn, with a permit, and count it before.

        The permit may expire until the connection is open; then the request waits for another one there.
        """
        async with request.turn(self._turns):
            self.check()
            purchase = await self._counted(request)
            try:
                permit = await self._permits.acquire()
                self.check()
                send = self._send(request, self._permits.departure(permit))
                return self._connection.submit(send, _read, until=math.inf, model=self._model), purchase
            except BaseException:
                await asyncio.shield(asyncio.ensure_future(self._take_back(purchase)))
                raise

    async def _counted(self, request: SpeechRequest) -> _Purchase:
        """Count the characters of a request, before it is sent.

        Raises:
            EngineUnavailable: the daily limit does not allow them.
            ServiceUnavailable: the database does not answer.
        """
        characters = len(request.text)
        job_id = request.job_id
        counting = asyncio.ensure_future(self._purchases.add(job_id, self.name, characters))
        try:
            day = await asyncio.shield(counting)
        except asyncio.CancelledError:
            with suppress(SaysoError):
                if (day := await counting) is not None:
                    await self._take_back(_Purchase(job_id=job_id, characters=characters, day=day))
            raise
        if day is None:
            error = EngineUnavailable("No more characters are bought today.", reason="daily_limit")
            self._closure.close(error, _CLOSED_SECONDS[error.reason])
            raise error
        return _Purchase(job_id=job_id, characters=characters, day=day)

    async def _failed(self, error: EngineUnavailable, purchase: _Purchase) -> None:
        """Draw the conclusions of a failed attempt.

        Raises:
            EngineUnavailable: no request is sent for a while.
        """
        if error.reason in _UNPAID:
            await self._take_back(purchase)
        asked_seconds = error.retry_after_seconds
        longest_seconds = self._policy.longest_asked_seconds or 0.0
        closed_seconds = _CLOSED_SECONDS.get(error.reason)
        if closed_seconds is None and asked_seconds is not None and asked_seconds > longest_seconds:
            closed_seconds = min(asked_seconds, _LONGEST_CLOSED_SECONDS)
        if closed_seconds is not None:
            self._closure.close(error, closed_seconds)
            raise error
        if asked_seconds:
            await self._permits.pause(asked_seconds)

    async def _take_back(self, purchase: _Purchase) -> None:
        try:
            await self._purchases.take_back(purchase.job_id, self.name, purchase.characters, day=purchase.day)
        except ServiceUnavailable as error:
            _log.warning("characters that were not bought stay counted", reason=error.message)

    def _send(self, request: SpeechRequest, departure: Departure | None) -> Any:
        async def send(client: AsyncOpenAI) -> Any:
            with departing(departure):
                return await client.audio.speech.with_raw_response.create(
                    model=self._model, input=request.text, voice=request.voice.name, speed=SPEED, response_format="mp3"
                )

        return send


def _read(answer: Answer) -> bytes:
    kind = answer.content_type
    if not (kind.startswith("audio/") or kind == "application/octet-stream"):
        raise bad_response(f"{kind or 'something without a type'} is no audio")
    return answer.body
