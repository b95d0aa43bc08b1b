"""The page's voices in Chromium: search, preview, blends by sliders, and the choice of the model."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from sayso.types import Voice
from support.api.app_contexts import fake_served
from support.pages.speech import speak

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from e2e.web.conftest import Visit

BELLA, SKY, GEORGE = "af_bella", "af_sky", "bm_george"


@pytest.fixture
def page(visit: Visit) -> Page:
    """The page over voices that can be blended, which the fake engine does not have, and one that it has."""
    served = fake_served()
    names = {BELLA: "en-us", SKY: "en-us", GEORGE: "en-gb"}
    voices = [Voice(name=name, language=language, engine="kokoro") for name, language in names.items()]
    voices.append(Voice(name="fake_fr", language="fr-fr", engine="fake"))
    page = visit(replace(served, catalogue=replace(served.catalogue, voices=lambda: voices)), expects_failures=True)
    expect(page.get_by_label("Voice", exact=True)).to_be_enabled()
    return page


def test_voices_are_searched_and_chosen(page: Page) -> None:
    """By name, language and sex, in any order; the chosen one is that of the list, and the focus returns to it."""
    page.get_by_role("button", name="Browse").click()
    search = page.get_by_label("Search")
    expect(search).to_be_focused()
    for wanted, names in {"": 4, "sky": 1, "english": 3, "MAN british": 1, "french": 1, "nobody": 0}.items():
        search.fill(wanted)
        expect(page.locator("#voices-found")).to_have_text(f"{names} voice" + ("" if names == 1 else "s"))
        expect(page.locator(".voice")).to_have_count(names)
    search.fill("george")
    page.get_by_role("button", name="Use George").press("Enter")
    expect(page.get_by_label("Voice", exact=True)).to_have_value(GEORGE)
    expect(page.get_by_label("Voice", exact=True)).to_be_focused()


def test_a_voice_is_heard_before_it_is_chosen(page: Page) -> None:
    """With a sentence of its language, made once; what cannot be spoken is said so."""
    page.get_by_role("button", name="Browse").click()
    listen = page.get_by_role("button", name="Listen to fake_fr")
    with page.expect_request("**/v1/audio/speech") as request:
        listen.click()
    asked = json.loads(request.value.post_data or "")
    assert (asked["voice"], asked["input"][:8], asked["model"]) == ("fake_fr", "Bonsoir.", "fake")
    expect(listen).to_have_attribute("aria-pressed", "true")
    listen.click()
    expect(listen).to_have_attribute("aria-pressed", "false")
    page.get_by_role("button", name="Listen to Bella").click()
    expect(page.locator("#voices-error")).to_contain_text(BELLA)


def test_voices_are_blended_by_sliders(page: Page) -> None:
    """Their shares are shown, and the blend is a voice like any other; a part of nothing is left out."""
    page.get_by_role("button", name="Browse").click()
    for name in ("Bella", "Sky", "George"):
        page.get_by_role("button", name=f"Blend {name}").click()
    blend = page.get_by_role("group", name="Blend")
    blend.get_by_label("Bella", exact=True).fill("6")
    blend.get_by_label("Sky", exact=True).fill("2")
    blend.get_by_label("George", exact=True).fill("0")
    assert blend.locator(".share").all_text_contents() == ["75 %", "25 %", "0 %"]
    blend.get_by_role("button", name="Remove George from the blend").click()
    blend.get_by_role("button", name="Use the blend").click()
    voice = page.get_by_label("Voice", exact=True)
    expect(voice.locator("option:checked")).to_have_text("Bella 75 % + Sky 25 %")
    with page.expect_request("**/captions") as request:
        speak(page)
    assert json.loads(request.value.post_data or "")["voice"] == f"{BELLA}:6+{SKY}:2"
    page.get_by_role("button", name="Browse").click()
    expect(blend.get_by_label("Bella", exact=True)).to_have_value("6")
    blend.get_by_label("Bella", exact=True).fill("0")
    expect(blend.get_by_role("button", name="Use the blend")).to_be_disabled()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()


def test_the_model_is_chosen(page: Page) -> None:
    """Of those for the task; by default that of the voice's engine, or the one with every engine."""
    model = page.get_by_label("Model", exact=True)
    assert model.locator("option").all_text_contents() == ["Automatic", "tts-1", "hybrid", "fake"]
    other = page.get_by_label("Model of the transcript").locator("option").all_text_contents()
    assert other == ["Automatic", "hybrid", "fake", "whisper-1"]
    model.select_option("tts-1")
    with page.expect_request("**/captions") as request:
        speak(page)
    assert json.loads(request.value.post_data or "")["model"] == "tts-1"
