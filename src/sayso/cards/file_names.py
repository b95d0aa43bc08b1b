"""The names of the MP3 files of a job.

A file of a card is ``{cardId}_{language}.mp3``, any other ``{jobId}_{index}_{language}.mp3``. Ids come from an
application, and may hold anything; a name holds only characters that need no encoding in a path or a URL, and different
files have different names:

- Other characters than letters, digits, ``.``, ``_`` and ``-`` are written as their UTF-8 bytes in hexadecimal, each
  after ``~``; so is a dot at the beginning, and ``~`` itself. An id that is too long ends in its digest.
- A card whose id is ``{jobId}_{index}`` would have the name of that phrase. Which file has a name is on record
  (`FileRecords`); the other one gets its other name, in which the id has no ``_``.
"""

from __future__ import annotations

import hashlib
import json
import re
import string
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sayso.cards.records import Phrase

_PLAIN = frozenset(string.ascii_letters + string.digits + "._-")

_LONGEST_ID = 180
"""How many characters of a name an id may have: file systems take 255 bytes."""

_KEPT_CHARACTERS = 120

_NAME = re.compile(r"[A-Za-z0-9_~-][A-Za-z0-9._~-]*_[a-z]{2,3}(?:-[a-z0-9]{2,8})*\.mp3")


@dataclass(frozen=True, kw_only=True, slots=True)
class FileName:
    """The name of a file.

    Attributes:
        subject: what the file is of: a card or a phrase of a job, and the language.
        name: of the contract.
        other_name: that no file has by the contract; for a file whose name belongs to another subject.
    """

    subject: str
    name: str
    other_name: str


def file_names(job_id: str, phrases: Iterable[Phrase]) -> Mapping[tuple[int, str], FileName]:
    """The names of a job's files, by the index of the phrase and the language.

    Of several phrases with one card the last has the card's files, as its URLs are the card's.
    """
    phrases = list(phrases)
    of_cards = {phrase.card_id: phrase.index for phrase in phrases if phrase.card_id is not None}
    names: dict[tuple[int, str], FileName] = {}
    for phrase in phrases:
        card_id = phrase.card_id
        has_card = card_id is not None and of_cards[card_id] == phrase.index
        for language in phrase.texts:
            if card_id is not None and has_card:
                names[phrase.index, language] = _name("card", card_id, None, language)
            else:
                names[phrase.index, language] = _name("job", job_id, phrase.index, language)
    return names


def is_file_of_cards(name: str) -> bool:
    """Whether a file may be one of a card or a job, by its name."""
    return _NAME.fullmatch(name) is not None


def _name(kind: str, id_: str, index: int | None, language: str) -> FileName:
    place = "" if index is None else f"_{index}"
    return FileName(
        subject=json.dumps([kind, id_, index, language]),
        name=f"{_encoded(id_, _PLAIN)}{place}_{language}.mp3",
        other_name=f"{_encoded(id_, _PLAIN - {'_'})}{place}_{language}.mp3",
    )


def _encoded(id_: str, plain: frozenset[str]) -> str:
    """An id as a part of a name; different ids differ."""
    data = id_.encode(errors="surrogatepass")
    if id_ and not id_.startswith(".") and plain.issuperset(id_):
        encoded = id_
    else:
        kept = plain - {"."}
        encoded = "".join(
            chr(byte) if chr(byte) in (plain if place else kept) else f"~{byte:02X}" for place, byte in enumerate(data)
        )
    if not encoded or len(encoded) > _LONGEST_ID:  # "~-" is in no encoded id
        return f"{encoded[:_KEPT_CHARACTERS]}~-{hashlib.sha256(data).hexdigest()}"
    return encoded
