"""The phrases of a job as the application stored them, and what it gets back: ``resultUrls`` and ``errorMessage``.

An entry that cannot be used never fails the others: its problems are part of the `Phrase`.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from sayso.cards.phrase_text import spoken_text
from sayso.cards.records import Phrase
from sayso.errors import InvalidInput
from sayso.providers.openai.languages import LANGUAGE_NAMES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from sayso.cards.records import PhraseResult

MAXIMUM_PHRASES = 200
"""The most phrases of a job."""

LANGUAGES = ("en", "fr")
"""The languages that every phrase has."""

MAXIMUM_MESSAGE_CHARACTERS = 2000
"""The length of the longest ``errorMessage``."""

_SHOWN_PLACES = 10
"""How many places of one problem are named."""

_LONGEST_REASON = 300

# A language of two letters, or one of three that Whisper knows: "textAlt" and "textRaw" are no languages. Then script,
# region or variant: textPtBr, textZhHans, textEs419.
_TEXT_KEY = re.compile(r"text([A-Z][a-z]{1,2})((?:[A-Z][a-z]{1,7}|[0-9]{3})*)")
_SUBTAG = re.compile(r"[A-Z][a-z]*|[0-9]{3}")
_JSON_TYPES: Mapping[type, str] = {
    type(None): "null", bool: "a boolean", int: "a number", float: "a number", str: "a text", list: "a list",
    dict: "an object",
}  # fmt: skip


def parse_phrases(phrases: Any) -> tuple[Phrase, ...]:
    """The phrases of a job, in order.

    Keys that name no language are ignored.

    Args:
        phrases: the decoded JSON. An application that encodes its list before it stores it has a text that is JSON.

    Raises:
        InvalidInput: it is not a list of 1 to `MAXIMUM_PHRASES` entries. Whatever an entry is, it raises nothing.
    """
    if isinstance(phrases, str):
        with suppress(ValueError, RecursionError):
            phrases = json.loads(phrases)
    if not isinstance(phrases, list):
        raise InvalidInput(f"The phrases of the job are {_kind_of(phrases)}, not a list.")
    if not phrases:
        raise InvalidInput("The job has no phrases.")
    if len(phrases) > MAXIMUM_PHRASES:
        raise InvalidInput(f"The job has {len(phrases)} phrases; at most {MAXIMUM_PHRASES} are taken.")
    return tuple(_phrase(index, entry) for index, entry in enumerate(phrases))


def language_of_key(key: str, prefix: str = "text") -> str | None:
    """The language that a key such as ``textEn`` or ``textPtBr`` names: ``en``, ``pt-br``; None for another key.

    Args:
        key: of a phrase, or the name of a column.
        prefix: what stands before the language, such as ``text`` or ``audioUrl``.
    """
    if not key.startswith(prefix):
        return None
    match = _TEXT_KEY.fullmatch(f"text{key.removeprefix(prefix)}")
    if match is None or (len(match[1]) > 2 and match[1].lower() not in LANGUAGE_NAMES):
        return None
    return "-".join([match[1], *_SUBTAG.findall(match[2])]).lower()


def key_of_language(language: str, prefix: str = "audioUrl") -> str:
    """The key of a language: ``audioUrlEn``, ``audioUrlPtBr``; the inverse of `language_of_key`."""
    return prefix + "".join(part.capitalize() for part in language.split("-"))


def result_urls(results: Sequence[PhraseResult | None]) -> list[dict[str, str | None]]:
    """The value of ``resultUrls``: the URLs of every phrase, in order, null where there is no audio.

    Args:
        results: one for each phrase; None for a phrase that was not finished.
    """
    return [_urls_of(result) for result in results]


def error_message(results: Sequence[PhraseResult | None]) -> str | None:
    """The value of ``errorMessage``: which phrases have problems and why; None if none has.

    Phrases are named as in the application's own arrays: ``phrases[3].textFr`` is the French text of the fourth. What
    failed comes first, then what is wrong with the phrases, each by the number of texts that it concerns. It has at
    most `MAXIMUM_MESSAGE_CHARACTERS`, and no character that a database refuses.

    Args:
        results: as for `result_urls`.
    """
    finished = [result for result in results if result is not None]
    affected = [result for result in finished if result.problems]
    if not affected:
        return None
    grouped: dict[tuple[bool, str], list[str]] = defaultdict(list)
    for result in affected:
        for language, reason in result.problems.items():
            is_given = result.phrase.problems.get(language) == reason
            grouped[is_given, _one_line(reason)].append(_place(result.phrase.index, language))
    ordered = sorted(grouped.items(), key=lambda group: (group[0][0], -len(group[1])))
    parts = [f"{len(affected)} of {len(results)} phrases have problems."]
    parts += [f"{_places(places)}: {reason}." for (_, reason), places in ordered]
    return _shortened(parts)


def _phrase(index: int, entry: Any) -> Phrase:
    if not isinstance(entry, dict):
        problem = f"it is {_kind_of(entry)}, not an object with textEn and textFr"
        return Phrase(index=index, card_id=None, texts={}, problems={"": problem})
    texts: dict[str, str] = {}
    problems: dict[str, str] = {}
    card_id = entry.get("cardId")
    card_problem = _problem_of_card(card_id)
    if card_problem is not None:
        card_id, problems[""] = None, card_problem
    given = {language: value for key, value in entry.items() if (language := language_of_key(key)) is not None}
    for language in dict.fromkeys([*LANGUAGES, *given]):
        try:
            texts[language] = _text_of(given, language)
        except InvalidInput as error:
            problems[language] = error.message
    return Phrase(index=index, card_id=card_id or None, texts=texts, problems=problems)


def _text_of(given: Mapping[str, Any], language: str) -> str:
    if language not in given:
        raise InvalidInput("it is missing")
    text = given[language]
    if not isinstance(text, str):
        raise InvalidInput(f"it is {_kind_of(text)}, not a text")
    return spoken_text(text)


def _problem_of_card(card_id: Any) -> str | None:
    """Why no card can get the URLs; None if one can, or none is named."""
    if card_id is None:
        return None
    if not isinstance(card_id, str):
        return f"its cardId is {_kind_of(card_id)}, not a text, so no card gets its URLs"
    if "\0" in card_id or not _is_unicode(card_id):
        return "its cardId holds a character that no database stores, so no card gets its URLs"
    return None


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _kind_of(value: Any) -> str:
    return _JSON_TYPES.get(type(value), type(value).__name__)


def _urls_of(result: PhraseResult | None) -> dict[str, str | None]:
    found: Mapping[str, str | None] = {} if result is None else result.urls
    languages: Iterable[str] = dict.fromkeys([*LANGUAGES, *found])
    urls = {key_of_language(language): found.get(language) for language in languages}
    card_id = None if result is None else result.phrase.card_id
    return urls if card_id is None else {**urls, "cardId": card_id}


def _place(index: int, language: str) -> str:
    return f"phrases[{index}].{key_of_language(language, 'text')}" if language else f"phrases[{index}]"


def _places(places: Sequence[str]) -> str:
    more = len(places) - _SHOWN_PLACES
    shown = ", ".join(places[:_SHOWN_PLACES])
    return f"{shown} and {more} more" if more > 0 else shown


def _one_line(reason: str) -> str:
    """A reason without line breaks and full stop, short, in characters that a database stores."""
    line = " ".join(reason.replace("\0", " ").split()).removesuffix(".")
    line = line.encode(errors="replace").decode()
    return line if len(line) <= _LONGEST_REASON else f"{line[: _LONGEST_REASON - 1]}…"


def _shortened(parts: Sequence[str]) -> str:
    """As many of the parts as there is room for, with a note if there are more."""
    return " ".join(_fitting(parts))


def _fitting(parts: Sequence[str]) -> Iterator[str]:
    room = MAXIMUM_MESSAGE_CHARACTERS
    for number, part in enumerate(parts):
        left = len(parts) - number - 1
        note = f"There are {left + 1} other problems."
        if len(part) + 1 + (len(note) if left else 0) > room:
            yield note
            return
        room -= len(part) + 1
        yield part
