"""What would be said, as text to look at: the words of a script, and where each of them is written."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

from sayso.errors import TooLarge
from sayso.text.normalise import NormaliseOptions, normalise
from sayso.text.script import write_script
from sayso.text.steps import Steps, never_cancel
from sayso.text.words import join_words
from sayso.types import Boundary, Span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from sayso.text.script import ScriptOptions
    from sayso.text.steps import Checkpoint
    from sayso.types import Token, Voice

# What a listener may hear as a pause or a tone; other signs beside a word are only shown.
_HEARD = frozenset('.,;:!?…—–()"“”«»¿¡।。、，！？：；')


def spoken_text(tokens: Iterable[Token]) -> str:
    """The spoken words with the punctuation that affects how they are read: "three pounds fifty, please"."""
    tokens = list(tokens)
    said = [f"{_heard(token.lead)}{token.spoken}{_heard(token.trail) or _stop(token)}" for token in tokens[:-1]]
    return " ".join([*said, *(f"{_heard(token.lead)}{token.spoken}{_heard(token.trail)}" for token in tokens[-1:])])


def _stop(token: Token) -> str:
    """The full stop that an engine gets at the end of a line without one, before another line."""
    return "." if token.boundary >= Boundary.SENTENCE else ""


def spoken_tokens(
    text: str, options: ScriptOptions, *, by_line: bool = False, checkpoint: Checkpoint = never_cancel
) -> Iterator[Sequence[Token]]:
    """The tokens of each utterance of a text's script; no engine is needed.

    Args:
        text: the text; the spans of the tokens refer to it.
        options: of the script.
        by_line: read the text as plain text without directives, and yield the tokens of each of its lines: none for
            a line that says nothing.
        checkpoint: called after every few thousand characters.

    Raises:
        NothingToSay, InvalidInput, Exception: as `write_script`; by line, only what the checkpoint raises.
    """
    if not by_line:
        return (line.utterance.tokens for line in write_script(text, options, checkpoint).lines)
    return _tokens_by_line(text, options, Steps(checkpoint))


def spoken_content(
    text: str,
    options: ScriptOptions,
    *,
    by_line: bool = False,
    checkpoint: Checkpoint = never_cancel,
    maximum_characters: float = math.inf,
) -> dict[str, Any]:
    """What would be said, as JSON values: the language, and each line's spoken form with the place of every word.

    Args:
        text: as for `spoken_tokens`, like the other arguments.
        options: of the script.
        by_line: one line for each line of the text.
        checkpoint: called after every few thousand characters.
        maximum_characters: of all words, written and spoken. A long number has a word for each of its digits, each
            with the whole number as what is written.

    Raises:
        TooLarge: there are more characters.
        Exception: as `spoken_tokens`.
    """
    lines: list[dict[str, Any]] = []
    characters = 0
    for tokens in spoken_tokens(text, options, by_line=by_line, checkpoint=checkpoint):
        characters += sum(token.span.end - token.span.start + len(token.spoken) for token in tokens)
        if characters > maximum_characters:
            raise TooLarge("What would be said is too long.", hint="Send the text in parts.")
        lines.append({"spoken": spoken_text(tokens), "words": [_word(token, text) for token in tokens]})
    return {"language": options.language, "lines": lines}


def languages_of(voices: Callable[[], Iterable[Voice]], default: str) -> Callable[[str], str]:
    """The language of a voice that a ``[voice:…]`` line names; the default for a voice that is not here.

    Args:
        voices: lists the voices; called at each such line.
        default: a BCP 47 tag.
    """
    return lambda name: next((voice.language for voice in voices() if voice.name == name), default)


def _tokens_by_line(text: str, options: ScriptOptions, steps: Steps) -> Iterator[Sequence[Token]]:
    normalising = NormaliseOptions(emoji=options.emoji)
    start = 0
    for line in text.removesuffix("\n").split("\n"):
        span = Span(start=start, end=start + len(line))
        start = span.end + 1
        tokens = normalise(text, span, language=options.language, options=normalising)
        yield join_words(text, options.lexicon.apply(text, tokens, options.language), options.language)
        steps.advance(len(line) + 1)


def _word(token: Token, text: str) -> dict[str, Any]:
    return {
        "spoken": token.spoken,
        "written": token.span.of(text),
        "start": token.span.start,
        "end": token.span.end,
        "ipa": token.ipa,
    }


def as_dashes(punctuation: str) -> str:
    """The punctuation with a dash for hyphens that stand for one: "came--and went", "came - and went"."""
    return _HYPHENS.sub("—", punctuation) if "-" in punctuation else punctuation


_HYPHENS = re.compile(r"-{2,}| -(?= |$)")


def _heard(punctuation: str) -> str:
    return "".join(mark for mark in as_dashes(punctuation) if mark in _HEARD)
