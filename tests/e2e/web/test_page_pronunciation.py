"""What will be said, and its pronunciations, on the page in Chromium."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from sayso.testing import FakeSpeechEngine
from support.api.app_contexts import fake_served

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

    from e2e.web.conftest import Visit
    from sayso.types import Speech, Utterance

TEXT = "# Bills\n\nIt cost £3.50 in 1984 [15]. Siobhan *paid*."


class ListeningEngine(FakeSpeechEngine):
    """A fake engine that keeps what it was asked to say.

    Attributes:
        heard: each utterance, with IPA between slashes.
    """

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[str] = []

    def synthesise(self, utterance: Utterance, *, voice: str, speed: float) -> Speech:
        """See `SpeechEngine.synthesise`."""
        self.heard.append(" ".join(f"/{token.ipa}/" if token.ipa else token.spoken for token in utterance.tokens))
        return super().synthesise(utterance, voice=voice, speed=speed)


@pytest.fixture
def engine() -> ListeningEngine:
    return ListeningEngine()


def shown(page: Page, text: str = TEXT) -> Locator:
    """The view of what will be said, once it shows this text."""
    page.locator("#text").fill(text)
    view = page.locator("#text-spoken")
    view.get_by_role("button", name="What will be said").click()
    expect(view.locator(".word").first).to_be_visible()
    return view


def word(view: Locator, written: str) -> Locator:
    """A word of the view."""
    return view.locator(".word", has_text=written)


def test_words_that_are_said_otherwise_are_marked(visit: Visit, engine: ListeningEngine) -> None:
    """With what is said; marks of Markdown are not shown, and those of notes can be left out."""
    page = visit(fake_served(speech=engine))
    view = shown(page)
    expect(view.locator(".word.other .said")).to_have_text(["three pounds fifty", "nineteen eighty-four", "fifteen"])
    expect(view.locator(".spoken-words")).to_contain_text("Siobhan paid.")
    expect(view.get_by_role("status").first).to_contain_text("3 words")
    page.get_by_label("Leave out marks of notes such as [15]").first.check()
    expect(view.locator(".word.other")).to_have_count(2)
    page.locator("#text").fill("Nothing else.")
    expect(view.locator(".word.other")).to_have_count(0)
    assert engine.heard == []


def test_a_word_is_mended_by_keyboard_and_heard(visit: Visit, engine: ListeningEngine) -> None:
    """A wrong value is refused at its field; the right one is heard before it is kept, and spoken afterwards."""
    page = visit(fake_served(speech=engine), expects_failures=True)
    view = shown(page)
    word(view, "Bills").press("End")
    expect(word(view, "paid")).to_be_focused()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")
    field = view.get_by_label("Said as")
    expect(field).to_be_focused()
    view.get_by_label("Change it by").select_option("ipa")
    field.fill("!")
    field.press("Enter")
    expect(view.locator(".word-editor [role=alert]")).to_contain_text("no pronunciation")
    expect(field).to_be_focused()
    expect(field).to_have_attribute("aria-invalid", "true")
    field.fill("/ʃɪˈvɔːn/")
    with page.expect_response("**/captions") as heard:
        view.get_by_role("button", name="Listen").press("Enter")
    assert heard.value.status == 200
    assert engine.heard == ["/ʃɪˈvɔːn/"]
    field.press("Enter")
    expect(word(view, "Siobhan").locator(".said")).to_have_text("/ʃɪˈvɔːn/")
    expect(word(view, "Siobhan")).to_be_focused()
    with page.expect_response("**/captions"):
        page.get_by_role("button", name="Speak", exact=True).click()
    expect(page.get_by_role("group", name="Download the speech")).to_be_visible()
    assert any(spoken.endswith("/ʃɪˈvɔːn/ paid") for spoken in engine.heard)
    word(view, "Siobhan").press("Enter")
    view.locator(".word-editor").get_by_role("button", name="Remove").click()
    expect(view.locator(".mended")).to_have_count(0)
    expect(word(view, "Siobhan")).to_be_focused()


def test_in_french_a_wrong_pronunciation_is_explained_in_french(visit: Visit) -> None:
    """By its code; Escape leaves the word as it was."""
    page = visit(fake_served(), locale="fr-FR", expects_failures=True, viewport={"width": 390, "height": 844})
    page.locator("#text").fill("Le 1er mai.")
    view = page.locator("#text-spoken")
    view.get_by_role("button", name="Ce qui sera dit").click()
    expect(view.locator(".word.other .said")).to_have_text(["premier"])
    word(view, "1er").click()
    view.get_by_label("Se dit").fill("a/b")
    view.get_by_role("button", name="Garder").click()
    expect(view.locator(".word-editor [role=alert]")).to_contain_text("Ce n’est pas une prononciation")
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.keyboard.press("Escape")
    expect(word(view, "1er")).to_be_focused()
    expect(view.locator(".word-editor")).to_be_hidden()
