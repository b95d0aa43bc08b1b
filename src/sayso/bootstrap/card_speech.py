"""Opens the speaker of cards from the settings."""

from __future__ import annotations

from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from sayso.cards.claims import CLAIM_SECONDS, ClaimKeeper
from sayso.cards.cloud import CloudEngine
from sayso.cards.key_permits import KeyPermits
from sayso.cards.local import LocalEngine
from sayso.cards.postgres.pauses import PausablePermits
from sayso.cards.postgres.purchases import PostgresPurchases
from sayso.cards.postgres.speech_claims import PostgresSpeechClaims
from sayso.cards.speaker import CardSpeaker
from sayso.cards.speech_store import FOLDER, DirectorySpeechStore, open_s3_speech_store
from sayso.cards.voices import VoiceChoice
from sayso.postgres.permits import PostgresPermits
from sayso.providers.provider import OPENAI, OPENAI_ADDRESS
from sayso.resilience import Breaker, Link
from sayso.resilience.breaker_limits import PROVIDER
from sayso.threads import on_thread
from sayso.tts.engines.openai import openai_speech

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from sayso.bootstrap.providers import OpenProvider
    from sayso.bootstrap.speech import Speech
    from sayso.cache import Cache
    from sayso.cards.base import Purchases
    from sayso.cards.engines import PhraseEngine
    from sayso.postgres.pool import Database
    from sayso.providers.openai.connection import OpenAIConnection
    from sayso.providers.provider import Provider, SpeechFacts
    from sayso.resilience import Failure
    from sayso.settings import CardsSettings


def open_speech_store(settings: CardsSettings) -> Cache:
    """The store of everything that is spoken for cards, beside the published files; nothing is read or written yet.

    Raises:
        NotInstalled: S3 needs the extra ``s3``.
        InvalidInput: the bucket cannot be used.
    """
    if settings.storage_type == "s3":
        return open_s3_speech_store(f"s3://{settings.cards_bucket}", settings)
    return DirectorySpeechStore(settings.local_storage_path / FOLDER)


@asynccontextmanager
async def open_speaker(
    settings: CardsSettings,
    *,
    database: Database,
    speech: Speech,
    on_fallback: Callable[[Failure], None] = lambda _: None,
    on_bought: Callable[[str, int], None] = lambda _engine, _characters: None,
    on_synthesised: Callable[[str, float, float], None] = lambda _engine, _seconds, _elapsed: None,
) -> AsyncIterator[CardSpeaker]:
    """The speaker, for the loop that opens it; work in progress ends with the block.

    Args:
        settings: the voices, the cloud's model, its limits, and where the store of speech is.
        database: with our own tables; it stays open until the block has ended.
        speech: the local engines, the scheduler and the cache of utterances.
        on_fallback: called with every failure after which another engine is tried.
        on_bought: called with a paid engine, and the characters that were paid for.
        on_synthesised: called with a local engine, the seconds of audio that it has made, and the seconds that it took.

    Raises:
        UnknownVoice: a setting names a voice that no engine has.
        NotInstalled, InvalidInput: as `open_speech_store`.
    """
    voices = VoiceChoice(settings.voices)
    await on_thread(lambda: voices.check(speech.sources))
    engines, purchases = speech.engines, PostgresPurchases(database, daily_limit=settings.daily_character_limit)
    links: list[Link[PhraseEngine]] = []
    async with AsyncExitStack() as stack:
        for opened in engines.asked_providers:
            connection = opened.connect(0)  # it does not retry: every attempt needs a permit
            stack.push_async_callback(on_thread, connection.close)  # it waits for its thread
            for facts in _models(opened.provider, settings):
                cloud = _cloud(settings, opened, connection, facts, database, voices, purchases, on_bought)
                cloud.prepare()
                breaker = Breaker(replace(PROVIDER, open_seconds=settings.breaker_open_seconds))
                links.append(Link(name=cloud.name, engine=cloud, breaker=breaker, model=facts.model))
        if engines.asks_local:
            for source in speech.sources:
                local = LocalEngine(
                    source,
                    voices=voices,
                    cache=speech.cache,
                    scheduler=speech.scheduler,
                    on_synthesised=partial(on_synthesised, source.name),
                )
                links.append(Link(name=source.name, engine=local, breaker=engines.breakers[source.name]))
        speaker = CardSpeaker(
            links,
            store=open_speech_store(settings),
            claims=ClaimKeeper(PostgresSpeechClaims(database, seconds=CLAIM_SECONDS)),
            purchases=purchases,
            phrases_at_once=settings.cards_phrases_at_once,
            on_fallback=on_fallback,
        )
        stack.push_async_callback(speaker.close)
        yield speaker


def _models(provider: Provider, settings: CardsSettings) -> Sequence[SpeechFacts]:
    """The provider's models for cards, each the successor of the one before: those that make MP3 files."""
    name = settings.cards_model
    if provider.name == OPENAI and provider.speech.models and provider.speech.named(name) is None:
        return (openai_speech(name),)  # a model that is not known here
    return [each for each in provider.speech.line(name) if each.transport == "http" and each.response_format == "pcm"]


def _cloud(
    settings: CardsSettings,
    opened: OpenProvider,
    connection: OpenAIConnection,
    facts: SpeechFacts,
    database: Database,
    voices: VoiceChoice,
    purchases: Purchases,
    on_bought: Callable[[str, int], None],
) -> CloudEngine:
    name, address = opened.provider.name, opened.provider.base_url
    if settings.providers is None:
        base_url = settings.openai_base_url
    else:
        base_url = None if address == OPENAI_ADDRESS else address
    permits = KeyPermits(
        PausablePermits(database, PostgresPermits(database)),
        api_key=opened.key or "",
        base_url=base_url,
        interval_seconds=settings.openai_min_interval_ms / 1000,
    )
    return CloudEngine(
        connection,
        facts=facts,
        provider=name,
        base_url=base_url,
        shutdowns=opened.shutdowns,
        voices=voices,
        permits=permits,
        purchases=purchases,
        retries=settings.openai_retries,
        on_bought=partial(on_bought, name),
    )
