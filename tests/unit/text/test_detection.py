"""The language of a text."""

from __future__ import annotations

import pytest

from sayso.text import language_of_text


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("The ferry leaves at nine, and it was cold in the morning.", "en"),
        ("Le bateau part à neuf heures, et il faisait froid dans la rue.", "fr"),
        ("El barco sale a las nueve y no hay nadie en la calle.", "es"),
        ("Il battello parte alle nove e non c'è nessuno per la strada.", "it"),
        ("O barco sai às nove e não há ninguém na rua com ele.", "pt"),
        ("Das Schiff fährt um neun, und es war kalt auf der Straße.", "de"),
        ("De boot vertrekt om negen uur en het is koud op de straat.", "nl"),
        ("Паром уходит в девять часов.", "ru"),
        ("Пором вирушає о дев'ятій, і надворі зимно.", "uk"),
        ("Το πλοίο φεύγει στις εννέα.", "el"),
        ("船は九時に出ます。", "ja"),
        ("船九点出发。", "zh"),
        ("배는 아홉 시에 떠납니다.", "ko"),
        ("السفينة تغادر في التاسعة.", "ar"),
        ("नाव नौ बजे निकलती है।", "hi"),
        ("הספינה יוצאת בתשע.", "he"),
    ],
)
def test_a_sentence_shows_its_language(text: str, language: str) -> None:
    """By its script, or by its commonest words."""
    assert language_of_text(text) == language


@pytest.mark.parametrize("text", ["", "12345 …", "Zzyzx Qwerty", "OK", "\x00\x01\x02" * 50, "a " * 3 + "xyzzy " * 200])
def test_what_shows_no_language_is_none(text: str) -> None:
    """No language is guessed."""
    assert language_of_text(text) is None


def test_only_the_beginning_of_a_long_text_is_read() -> None:
    """A few pages are enough."""
    assert language_of_text("The ferry is at the quay. " * 1000 + "Паром. " * 100_000) == "en"
