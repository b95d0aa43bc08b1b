"""What was narrated is played with its words and saved from the page, in Chromium, on whatever screen."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import httpx2
import pytest
from playwright.sync_api import expect

from sayso.subtitles import parse_subtitles
from support.pages.narrations import TEXT, made, opened, wait_for
from support.pages.speech import assert_lit_in_time
from support.waiting import WAIT_SECONDS

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Request, Route

    from e2e.web.conftest import Visit
    from support.narrations.server import Narrated

HOSTILE = "<img src=x onerror=alert(1)> & \"quotes\" 'n' <script>"


def links(found: Locator) -> dict[str, Locator]:
    """A narration's downloads, by their formats."""
    return {link.inner_text(): link for link in found.get_by_role("link").all()}


def test_words_light_up_in_their_time(visit: Visit, narrated: Narrated) -> None:
    """While a narration plays each word is lit in its time, in their order; one that is chosen is sought."""
    page = made(visit, narrated, {"name": "lit"})
    found = wait_for(page, "lit", "Done")
    files = {name: link.get_attribute("href") for name, link in links(found).items()}
    words = httpx2.get(str(files["JSON"]), timeout=WAIT_SECONDS).json()["words"]
    found.get_by_role("button", name="Play lit").click()
    while not page.evaluate("document.querySelector('#narrations audio').ended"):
        page.wait_for_timeout(50)
    assert_lit_in_time(page, words)
    found.locator(".word", has_text="burn").click()
    expect(found.locator(".word", has_text="burn")).to_have_attribute("aria-current", "true")


def test_one_narration_plays_at_a_time(visit: Visit, narrated: Narrated) -> None:
    """Playing another closes the first, and so does Close."""
    page = made(visit, narrated, {"name": "first to play"}, {"name": "second to play"})
    page.get_by_role("button", name="Play first to play").click()
    expect(page.get_by_label("Player of first to play")).to_be_visible()
    page.get_by_role("button", name="Play second to play").click()
    expect(page.get_by_label("Player of second to play")).to_be_visible()
    assert page.locator("#narrations audio").count() == 1
    page.get_by_role("button", name="Close second to play").click()
    expect(page.locator("#narrations audio")).to_have_count(0)


def test_downloads_are_the_files_under_their_names(visit: Visit, narrated: Narrated) -> None:
    """Each format is saved under the narration's name, and is what it says."""
    page = made(visit, narrated, {"name": "The Lamp Room: a tale"})
    found = wait_for(page, "The Lamp Room: a tale", "Done")
    saved = {}
    for form, link in links(found).items():
        with page.expect_download() as download:
            link.click()
        assert download.value.suggested_filename == f"The Lamp Room- a tale.{form.lower()}"
        saved[form] = download.value.path().read_bytes()
    assert set(saved) == {"MP3", "SRT", "VTT", "JSON"}
    assert json.loads(saved["JSON"])["text"] == TEXT
    for form in ("SRT", "VTT"):
        cues = parse_subtitles(saved[form].decode())
        assert " ".join(" ".join(cue.lines) for cue in cues) == TEXT


def test_without_word_times_it_plays_all_the_same(visit: Visit, narrated: Narrated) -> None:
    """A narration without JSON plays and says why no words are lit; one without audio is not offered to play."""
    page = made(visit, narrated, {"name": "sound alone", "subtitles": "srt"}, {"name": "text alone", "audio": "none"})
    wait_for(page, "sound alone", "Done").get_by_role("button", name="Play").click()
    expect(page.locator(".narration-player [role=status]")).to_contain_text("Its words are not shown")
    while not page.evaluate("document.querySelector('#narrations audio').currentTime > 0"):
        page.wait_for_timeout(20)
    assert wait_for(page, "text alone", "Done").get_by_role("button", name="Play").count() == 0


@pytest.mark.parametrize("allows_reading", [True, False])
def test_files_elsewhere_are_played(narrated_elsewhere: Narrated, visit: Visit, *, allows_reading: bool) -> None:
    """From a bucket, say, which is not shown the key; words are lit where it lets the page read them."""
    page = opened(visit, narrated_elsewhere, expects_failures=not allows_reading)
    page.evaluate("sessionStorage.setItem('sayso.key', 'sk-secret')")
    keys: list[str | None] = []

    def as_a_bucket(route: Route) -> None:
        answer = route.fetch()
        allowing = {"access-control-allow-origin": narrated_elsewhere.address}
        route.fulfill(response=answer, headers={**answer.headers, **allowing})

    if allows_reading:
        page.route("http://localhost:*/**", as_a_bucket)

    def on_request(asked: Request) -> None:
        if asked.url.startswith("http://localhost:"):
            keys.append(asked.header_value("authorization"))

    page.on("request", on_request)
    found = wait_for(page, "away", "Done")
    found.get_by_role("button", name="Play away").click()
    while not page.evaluate("document.querySelector('#narrations audio').currentTime > 0"):
        page.wait_for_timeout(20)
    if allows_reading:
        expect(found.locator(".words")).to_have_text(TEXT)
    else:
        expect(found.locator(".narration-player [role=status]")).to_contain_text("Its words cannot be shown")
    assert len(keys) > 1
    assert set(keys) == {None}


def test_names_and_texts_are_text(visit: Visit, narrated: Narrated) -> None:
    """Whatever a narration is called and says is shown as it is, and is never HTML."""
    page = made(visit, narrated, {"name": HOSTILE, "text": f"{TEXT} {HOSTILE}"})
    found = wait_for(page, HOSTILE, "Done")
    expect(found.get_by_role("heading")).to_have_text(HOSTILE)
    found.get_by_role("button", name="Play").click()
    expect(found.locator(".words")).to_contain_text(HOSTILE)
    assert page.locator("#narrations img, #narrations script").count() == 0


def test_a_narrow_screen_needs_no_scrolling_aside(visit: Visit, narrated: Narrated) -> None:
    """At 360 pixels the page is not wider than the screen, whatever its narrations are called."""
    name = f"narrow {'w' * 90}"
    narrated.submit(f"{TEXT} {'w' * 80}", name=name)
    page = opened(visit, narrated, viewport={"width": 360, "height": 740})
    found = wait_for(page, name, "Done")
    found.get_by_role("button", name="Play").click()
    expect(found.locator(".word[aria-current]")).to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollWidth") == 360
