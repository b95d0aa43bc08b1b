"""The listening page of `python -m bench listen`, opened as a file, with the keyboard."""

from __future__ import annotations

import base64
import json
import re
from functools import partial
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import numpy as np
from playwright.sync_api import expect

from bench.listen.page import write_page
from bench.listen.pairs import Reading, arrange
from sayso.tts.engines.kokoro.vocabulary import SAMPLE_RATE_HZ
from support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Mapping

    from e2e.web.conftest import Visit
    from sayso.types import FloatArray

COUNT = 8


def tone(hertz: float) -> FloatArray:
    """Thirty seconds, so that nothing ends by itself."""
    tone: FloatArray = (0.1 * np.sin(2 * np.pi * hertz / SAMPLE_RATE_HZ * np.arange(30 * SAMPLE_RATE_HZ))).astype("f4")
    return tone


def key_in(page: Path) -> Mapping[str, Any]:
    """What the page reveals at the end."""
    found = re.search(r'id="key">(.*?)<', page.read_text(encoding="utf-8"))
    assert found is not None
    key: Mapping[str, Any] = json.loads(base64.b64decode(found[1]))
    return key


def test_pairs_are_played_judged_and_revealed(visit: Visit, tmp_path: Path) -> None:
    """Keys play A, B and X; the answers are counted under the versions' names with their p values, and can be saved."""
    versions = {"one": tone(440), "two": tone(220)}
    readings = [Reading(voice="v", language="en-us", text=f"Sentence {n}.", versions=versions) for n in range(COUNT)]
    for made in (work := tmp_path / "work", directory := tmp_path / "listen"):
        made.mkdir()
    pairs = arrange(readings, Random(1))  # noqa: S311 - as the benchmark does
    file = write_page(directory, pairs, seed=9, work=work)
    key = key_in(file)

    page = visit(file.as_uri())
    page.get_by_role("button", name="Start").click()
    is_heard = "(letter) => sounds[letter].currentTime > 0.2 && !sounds[letter].paused"
    for index, pair in enumerate(key["pairs"]):
        expect(page.get_by_role("heading", name=f"Pair {index + 1} of {COUNT}")).to_be_focused()
        for letter in "axb" if index == 0 else "":
            page.keyboard.press(letter)
            expect(page.get_by_role("button", name=f"Play {letter.upper()}", pressed=True)).to_be_visible()
            wait_until(partial(page.evaluate, is_heard, letter))
        better = "No difference" if index == COUNT - 1 else "A" if pair["a"] == "one" else "B"
        page.get_by_role("group", name="Which sounds better?").get_by_label(better, exact=True).check()
        page.get_by_role("group", name="X is the same").get_by_label(pair["x"].upper(), exact=True).check()
        page.keyboard.press("n")
        expect(page.get_by_role("button", pressed=True)).to_have_count(0)
    page.keyboard.press("p")
    expect(page.get_by_role("group", name="X is the same").get_by_role("radio", checked=True)).to_have_count(1)

    page.get_by_role("button", name="End, and show").click()
    expect(page.get_by_role("alertdialog")).not_to_contain_text("not fully answered")
    page.get_by_role("button", name="Show the results").click()
    # Seven of seven, either way, is 2 / 2^7; eight of eight is 1 / 2^8.
    expect(page.locator("#preferences tbody tr")).to_have_text("onetwo7010.016")
    expect(page.locator("#differences tbody tr")).to_have_text("onetwo880.004")
    with page.expect_download() as download:
        page.get_by_role("button", name="Save answers").click()
    saved = json.loads(Path(download.value.path()).read_text(encoding="utf-8"))
    assert saved["seed"] == 9
    assert [{name: pair[name] for name in ("voice", "a", "b", "x")} for pair in saved["pairs"]] == key["pairs"]
    assert [pair["answers"]["x"] for pair in saved["pairs"]] == [pair["x"] for pair in key["pairs"]]


def test_a_missing_sound_is_named_and_unanswered_questions_do_not_count(visit: Visit, tmp_path: Path) -> None:
    """The message names the file; ending early counts what was answered, and p is left open without answers."""
    reading = Reading(voice="v", language="en-us", text="One.", versions={"one": tone(440), "two": tone(220)})
    for made in (work := tmp_path / "work", directory := tmp_path / "listen"):
        made.mkdir()
    (pair,) = arrange([reading], Random(1))  # noqa: S311
    file = write_page(directory, [pair], seed=9, work=work)
    (file.parent / pair.names[1]).unlink()
    page = visit(file.as_uri(), expects_failures=True)
    page.get_by_role("button", name="Start").click()
    page.get_by_role("button", name="Play B").click()
    expect(page.get_by_role("alert")).to_contain_text(pair.names[1])
    page.get_by_role("button", name="End, and show").click()
    expect(page.get_by_role("alertdialog")).to_contain_text("1 of 1 pairs are not fully answered")
    page.get_by_role("button", name="Show the results").click()
    expect(page.locator("#preferences tbody tr")).to_have_text("onetwo000–")
    expect(page.locator("#differences tbody tr")).to_have_text("onetwo00–")
