"""The jobs of the cards scenes: decks of several sizes, with and without cards, which share some of their phrases."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from chaos.cards_record import ROW
from chaos.stories import Order, sentence

if TYPE_CHECKING:
    import random

    from chaos.cards_evidence import Phrases

_COMMON = 30
_COMMON_SHARE = 0.3
_CARDS_SHARE = 0.6
_SMALL_SHARE = 0.3
_SMALL_PHRASES = (1, 4)
_LARGE_PHRASES = (8, 24)
_NEW_NUMBER = 100_000


def card_orders(chance: random.Random, count: int) -> list[Order]:
    """So many jobs; the body of an order is its list of phrases."""
    common = [_texts(chance, number) for number in range(_COMMON)]
    orders = []
    for job in range(count):
        name = f"job-{job:04}"
        has_cards = chance.random() < _CARDS_SHARE
        phrases: Phrases = []
        for index in range(chance.randint(*(_SMALL_PHRASES if chance.random() < _SMALL_SHARE else _LARGE_PHRASES))):
            shared = chance.random() < _COMMON_SHARE
            texts = chance.choice(common) if shared else _texts(chance, 1000 + 100 * job + index)
            phrases.append(texts | ({"cardId": f"card-{job}-{index}"} if has_cards else {}))
        orders.append(Order(name=name, body=json.dumps(phrases), text="", tasks=((name, ROW),)))
    return orders


def edited(chance: random.Random, phrases: Phrases, number: int) -> Phrases:
    """The phrases after an edit: some are other texts, and there may be more.

    Args:
        chance: decides.
        phrases: before.
        number: of the edit, another one for each.
    """
    first = _NEW_NUMBER + 1000 * number
    changed = [
        phrase | _texts(chance, first + index) if chance.random() < 0.5 else phrase
        for index, phrase in enumerate(phrases)
    ]
    return [*changed, *(_texts(chance, first + 500 + index) for index in range(chance.randint(0, 3)))]


def _texts(chance: random.Random, number: int) -> dict[str, str]:
    return {"textEn": sentence(chance, number), "textFr": f"Voici : {sentence(chance, number)}"}
