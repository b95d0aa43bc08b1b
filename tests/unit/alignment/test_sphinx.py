"""pocketsphinx as the second aligner: its decoders are used again, and know nothing of the voice before."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from sayso.alignment.sphinx import SphinxAligner


class Decoder:
    """As pocketsphinx's, without a search: each word of the text takes a tenth of a second."""

    made: list[Decoder]

    def __init__(self, config: dict[str, Any]) -> None:
        self.config = config
        self.calls: list[str] = []
        self.added: list[str] = []
        self._words: list[str] = []
        self.made.append(self)

    def lookup_word(self, word: str) -> str | None:
        return "W ER D" if word == "known" or word in self.added else None

    def add_word(self, word: str, phones: str, update: bool) -> None:
        assert phones
        assert update
        assert word not in self.added
        self.added.append(word)

    def set_cmn(self, cmn: str) -> None:
        self.calls.append(f"cmn {cmn}")

    def set_align_text(self, text: str) -> None:
        self._words = text.split()
        self.calls.append("text")

    def start_utt(self) -> None: ...

    def end_utt(self) -> None: ...

    def process_raw(self, data: bytes, *, full_utt: bool) -> None:
        assert data
        assert full_utt

    def hyp(self) -> str:
        return " ".join(self._words)

    def seg(self) -> list[Any]:
        return [
            SimpleNamespace(word=word, start_frame=10 * number, end_frame=10 * number + 9)
            for number, word in enumerate(self._words)
        ]


@pytest.fixture
def aligner(monkeypatch: pytest.MonkeyPatch) -> SphinxAligner:
    Decoder.made = []
    monkeypatch.setitem(sys.modules, "pocketsphinx", SimpleNamespace(Decoder=Decoder, Config=dict))
    return SphinxAligner()


def test_a_decoder_is_used_again(aligner: SphinxAligner) -> None:
    """One is made for two stretches; for the second it is as new, and unknown words have names of their own."""
    for _ in range(2):
        times = aligner.align(np.zeros(16_000, np.float32), ["known", "Zyx"], ["nəʊn", "zɪks"])
        assert times is not None
        assert times == pytest.approx(np.array([[0.0, 0.1], [0.1, 0.2]]))
    (decoder,) = Decoder.made
    assert decoder.calls == ["cmn 40,3,-1", "text"] * 2
    assert len(set(decoder.added)) == 2
    assert decoder.config["bestpath"] is False
