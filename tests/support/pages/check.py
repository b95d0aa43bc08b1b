"""Check the page of a server that runs, in Chromium: sound, transcript, narration and deletion, in both languages.

    PYTHONPATH=tests .venv/bin/python -m support.pages.check http://127.0.0.1:8000 out/page

Pictures at 1280 and 390 pixels are saved in the directory. It exits with 1 and the reason if something is not as it is
to be, the browser's complaints included. ``SAYSO_PAGE_KEY`` is the API key of a server that asks for one.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path
from typing import TYPE_CHECKING, Any

from playwright.sync_api import ViewportSize, expect, sync_playwright

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage, Locator, Page

PATIENCE_MS = 300_000
"""The longest wait for a model to be loaded, or for a text to be narrated."""

AUDIBLE = 0.05
"""Of the largest possible sample."""

MOST_ALIKE = 0.8
"""The share of a text that a transcript of its speech has at least: homophones may differ."""

WIDE = ViewportSize(width=1280, height=900)
NARROW = ViewportSize(width=390, height=844)

_FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--autoplay-policy=no-user-gesture-required")

_MEASURE = """
(() => {
  window.check = { loudest: 0, violations: [] };
  const start = AudioBufferSourceNode.prototype.start;
  AudioBufferSourceNode.prototype.start = function (...times) {
    for (const sample of this.buffer.getChannelData(0)) {
      window.check.loudest = Math.max(window.check.loudest, Math.abs(sample));
    }
    return start.apply(this, times);
  };
  document.addEventListener("securitypolicyviolation", ({ violatedDirective }) =>
    window.check.violations.push(violatedDirective));
})();
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Language:
    """What is spoken in one of the page's languages.

    Attributes:
        locale: of the browser.
        voice: of the language.
        text: that is spoken and transcribed.
        story: that is narrated, in Markdown.
    """

    locale: str
    voice: str
    text: str
    story: str


LANGUAGES = (
    Language(
        locale="en-GB",
        voice="af_heart",
        text="The keeper climbed the stairs. He lit the lamp, and the boats came home in the dark.",
        story="# The Lamp Room\n\nThe keeper climbed, and lit the *lamp*.\n\n# Morning\n\nThe gulls returned.",
    ),
    Language(
        locale="fr-FR",
        voice="ff_siwis",
        text="Le gardien monta l'escalier. Il alluma la lampe, et les bateaux rentrèrent dans la nuit.",
        story="# Le phare\n\nLe gardien monta et alluma la *lampe*.\n\n# Le matin\n\nLes mouettes revinrent.",
    ),
)


def _speak(page: Page, language: Language) -> bytes:
    """Speak the text, and return the saved sound."""
    page.locator("#text").fill(language.text)
    page.locator("#voice").select_option(language.voice)
    page.locator("#speak").click()
    expect(page.locator("#words [aria-current]")).to_have_count(1)
    expect(page.locator("#speak-files")).to_be_visible()
    assert page.evaluate("window.check.loudest") > AUDIBLE, "The speech is silent."
    shown = page.locator("#words").inner_text()
    assert shown == language.text, f"The player shows {shown!r}."
    with page.expect_download() as download:
        page.locator("#speak-files [data-form=wav]").click()
    return download.value.path().read_bytes()


def _transcribe(page: Page, language: Language, sound: bytes) -> None:
    """Transcribe the sound, and play it with its words."""
    page.locator("#recording").set_input_files({"name": "spoken.wav", "mimeType": "audio/wav", "buffer": sound})
    page.locator("#transcribe").click()
    expect(page.locator("#transcribe-files")).to_be_visible()
    heard = page.locator("#transcript").inner_text()
    words, said = (re.findall(r"\w+", text.lower()) for text in (heard, language.text))
    assert SequenceMatcher(None, words, said).ratio() >= MOST_ALIKE, f"The transcript is {heard!r}."
    page.locator("#recording-player").evaluate("(player) => player.play()")
    expect(page.locator("#transcript [aria-current]")).to_have_count(1)
    page.locator("#recording-player").evaluate("(player) => player.pause()")
    for form in ("srt", "vtt", "txt", "json"):
        with page.expect_download() as download:
            page.locator(f"#transcribe-files [data-form={form}]").click()
        assert download.value.path().stat().st_size > 0, f"The transcript as {form} is empty."


def _narrate(page: Page, language: Language) -> Locator:
    """Narrate the story, and play it with its words; its row in the list."""
    name = f"check {language.locale}"
    page.locator("#narrate-text").fill(language.story)
    page.locator("#narrate-name").fill(name)
    page.locator("#narrate-voice").select_option(language.voice)
    page.locator("#narrate").click()
    row = page.get_by_role("listitem", name=name, exact=True).first
    expect(row.locator(".state")).to_have_attribute("data-status", "completed")
    row.locator("button[aria-expanded]").click()
    expect(row.locator(".word[aria-current]")).to_have_count(1)
    assert row.locator("audio").evaluate("(player) => player.currentTime") > 0, "The narration does not play."
    assert "#" not in row.locator(".words").inner_text(), "The narration's text shows its marks."
    expect(row.locator(".chapters button")).to_have_count(2)
    row.locator("audio").evaluate("(player) => player.pause()")
    return row


def _delete(page: Page, row: Locator) -> None:
    """Delete the narration, on the server too."""
    name = row.get_attribute("aria-label")
    with page.expect_response(lambda response: response.request.method == "DELETE") as deleted:
        row.locator(".job-actions button").last.click()
        row.locator(".job-actions button.sure").click()
    answer = deleted.value
    assert (answer.status, answer.json()["deleted"]) == (200, True), "The narration is not deleted."
    expect(page.get_by_role("listitem", name=name, exact=True).filter(has_text=name)).to_have_count(0)
    again = page.request.get(answer.url.partition("?")[0], headers=answer.request.headers)
    assert again.status == 404, "The server still has the narration."


def _picture(page: Page, directory: Path, language: Language) -> None:
    """Save the page at both widths; at neither is it wider than the screen."""
    for size in (WIDE, NARROW):
        page.set_viewport_size(size)
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= size["width"], f"At {size['width']} pixels the page is {width} wide."
        page.wait_for_timeout(500)  # outlines are drawn again
        page.screenshot(path=directory / f"page-{language.locale[:2]}-{size['width']}.png", full_page=True)
    page.set_viewport_size(WIDE)


def check(browser: Browser, address: str, directory: Path, language: Language, *, key: str | None = None) -> None:
    """Check the page in one language.

    Args:
        browser: Chromium.
        address: of the server.
        directory: of the pictures.
        language: of the page and of the texts.
        key: the API key; None for a server without keys.

    Raises:
        AssertionError: something is not as it is to be.
    """
    complaints: list[str] = []
    context = browser.new_context(locale=language.locale, viewport=WIDE)
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)

    def on_console(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not (key and "401" in message.text):
            complaints.append(message.text)

    page.on("console", on_console)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.add_init_script(_MEASURE)
    page.goto(address)
    if key is not None:
        page.locator("#key").fill(key)
        page.locator("#key-form button").click()
    expect(page.locator("#voice")).to_be_enabled()
    _transcribe(page, language, _speak(page, language))
    row = _narrate(page, language)
    page.locator("#words .word").nth(8).click()
    page.locator("#pause").click()
    _picture(page, directory, language)
    _delete(page, row)
    complaints += page.evaluate("window.check.violations")
    assert not complaints, f"The browser complains: {complaints}"
    context.close()


def main(address: str, directory: str) -> int:
    """Check the page in every language, and return the exit code."""
    place = Path(directory)
    place.mkdir(parents=True, exist_ok=True)
    expect.set_options(timeout=PATIENCE_MS)
    path: Any = os.environ.get("SAYSO_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(_FLAGS))
        for language in LANGUAGES:
            try:
                check(browser, address, place, language, key=os.environ.get("SAYSO_PAGE_KEY"))
            except AssertionError as error:
                sys.stderr.write(f"{language.locale}: {error}\n")
                return 1
            sys.stdout.write(f"{language.locale}: sound, transcript, narration and deletion are as they are to be\n")
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
