"""The page's languages and colours in Chromium: as the browser has them, or as the visitor chooses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

from support.api.app_contexts import fake_served
from support.pages.speech import wait_until_spoken

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from e2e.web.conftest import Visit


def ground(page: Page) -> str:
    """The colour behind the page."""
    colour: str = page.evaluate("getComputedStyle(document.body).backgroundColor")
    return colour


def test_the_page_is_french_in_a_french_browser(visit: Visit) -> None:
    """Its texts, the names of languages and its numbers; English is a choice that stays."""
    page = visit(fake_served(), locale="fr-CA")
    expect(page.locator("html")).to_have_attribute("lang", "fr")
    page.get_by_label("Texte", exact=True).fill("Bonsoir.")
    expect(page.locator("#speed-shown")).to_have_text("1,00×")
    expect(page.locator("#voice optgroup").first).to_have_attribute("label", "français (France)")
    expect(page.locator("#voice")).to_have_value("fake_fr")
    assert "allemand" in page.get_by_label("Langue", exact=True).inner_text()
    page.get_by_role("button", name="Lire", exact=True).click()
    expect(page.get_by_role("group", name="Télécharger la lecture")).to_be_visible()
    expect(page.locator("#speak-status")).to_have_text("Terminé")
    page.get_by_label("Langue de la page").select_option("en")
    expect(page.get_by_role("heading", name="Transcribe")).to_be_visible()
    page.reload()
    expect(page.locator("html")).to_have_attribute("lang", "en")


def test_the_colours_are_chosen(visit: Visit) -> None:
    """Dark on a light system, also after a reload; the system's again by choice."""
    page = visit(fake_served(), color_scheme="light")
    light = ground(page)
    page.get_by_label("Colours").select_option("dark")
    dark = ground(page)
    assert dark != light
    page.reload()
    expect(page.get_by_label("Colours")).to_have_value("dark")
    assert ground(page) == dark
    page.get_by_label("Colours").select_option("system")
    assert ground(page) == light


_TIMES = """
async () => {
  const { secondsLeft, timeLeft } = await import("/page/common/times.js");
  return [[0, 10], [0.01, 10], [0.5, 1], [0.5, 60], [0.25, 600], [0.9, 36_000], [1, 5], [2, 9], [NaN, 9]]
    .map(([share, seconds]) => timeLeft(secondsLeft(share, seconds)));
}
"""


def test_the_time_left_is_told_when_it_can_be_known(visit: Visit) -> None:
    """Not before some of the work is done; rounded to what an estimate is worth."""
    told = visit(fake_served()).evaluate(_TIMES)
    assert told[:3] == [None, None, None]
    assert told[3:6] == ["about 1:00 left", "about 30:00 left", "about 1:07:00 left"]
    assert told[6:] == ["about 0:05 left", None, None]


def test_speech_is_replayed_and_has_an_outline(visit: Visit) -> None:
    """After its end one button begins it again; the outline shows what has been heard."""
    page = visit(fake_served())
    page.get_by_label("Text", exact=True).fill("One. Two.")
    page.get_by_role("button", name="Speak", exact=True).click()
    wait_until_spoken(page)
    expect(page.locator("#speak-status")).to_have_text("Done")
    outline = page.locator("#waveform")
    expect(outline).to_be_visible()
    colours = "(canvas) => new Set(new Uint32Array(canvas.getContext('2d').getImageData(0, 0, canvas.width,"
    assert outline.evaluate(f"{colours} canvas.height).data.buffer)).size") > 1
    lit = len(page.evaluate("window.sayso.lit"))
    page.get_by_role("button", name="Replay").click()
    # "Done" may still be there from the first time.
    while len(again := page.evaluate("(count) => window.sayso.lit.slice(count)", lit)) < 2:
        page.wait_for_timeout(20)
    assert [word["text"] for word in again] == ["One", "Two"]
    expect(page.locator("#speak-status")).to_have_text("Done")
