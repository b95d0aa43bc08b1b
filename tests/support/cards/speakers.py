"""Speakers of cards as worker processes have them: on a real database, with a provider that may fail on request."""

from __future__ import annotations

from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sayso.cache import NoCache
from sayso.cards.claims import ClaimKeeper
from sayso.cards.cloud import CloudEngine
from sayso.cards.key_permits import KeyPermits
from sayso.cards.local import LocalEngine
from sayso.cards.postgres.pauses import PausablePermits
from sayso.cards.postgres.purchases import PostgresPurchases
from sayso.cards.postgres.speech_claims import PostgresSpeechClaims
from sayso.cards.speaker import CardSpeaker
from sayso.cards.speech_store import DirectorySpeechStore
from sayso.cards.voices import VoiceChoice
from sayso.postgres.permits import PostgresPermits
from sayso.postgres.pool import Database
from sayso.providers.openai.connection import OpenAIConnection
from sayso.resilience import Breaker, Link
from sayso.resilience.breaker_limits import LOCAL_ENGINE, PROVIDER
from sayso.scheduling import Scheduler
from sayso.testing import FakeSpeechEngine
from sayso.threads import on_thread
from sayso.tts.cache import SpeechCache
from sayso.tts.engines.openai import openai_speech
from sayso.tts.selection import LocalSpeech

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from sayso.cards.engines import PhraseEngine
    from sayso.resilience import Failure
    from sayso.testing.openai_server import OpenAIServer
    from sayso.tts.base import SpeechEngine


@dataclass(frozen=True, kw_only=True, slots=True)
class Provider:
    """The address of a server in another process, and its key."""

    base_url: str
    key: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Options:
    """What the speakers of a test have in common."""

    model: str = "gpt-4o-mini-tts"
    key: str | None = None
    """None for the key that the server accepts."""
    interval_seconds: float = 0.0
    timeout_seconds: float = 30.0
    retries: int = 3
    daily_limit: int = 0
    phrases_at_once: int = 32
    claim_seconds: float = 30.0
    extend_seconds: float = 10.0
    local: SpeechEngine | None = field(default_factory=FakeSpeechEngine)
    has_cloud: bool = True
    voices: dict[str, str] = field(default_factory=dict)


@dataclass(kw_only=True, slots=True)
class Speaking:
    """A speaker, and what it was seen to do."""

    speaker: CardSpeaker
    database: Database
    purchases: PostgresPurchases
    fallbacks: list[Failure]


@asynccontextmanager
async def speaking(
    database_url: str, server: OpenAIServer | Provider, directory: Path, options: Options | None = None
) -> AsyncIterator[Speaking]:
    """A speaker as a process has it; several of them share what processes share."""
    options = options or Options()
    voices = VoiceChoice(options.voices)
    fallbacks: list[Failure] = []
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(Database(database_url, listen=False))
        purchases = PostgresPurchases(database, daily_limit=options.daily_limit)
        links: list[Link[PhraseEngine]] = []
        if options.has_cloud:
            key = options.key or server.key
            connection = OpenAIConnection(
                key, base_url=server.base_url, timeout_seconds=options.timeout_seconds, retries=0
            )
            stack.push_async_callback(on_thread, connection.close)
            cloud = CloudEngine(
                connection,
                facts=openai_speech(options.model),
                base_url=server.base_url,
                voices=voices,
                permits=KeyPermits(
                    PausablePermits(database, PostgresPermits(database)),
                    api_key=key,
                    base_url=server.base_url,
                    interval_seconds=options.interval_seconds,
                ),
                purchases=purchases,
                retries=options.retries,
            )
            links.append(Link(name="openai", engine=cloud, breaker=Breaker(PROVIDER)))
        if options.local is not None:
            engine = options.local
            local = LocalEngine(
                LocalSpeech("kokoro", lambda: engine),
                voices=voices,
                cache=SpeechCache(NoCache()),
                scheduler=Scheduler(permits=2, slots=64),
            )
            links.append(Link(name="kokoro", engine=local, breaker=Breaker(LOCAL_ENGINE)))
        speaker = CardSpeaker(
            links,
            store=DirectorySpeechStore(directory),
            claims=ClaimKeeper(
                PostgresSpeechClaims(database, seconds=options.claim_seconds), extend_seconds=options.extend_seconds
            ),
            purchases=purchases,
            phrases_at_once=options.phrases_at_once,
            on_fallback=fallbacks.append,
        )
        stack.push_async_callback(speaker.close)
        yield Speaking(speaker=speaker, database=database, purchases=purchases, fallbacks=fallbacks)
