"""A deck in English and French, spoken by Kokoro in a real worker: every file says its phrase.

SAYSO_DECK_CARDS makes it larger than a test needs, up to 200 cards.
"""

from __future__ import annotations

import io
import os
import re
from contextlib import closing
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

import numpy as np
import pytest

from sayso.audio import decode
from sayso.bootstrap.engines import open_transcriber
from sayso.stt import LocalTranscriber
from sayso.types import Audio
from support.audio.transcripts import transcribed
from support.cards.process import CardsProcess
from support.cards.tables import App, create_tables
from support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sayso.settings import Settings
    from support.postgres.databases import Databases

pytestmark = pytest.mark.engine

RATE_HZ = 24_000
PHRASES = int(os.environ.get("SAYSO_DECK_CARDS", "30"))
NUMBERS = {
    "two": "deux", "three": "trois", "four": "quatre", "five": "cinq", "six": "six",
    "seven": "sept", "eight": "huit", "nine": "neuf", "ten": "dix", "twelve": "douze",
}  # fmt: skip
NOUNS = {
    "houses": "maisons", "tables": "tables", "gardens": "jardins", "windows": "fenêtres", "kitchens": "cuisines",
    "bridges": "ponts", "schools": "écoles", "trains": "trains", "letters": "lettres", "flowers": "fleurs",
    "horses": "chevaux", "bottles": "bouteilles", "islands": "îles", "boxes": "boîtes", "apples": "pommes",
    "doctors": "médecins", "tickets": "billets", "chairs": "chaises", "rivers": "rivières", "cities": "villes",
}  # fmt: skip
DIGITS = {"2": 0, "3": 1, "4": 2, "5": 3, "6": 4, "7": 5, "8": 6, "9": 7, "10": 8, "12": 9}
"""A transcriber may write numbers as digits."""


def deck() -> list[dict[str, str]]:
    """Different phrases, each with its card."""
    found = [
        {"textEn": f"{number.capitalize()} {noun}.", "textFr": f"{number_fr.capitalize()} {noun_fr}."}
        for noun, noun_fr in NOUNS.items()
        for number, number_fr in NUMBERS.items()
    ]
    return [{**phrase, "cardId": f"card-{place}"} for place, phrase in enumerate(found[:PHRASES])]


def sounds(text: str, numbers: Sequence[str]) -> str:
    """The letters of a text, with numbers in words: how words are separated says nothing about their sound."""
    found = re.findall(r"[a-zà-ÿœ]+|[0-9]+", text.lower())
    return "".join(numbers[DIGITS[word]] if word in DIGITS else word for word in found)


def likeness(spoken: str, heard: str, numbers: Sequence[str]) -> float:
    """The share of the letters that were heard, in their order."""
    expected = sounds(spoken, numbers)
    blocks = SequenceMatcher(None, expected, sounds(heard, numbers), autojunk=False).get_matching_blocks()
    return sum(block.size for block in blocks) / len(expected)


def joined(pieces: Sequence[Audio]) -> Audio:
    """Recordings one after another, 0.8 s apart."""
    silence = np.zeros(round(0.8 * RATE_HZ), np.float32)
    return Audio(
        samples=np.concatenate([each for piece in pieces for each in (piece.samples, silence)]), sample_rate_hz=RATE_HZ
    )


def test_a_deck_is_spoken(databases: Databases, tmp_path: Path, real_settings: Settings) -> None:
    """In both languages; one phrase in seven is transcribed."""
    url = databases.bare()
    create_tables(url)
    phrases = deck()
    assert len({phrase["textEn"] for phrase in phrases}) == PHRASES
    with closing(App(url)) as app, CardsProcess(tmp_path, url) as worker:
        for phrase in phrases:
            app.add_card(phrase["cardId"])
        app.add_job("deck", phrases)
        wait_until(lambda: app.job("deck")["status"] in {"completed", "failed"}, seconds=600)
        row = app.job("deck")
        assert (row["status"], row["errorMessage"], row["processedCount"]) == ("completed", None, PHRASES)
        recordings: dict[str, list[Audio]] = {"En": [], "Fr": []}
        for phrase, entry in zip(phrases, row["resultUrls"], strict=True):
            card = app.card(phrase["cardId"])
            for language, found in recordings.items():
                assert card[f"audioUrl{language}"] == entry[f"audioUrl{language}"]
                audio = decode(io.BytesIO(worker.content(entry[f"audioUrl{language}"])), sample_rate_hz=RATE_HZ)
                assert 0.4 < audio.duration_seconds < 5
                found.append(audio)
    chosen = range(0, PHRASES, 7)  # of every number, which come in tens
    transcriber = LocalTranscriber("whisper-base", lambda: open_transcriber("base", real_settings))
    for language, numbers in (("En", list(NUMBERS)), ("Fr", list(NUMBERS.values()))):
        spoken = " ".join(phrases[place][f"text{language}"] for place in chosen)
        recording = joined([recordings[language][place] for place in chosen])
        heard = transcribed(transcriber, recording, language=language.lower()).text
        assert likeness(spoken, heard, numbers) > 0.8, (spoken, heard)
