"""Claims on speech: each text is made by one worker at a time, and the others wait for the result.

A worker that dies extends its claims no longer, and another one takes over.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Protocol

import structlog

from sayso.errors import ServiceUnavailable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection

_log = structlog.get_logger(__name__)

CLAIM_SECONDS = 30.0
"""How long a claim lasts unless it is extended: after the death of its owner the text is made by another worker."""

_EXTEND_SECONDS = CLAIM_SECONDS / 3

_FIRST_PAUSE_SECONDS = 0.1
_LONGEST_PAUSE_SECONDS = 1.0


class SpeechClaims(Protocol):
    """Stores claims by the key of the speech. All times are those of the store's clock."""

    async def claim(self, speech_key: str) -> float:
        """Claim a text, or extend the claim that this owner has.

        Returns:
            0 if this owner has it now; otherwise the seconds until the claim of another owner ends, unless it is
                extended or released.

        Raises:
            ServiceUnavailable: the store does not answer; the text may be claimed for a while.
        """
        ...

    async def extend(self, speech_keys: Collection[str]) -> Collection[str]:
        """Extend claims of this owner, and return those that it has lost.

        Raises:
            ServiceUnavailable: the store does not answer.
        """
        ...

    async def release(self, speech_keys: Collection[str]) -> None:
        """End claims of this owner; those of others stay.

        Raises:
            ServiceUnavailable: the store does not answer.
        """
        ...


class ClaimKeeper:
    """Holds claims for as long as work lasts; for one event loop.

    Args:
        claims: where they are stored.
        extend_seconds: how often they are extended.
    """

    def __init__(self, claims: SpeechClaims, *, extend_seconds: float = _EXTEND_SECONDS) -> None:
        self._claims = claims
        self._extend_seconds = extend_seconds
        self._held: set[str] = set()
        self._extending: asyncio.Task[None] | None = None
        self._releasing: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def held(self, speech_key: str) -> AsyncIterator[None]:
        """Wait until a text belongs to this worker, and hold the claim during the block.

        Raises:
            ServiceUnavailable: the store does not answer.
        """
        self._held.add(speech_key)  # before it is known: a claim whose response is lost is released, too
        if self._extending is None or self._extending.done():
            self._extending = asyncio.create_task(self._extend())
        try:
            await self._claim(speech_key)
            yield
        finally:
            self._held.discard(speech_key)
            releasing = asyncio.create_task(self._release(speech_key))
            self._releasing.add(releasing)
            releasing.add_done_callback(self._releasing.discard)
            await asyncio.shield(releasing)

    async def close(self) -> None:
        """Extend nothing more, and wait for claims that are being released."""
        if self._extending is not None:
            self._extending.cancel()
            await asyncio.wait({self._extending})
        if self._releasing:
            await asyncio.wait(self._releasing)

    async def _claim(self, speech_key: str) -> None:
        pause_seconds = _FIRST_PAUSE_SECONDS
        while (seconds := await self._claims.claim(speech_key)) > 0:
            await asyncio.sleep(min(seconds, pause_seconds))
            pause_seconds = min(2 * pause_seconds, _LONGEST_PAUSE_SECONDS)

    async def _release(self, speech_key: str) -> None:
        try:
            await self._claims.release([speech_key])
        except ServiceUnavailable as error:
            _log.info("a text stays claimed until its claim ends", reason=error.message)

    async def _extend(self) -> None:
        while True:
            await asyncio.sleep(self._extend_seconds)
            with suppress(ServiceUnavailable):
                await self._claims.extend(self._held.copy())
