"""What can be found out about a narration before it is accepted, so that it does not fail an hour later."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sayso.errors import ModelMissing, NothingToSay, UnknownVoice
from sayso.narration import SHORTEST_LETTER_SECONDS, Document, estimated_seconds, require_length, to_script
from sayso.text.directives import Pause, VoiceSwitch, find_directives
from sayso.text.hidden import find_hidden
from sayso.text.spans import blank
from sayso.types import Boundary, Span, Token, Utterance

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sayso.jobs.narrations import NarrationRequest
    from sayso.scheduling import Ticket
    from sayso.tts.base import SpeechEngine
    from sayso.tts.source import SpeechSource

_WHOLE_CHARACTERS = 20_000
"""So much text is made a script in a tenth of a second; of a longer one only the beginning is."""

_LETTER_OR_DIGIT = re.compile(r"[^\W_]")
_SPACE = re.compile(r"\s")

_SHORT_WORD = Utterance(
    tokens=(Token(spoken="a", span=Span(start=0, end=1), trail=".", boundary=Boundary.SENTENCE),), language="en-us"
)


def speaker(sources: Sequence[SpeechSource], voice: str, ticket: Ticket) -> tuple[SpeechEngine, str]:
    """The first engine that has a voice, and the voice by its own name.

    Raises:
        UnknownVoice: nobody has it; the message is that of the first, which most voices are of.
        ModelMissing: no engine's model has been pulled.
    """
    refusals: list[UnknownVoice | ModelMissing] = []
    for source in sources:
        try:
            own_voice = source.voice(voice)
        except (UnknownVoice, ModelMissing) as error:
            refusals.append(error)
        else:
            return source.open(ticket), own_voice
    raise refusals[0]


def check_request(
    request: NarrationRequest, sources: Sequence[SpeechSource], ticket: Ticket, *, maximum_seconds: float | None = None
) -> None:
    """Refuse what could only fail; blocks, for a thread.

    A text that is still to be fetched is not looked at.

    Args:
        request: what somebody wants narrated.
        sources: who may speak.
        ticket: whose turn it is to compute.
        maximum_seconds: the longest audio that is made; None for any length.

    Raises:
        UnknownVoice: nobody has the voice, or one that the text switches to.
        UnsupportedLanguage: the voice does not speak the language.
        NothingToSay: the text holds nothing that can be spoken.
        InvalidInput: a directive in the text is malformed.
        SpeechTooLong: the audio would be longer than ``maximum_seconds``.
        ModelMissing: no engine's model has been pulled.
        Cancelled, DeadlineExceeded: as the ticket says.
    """
    engine, voice = speaker(sources, request.voice, ticket)
    if request.language not in {None, engine.language_of(voice)}:
        # Only speaking shows it: engines do not list what they can pronounce.
        word = Utterance(tokens=_SHORT_WORD.tokens, language=request.language or "")
        engine.synthesise(word, voice=voice, speed=1.0)
    if request.text is not None:
        document = Document(text=request.text, name=request.name, markdown=bool(request.markdown))
        with ticket.turn():
            least_seconds = check_text(document, engine, voice=voice, language=request.language, speed=request.speed)
        require_length(least_seconds, maximum_seconds)


def check_text(
    document: Document, engine: SpeechEngine, *, voice: str, language: str | None, speed: float = 1.0
) -> float:
    """Refuse a text that no script can be made of, without making one of all of a long text.

    Returns:
        How long its audio is likely to be, in seconds; of a long text, how long it is at least.

    Raises:
        NothingToSay, UnknownVoice, InvalidInput: as `to_script`.
    """
    if len(document.text) <= _WHOLE_CHARACTERS:
        return estimated_seconds(to_script(document, engine, voice=voice, language=language), speed=speed)
    text = blank(document.text, find_hidden(document.text) if document.markdown else ())
    directives = find_directives(text)
    for name in {directive.voice for directive in directives if isinstance(directive, VoiceSwitch)} - {""}:
        engine.language_of(name)
    text = blank(text, [directive.span for directive in directives])
    for part in (_beginning(text), text):
        try:
            to_script(Document(text=part, name=document.name, markdown=document.markdown), engine, voice=voice)
        except NothingToSay:
            continue  # what looks like a word may be an address, or a picture
        pauses = sum(directive.seconds for directive in directives if isinstance(directive, Pause))
        return pauses + len(text) * SHORTEST_LETTER_SECONDS / speed
    raise NothingToSay("The text holds nothing that can be spoken.", hint="It needs a letter or a digit at least.")


def _beginning(text: str) -> str:
    """The first of a text that is likely to be spoken, from the beginning of its line on; cut at a space."""
    first = _LETTER_OR_DIGIT.search(text)
    start = max(text.rfind("\n", 0, first.start()) + 1, first.start() - _WHOLE_CHARACTERS // 2) if first else 0
    end = _SPACE.search(text, start + _WHOLE_CHARACTERS)
    return text[start : end.start() if end else start + _WHOLE_CHARACTERS]
