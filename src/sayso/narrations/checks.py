"""Checks of a narration before it is accepted, so that an invalid one does not fail an hour later."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sayso.narration import (
    SHORTEST_LETTER_SECONDS,
    Document,
    check_document,
    estimated_seconds,
    require_length,
    to_script,
)
from sayso.text import variety_of
from sayso.tts.selection import select
from sayso.types import Boundary, Span, Token, Utterance

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sayso.narration import NarrationSpec
    from sayso.narrations import NarrationRequest
    from sayso.scheduling import RequestContext
    from sayso.tts.base import SpeechEngine
    from sayso.tts.selection import SpeechSource

_WHOLE_CHARACTERS = 20_000
"""The script of this much text takes a tenth of a second; of a longer text only the first line is checked."""

_SHORT_WORD = Utterance(
    tokens=(Token(spoken="a", span=Span(start=0, end=1), trail=".", boundary=Boundary.SENTENCE),), language="en-us"
)


def check_request(
    request: NarrationRequest,
    sources: Sequence[SpeechSource],
    context: RequestContext,
    *,
    maximum_seconds: float | None = None,
) -> None:
    """Refuse a request that can only fail; blocks, so call it on a thread.

    A text that has yet to be fetched is not checked.

    Args:
        request: the narration.
        sources: the available engines.
        context: grants the compute permits.
        maximum_seconds: the longest audio that is made; None for any length.

    Raises:
        UnknownVoice: no engine has the voice, or one that the text switches to.
        UnsupportedLanguage: the voice does not speak the language.
        NothingToSay: the text holds nothing that can be spoken.
        InvalidInput: a directive in the text is malformed.
        SpeechTooLong: the audio would be longer than ``maximum_seconds``.
        ModelMissing: no engine's model has been pulled.
        Cancelled, DeadlineExceeded: as the context says.
    """
    spec = request.spec
    engine, voice = select(sources, spec.voice or "", context)
    own = engine.language_of(voice)
    language = variety_of(spec.language or own, own)
    if language != own:
        # Only a synthesis shows it: engines do not list what they can pronounce.
        word = Utterance(tokens=_SHORT_WORD.tokens, language=language)
        engine.synthesise(word, voice=voice, speed=1.0)
    if request.text is not None:
        document = Document(text=request.text, name=spec.name or "", markdown=bool(spec.markdown))
        require_length(check_text(document, engine, spec, voice=voice, context=context), maximum_seconds)


def check_text(
    document: Document, engine: SpeechEngine, spec: NarrationSpec, *, voice: str, context: RequestContext
) -> float:
    """Refuse a text that has no valid script, without making the whole script of a long text.

    Returns:
        The estimated length of its audio in seconds; for a long text, a lower bound.

    Raises:
        NothingToSay, UnknownVoice, InvalidInput: as for `to_script`.
        Cancelled, DeadlineExceeded: as the context says.
    """
    if len(document.text) <= _WHOLE_CHARACTERS:
        script = to_script(document, engine, voice=voice, spec=spec, context=context)
        return estimated_seconds(script, speed=spec.speed)
    pauses_seconds = check_document(document, engine, voice=voice, spec=spec, context=context)
    return pauses_seconds + len(document.text) * SHORTEST_LETTER_SECONDS / spec.speed
