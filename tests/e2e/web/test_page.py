"""The page as a whole, in Chromium, without a complaint of the browser (see the fixture ``visit``)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from bench.server import ServerProcess
from sayso.api.auth.keys import Scope, new_key
from sayso.settings import Settings
from support.api.app_contexts import client_of, fake_served
from support.pages.speech import HEARD, TEXT, HeldEngine, saved, speak, transcribe, wait_for_sound, wait_until_spoken

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import FileChooser, Page

    from e2e.web.conftest import Visit


def test_everything_goes_by_keyboard(visit: Visit, recording: Path) -> None:
    """With nothing but keys a text is spoken, halted, resumed and sought, and a recording chosen and written down."""
    page = visit(fake_served())
    choosers: list[FileChooser] = []
    # Long before it is needed: Playwright does not wait until it listens.
    page.on("filechooser", lambda chooser: choosers.append(chooser))  # noqa: PLW0108 -- it marks what it is given
    expect(page.get_by_role("button", name="Speak", exact=True)).to_be_enabled()
    tab_to(page, "#text")
    page.keyboard.type(TEXT)
    page.keyboard.press("Control+Enter")
    tab_to(page, "#pause")
    page.keyboard.press("Space")
    wait_for_sound(page, "suspended")
    page.keyboard.press("Space")
    wait_for_sound(page, "running")
    wait_until_spoken(page)
    tab_to(page, "#words .word")
    page.keyboard.press("End")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")
    expect(page.locator(".word", has_text="went")).to_have_attribute("aria-current", "true")
    tab_to(page, "#recording")
    page.keyboard.press("Enter")
    while not choosers:
        page.wait_for_timeout(20)
    choosers[0].set_files(recording)
    tab_to(page, "#transcribe")
    page.keyboard.press("Enter")
    expect(page.locator("#transcript")).to_have_text(HEARD)


def tab_to(page: Page, selector: str) -> None:
    """Press Tab until an element has the focus, which must be seen there."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("(selector) => document.activeElement.matches(selector)", selector):
            assert page.evaluate(
                """() => [document.activeElement, document.activeElement.nextElementSibling]
                    .some((element) => element && getComputedStyle(element).outlineStyle !== "none")"""
            )
            return
    raise AssertionError(f"Tab does not lead to {selector}")


def test_a_key_is_asked_for_once_it_is_needed(visit: Visit, recording: Path) -> None:
    """After a 401 the page asks for a key; a wrong one is refused, the right one works and outlives a reload."""
    key = new_key("page", [Scope.SPEECH, Scope.TRANSCRIBE])
    page = visit(fake_served(settings=Settings(api_keys=(key.entry,))), expects_failures=True)
    field = page.get_by_label("API key")
    expect(field).to_be_focused()
    field.fill("wrong")
    field.press("Enter")
    expect(page.locator("#key-error")).to_have_text("The API key is not one of this server's.")
    field.fill(key.key)
    field.press("Enter")
    expect(field).to_be_hidden()
    page.reload()
    expect(page.get_by_label("Voice", exact=True)).to_be_enabled()
    assert field.is_hidden()
    speak(page)
    wait_until_spoken(page)
    transcribe(page, recording)
    expect(page.locator("#transcript")).to_have_text(HEARD)


def test_without_keys_no_key_is_asked_for(visit: Visit) -> None:
    """A server without keys gets no question for one."""
    page = visit(fake_served())
    expect(page.get_by_label("Voice", exact=True)).to_be_enabled()
    assert page.get_by_label("API key").is_hidden()


_NAMELESS = """
() => [...document.querySelectorAll("a, button, input, select, textarea, progress, [tabindex='0'], [role='group']")]
  .filter((element) => !(element.labels?.length || element.getAttribute("aria-label")
    || element.getAttribute("aria-labelledby") || element.textContent.trim()))
  .map((element) => element.outerHTML)
"""


def test_every_control_has_a_name(visit: Visit) -> None:
    """Every control has a label, the page has its landmarks, and its news are live regions."""
    page = visit(fake_served())
    assert page.evaluate(_NAMELESS) == []
    for role in ("banner", "navigation", "main"):
        assert page.get_by_role(role).count() == 1
    assert page.locator("html").get_attribute("lang") == "en"
    assert page.locator("[aria-live=polite]").count() == 2
    assert page.get_by_role("link", name="API").get_attribute("href") == "docs"
    assert page.get_by_role("link", name="Health").get_attribute("href") == "health"


_CONTRASTS = """
() => {
  const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const rgba = (color) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const luminance = ([r, g, b]) => [r, g, b].map((v) => v / 255)
    .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, index) => sum + v * [0.2126, 0.7152, 0.0722][index], 0);
  const ground = (element) => {
    for (let one = element; one; one = one.parentElement) {
      const color = rgba(getComputedStyle(one).backgroundColor);
      if (color[3] === 255) return color;
    }
    return rgba("white");
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const elements = new Set();
  while (walker.nextNode()) {
    const { parentElement, data } = walker.currentNode;
    if (data.trim() && parentElement.checkVisibility() && !parentElement.closest("noscript, option")) {
      elements.add(parentElement);
    }
  }
  document.querySelectorAll("textarea, select").forEach((element) => elements.add(element));
  return [...elements].map((element) => {
    const [one, other] = [rgba(getComputedStyle(element).color), ground(element)].map(luminance).sort((a, b) => b - a);
    return { text: (element.id || element.textContent).slice(0, 40), ratio: (one + 0.05) / (other + 0.05) };
  });
}
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_ground(visit: Visit, recording: Path, scheme: str, held_engine: HeldEngine) -> None:
    """In both schemes every text, lit or wrong, has a contrast of 4.5 to 1 at least, as WCAG 1.4.3 asks."""
    page = visit(fake_served(speech=held_engine), color_scheme=scheme, reduced_motion="reduce")
    transcribe(page, recording)
    expect(page.locator("#transcribe-status")).to_have_text("Done")
    speak(page, " ")  # an error
    expect(page.locator("#speak-error")).to_contain_text("nothing")
    seen = page.evaluate(_CONTRASTS)
    speak(page)
    page.wait_for_selector("#words [aria-current]")
    page.get_by_role("button", name="Pause").click()
    page.locator("#words .word").first.click()  # between two words none is lit
    expect(page.locator("#words [aria-current]")).to_have_count(1)
    seen += page.evaluate(_CONTRASTS)
    held_engine.gate.set()
    wait_until_spoken(page)
    seen += page.evaluate(_CONTRASTS)
    assert len(seen) > 60
    assert [entry for entry in seen if entry["ratio"] < 4.5] == []


def test_schemes_differ(visit: Visit) -> None:
    """The page is light or dark as the browser asks."""
    served = fake_served()
    grounds = [
        visit(served, color_scheme=scheme).evaluate("getComputedStyle(document.body).backgroundColor")
        for scheme in ("light", "dark")
    ]
    assert grounds[0] != grounds[1]


def test_a_narrow_screen_needs_no_scrolling_aside(visit: Visit, recording: Path) -> None:
    """At 360 pixels the page is not wider than the screen, whatever is on it."""
    page = visit(fake_served(), viewport={"width": 360, "height": 740})
    speak(page, f"{TEXT} {'w' * 200}")
    wait_until_spoken(page)
    transcribe(page, recording)
    expect(page.locator("#transcribe-status")).to_have_text("Done")
    assert page.evaluate("document.documentElement.scrollWidth") == 360


@pytest.mark.engine
def test_real_engines_speak_and_listen(visit: Visit, tmp_path: Path) -> None:
    """With a key, Kokoro speaks, its words are lit in order, and Whisper hears in the saved file what was said."""
    text = "The keeper climbed the stairs. He lit the lamp, and nobody came to see it burn."
    path = tmp_path / "spoken.mp3"
    with ServerProcess(tmp_path) as server:
        page = visit(server.root_url, expects_failures=True)
        page.get_by_label("API key").fill(server.key)
        page.get_by_role("button", name="Use this key").click()
        expect(page.get_by_label("Voice", exact=True)).to_have_value("af_heart")
        speak(page, text)
        wait_until_spoken(page)
        expect(page.locator("#speak-engine")).to_have_text("kokoro")
        expect(page.locator("#speak-status")).to_have_text("Done", timeout=60_000)
        indices = [word["index"] for word in page.evaluate("window.sayso.lit")]
        assert indices
        assert indices == sorted(set(indices))
        path.write_bytes(saved(page, "Download MP3"))
        transcribe(page, path)
        expect(page.locator("#transcribe-status")).to_have_text("Done", timeout=60_000)
        heard = page.locator("#transcript").inner_text()
    assert re.findall(r"\w+", heard.lower()) == re.findall(r"\w+", text.lower())


def test_files_are_asked_for_again_and_sent_once() -> None:
    """The page's files have an ETag, a browser that has them gets 304, and nothing in them leads elsewhere."""
    with client_of(fake_served()) as client:
        index = client.get("/")
        assert index.headers["content-type"].startswith("text/html")
        for path in ("/", *(f"/{name}" for name in re.findall(r'(?:src|href)="(page/[^"]+)"', index.text))):
            answer = client.get(path)
            assert answer.status_code == 200
            assert answer.headers["cache-control"] == "no-cache"
            again = client.get(path, headers={"if-none-match": answer.headers["etag"]})
            assert (again.status_code, again.content) == (304, b"")
            assert not re.search(r"https?://(?!www\.w3\.org)", answer.text)
            assert client.head(path).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/page/nothing.js", 404),
        ("GET", "/page/..%2Fpage.py", 404),
        ("GET", "/page/%2e%2e/page.py", 404),
        ("GET", "/nothing", 404),
        ("POST", "/nothing", 404),
        ("GET", "/v1/audio/speech", 405),
        ("POST", "/", 405),
    ],
)
def test_the_page_leaves_the_api_its_paths(method: str, path: str, status: int) -> None:
    """What is not the page's is answered as it would be without it, in OpenAI's envelope; no other file can be had."""
    with client_of(fake_served()) as client:
        answer = client.request(method, path)
    assert answer.status_code == status
    assert set(answer.json()["error"]) == {"message", "type", "param", "code"}
