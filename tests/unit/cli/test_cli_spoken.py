"""`sayso spoken`: what would be said, without a model."""

from __future__ import annotations

import io
import json
import sys
from typing import TYPE_CHECKING, Any

import pytest

from sayso.api.schemas.spoken import SpokenAnswer
from support.api.app_contexts import client_of, fake_served

if TYPE_CHECKING:
    from pathlib import Path

    from support.command_line import RunSayso


def test_a_text_is_printed_as_it_would_be_said(sayso: RunSayso) -> None:
    """Numbers and short forms are in words; the punctuation that affects the reading stays."""
    done = sayso("spoken", "It cost £3.50 in 1984, said Dr. Bell.")
    assert (done.code, done.out) == (0, "It cost three pounds fifty in nineteen eighty-four, said Doctor Bell.\n")


def test_a_markdown_file_is_printed_without_its_markup(sayso: RunSayso, tmp_path: Path) -> None:
    """One line for each utterance."""
    path = tmp_path / "story.md"
    path.write_text("# A *story*\n\nIt was late in the day. Nobody came to the door.\n")
    done = sayso("spoken", path)
    assert done.out.splitlines() == ["A story", "It was late in the day.", "Nobody came to the door."]


@pytest.mark.parametrize("text", ["one 1\n\n2\n[pause x]\nfour", "one 1\n\n2\n[pause x]\nfour\n"])
def test_with_lines_there_is_one_line_for_each_line(
    sayso: RunSayso, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    """Blank lines and lines that say nothing included; nothing is Markdown or a directive."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    done = sayso("spoken", "-", "--lines")
    assert done.out == "one one\n\ntwo\npause x\nfour\n"


def test_json_says_where_each_word_is_written(sayso: RunSayso) -> None:
    """Several spoken words may come from one place."""
    done = sayso("spoken", "le 1er mai 17h30", "--language", "fr-fr", "--json")
    document = json.loads(done.out)
    [line] = document["lines"]
    assert line["spoken"] == "le premier mai dix-sept heures trente"
    assert [(word["spoken"], word["start"], word["end"]) for word in line["words"]][1:3] == [
        ("premier", 3, 6),
        ("mai", 7, 10),
    ]


def test_a_lexicon_is_applied(sayso: RunSayso, tmp_path: Path) -> None:
    """A respelling is printed, and IPA is in the JSON."""
    lexicon = tmp_path / "names.txt"
    lexicon.write_text("Siobhan = shivawn\nGrieg = /ɡɹiːɡ/\n")
    done = sayso("spoken", "Siobhan met Grieg", "--lexicon", lexicon, "--json")
    [line] = json.loads(done.out)["lines"]
    assert (line["spoken"], line["words"][2]["ipa"]) == ("shivawn met Grieg", "ɡɹiːɡ")


def test_a_text_with_nothing_to_say_is_an_error(sayso: RunSayso) -> None:
    """As it is for a narration."""
    assert sayso("spoken", "...").code != 0


@pytest.mark.parametrize(
    ("text", "fields", "arguments"),
    [
        ("It cost £3.50 in 1984, said Dr. Bell.\n\nHe read it.", {}, ()),
        ("le 1er mai 17h30", {"language": "fr-fr"}, ("--language", "fr-fr")),
        ("one 1\n\n2\n[pause x]\nfour\n", {"lines": True}, ("--lines",)),
        ("It is true [15]. 👍", {"citations": "drop", "emoji": "name"}, ("--citations", "drop", "--emoji", "name")),
        ("Ja.\n[voice:nobody]\n5 %", {}, ()),
    ],
)
def test_the_endpoint_answers_the_same(
    sayso: RunSayso, text: str, fields: dict[str, Any], arguments: tuple[str, ...]
) -> None:
    """``/v1/spoken`` says what --json prints, whatever the options are."""
    printed = json.loads(sayso("spoken", text, "--json", *arguments).out)
    with client_of(fake_served()) as client:
        answer = client.post("/v1/spoken", json={"text": text, **fields})
    assert answer.status_code == 200
    assert answer.json() == printed
    SpokenAnswer.model_validate(answer.json(), extra="forbid")
