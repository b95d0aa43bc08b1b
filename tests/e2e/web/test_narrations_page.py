"""The page's list of narrations does what it promises, in Chromium, over a server that narrates with a hum."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from playwright.sync_api import expect

from narrated import FAILING, HELD, Narrated
from narrating import fake_narrations
from sayso.api.keys import Scope, new_key
from sayso.settings import Settings
from sayso.subtitles import parse_subtitles
from sayso.testing import InMemoryNarrationStore
from served import fake_served

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import FileChooser, Locator, Page, Route

    from e2e.web.conftest import Visit

TEXT = "The lamp is lit, and nobody saw it burn."
LONG = f"{TEXT}\n\n{HELD} on, said the keeper."
HOSTILE = "<img src=x onerror=alert(1)> & \"quotes\" 'n' <script>"
MANY = 23  # more than a page has
MOST_FOLLOWED = 3

_BY_MEDIA_CLOCK = """
  window.sayso.starts.push({ when: 0 });
  window.sayso.context = { get currentTime() { return document.querySelector("#narrations audio")?.currentTime; } };
"""
"""Has what listens for lit words (see the fixture ``visit``) take the time of the browser's player."""


@pytest.fixture(scope="module", autouse=True)
def _patience() -> Iterator[None]:
    """Wait for what is to be seen as long as the other pages' tests do: the machine may be busy."""
    expect.set_options(timeout=60_000)
    yield
    expect.set_options(timeout=5_000)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Narrated]:
    """A server for all tests, which tell their narrations apart by name."""
    with Narrated(tmp_path_factory.mktemp("narrated")).running() as server:
        yield server


@pytest.fixture
def narrated(server: Narrated) -> Iterator[Narrated]:
    """The server, on which a test leaves nothing that is not finished."""
    server.hold()
    yield server
    server.go_on()
    server.settle()


@pytest.fixture
def page(visit: Visit, narrated: Narrated) -> Page:
    """The page, with the list as the server has it."""
    return opened(visit, narrated)


def opened(visit: Visit, narrated: Narrated, **options: Any) -> Page:
    """The page, once it has the list."""
    with_list = visit(narrated.address, **options)
    with_list.evaluate(_BY_MEDIA_CLOCK)
    with_list.add_init_script(_BY_MEDIA_CLOCK)  # when it is loaded again
    expect(with_list.get_by_role("heading", name="Narrations")).to_be_visible()
    return with_list


def made(visit: Visit, narrated: Narrated, *narrations: dict[str, Any]) -> Page:
    """The page, when others have had this narrated."""
    for narration in narrations:
        narrated.submit(**{"text": TEXT, **narration})
    narrated.settle()
    return opened(visit, narrated)


def row(page: Page, name: str) -> Locator:
    """A narration in the list."""
    return page.get_by_role("listitem", name=name, exact=True)


def wait_for(page: Page, name: str, state: str) -> Locator:
    """A narration, once it is so far."""
    found = row(page, name)
    expect(found.locator(".state")).to_have_text(state)
    return found


def paste(page: Page, text: str, name: str) -> None:
    """Have a text narrated under a name."""
    page.get_by_label("Or a text").fill(text)
    page.get_by_label("Name of the files").fill(name)
    page.get_by_role("button", name="Narrate", exact=True).click()


def tab_to(page: Page, selector: str) -> None:
    """Press Tab until an element has the focus."""
    for _ in range(80):
        page.keyboard.press("Tab")
        if page.evaluate("(selector) => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"Tab does not lead to {selector}")


# Sending


def test_a_file_is_narrated_with_nothing_but_keys(page: Page, narrated: Narrated, tmp_path: Path) -> None:
    """A file is chosen and sent, its progress seen and its end told, and it is played, all by keyboard."""
    path = tmp_path / "by keyboard.md"
    path.write_text(f"# Evening\n\n{LONG}", encoding="utf-8")
    choosers: list[FileChooser] = []
    # Long before it is needed: Playwright does not wait until it listens.
    page.on("filechooser", lambda chooser: choosers.append(chooser))  # noqa: PLW0108 -- it marks what it is given
    tab_to(page, "#narrate-file")
    page.keyboard.press("Enter")
    while not choosers:
        page.wait_for_timeout(20)
    choosers[0].set_files(path)
    expect(page.locator("#narrate-file-name")).to_have_text("by keyboard.md")
    tab_to(page, "#narrate")
    page.keyboard.press("Enter")
    expect(page.locator("#narrate-status")).to_have_text("Accepted: by keyboard")
    found = wait_for(page, "by keyboard", "Narrating")
    expect(found.locator(".percent")).to_have_text(re.compile(r"^[1-9]\d %$"))
    assert 0 < found.get_by_role("progressbar", name="Progress of by keyboard").evaluate("bar => bar.value") < 1
    height = found.evaluate("row => row.offsetHeight")
    narrated.go_on()
    wait_for(page, "by keyboard", "Done")
    assert found.evaluate("row => row.offsetHeight") == height
    expect(page.locator("#narrations-news")).to_contain_text("by keyboard: Done")
    tab_to(page, "[aria-label='Play by keyboard']")
    page.keyboard.press("Enter")
    expect(found.locator(".word[aria-current]")).to_have_count(1)
    assert found.locator(".words").text_content() == f"# Evening\n\n{LONG}"


def test_what_the_form_says_is_what_is_asked_for(page: Page, narrated: Narrated) -> None:
    """Voice, pace, style and formats go with the text; after that the form is ready for the next."""
    page.get_by_label("Narrator’s voice").select_option("fake_fr")
    page.get_by_label("Pace").fill("1.25")
    page.get_by_label("Style of the subtitles").select_option("kids")
    page.get_by_role("checkbox", name="MP3").uncheck()
    for form in ("Opus", "WAV", "ASS"):
        page.get_by_role("checkbox", name=form).check()
    paste(page, "Bonjour.", "asked for")
    wait_for(page, "asked for", "Done")
    (record,) = [record for record in narrated.records() if record.name == "asked for"]
    assert (record.voice, record.speed, record.style) == ("fake_fr", 1.25, "kids")
    assert set(record.audio) == {"opus", "wav"}
    assert set(record.subtitles) == {"srt", "vtt", "ass", "json"}
    expect(page.get_by_label("Or a text")).to_have_value("")
    expect(page.get_by_label("Name of the files")).to_have_value("")


def test_the_text_of_speak_can_be_taken(page: Page) -> None:
    """What stands in Speak is taken over with one button, which says so when there is nothing."""
    take = page.get_by_role("button", name="Take the text of Speak")
    take.click()
    expect(page.locator("#narrate-status")).to_have_text("There is no text in Speak yet")
    page.get_by_label("Text", exact=True).fill("Taken over.")
    take.click()
    page.get_by_role("button", name="Narrate", exact=True).click()
    wait_for(page, "taken-over", "Done")


def test_a_file_can_be_dropped_and_removed(page: Page) -> None:
    """A file that is dropped is the one that is sent, and as long as it is there no other text can be."""
    drop = """() => {
        const transfer = new DataTransfer();
        transfer.items.add(new File(["It was dropped."], "dropped.txt", { type: "text/plain" }));
        return transfer;
    }"""
    page.dispatch_event("#narrate-drop", "drop", {"dataTransfer": page.evaluate_handle(drop)})
    expect(page.get_by_label("Or a text")).to_be_disabled()
    page.get_by_role("button", name="Remove").click()
    expect(page.get_by_label("Or a text")).to_be_enabled()
    expect(page.locator("#narrate-file")).to_be_focused()
    page.dispatch_event("#narrate-drop", "drop", {"dataTransfer": page.evaluate_handle(drop)})
    page.get_by_role("button", name="Narrate", exact=True).click()
    wait_for(page, "dropped", "Done")


def test_a_double_click_sends_once(page: Page, narrated: Narrated) -> None:
    """Two clicks on Narrate are one narration, and nothing is complained of."""
    page.get_by_label("Or a text").fill(TEXT)
    page.get_by_label("Name of the files").fill("clicked twice")
    page.get_by_role("button", name="Narrate", exact=True).dblclick()
    wait_for(page, "clicked twice", "Done")
    page.get_by_role("button", name="Narrate", exact=True).click()
    expect(page.locator("#narrate-error")).to_be_empty()
    assert narrated.names().count("clicked twice") == 1


def test_a_lost_answer_is_asked_for_again(visit: Visit, narrated: Narrated) -> None:
    """When the answer does not come, sending again makes no second narration: the server knows the key."""
    page = opened(visit, narrated, expects_failures=True)
    lost: list[Route] = []

    def lose(route: Route) -> None:
        if route.request.method == "POST" and not lost:
            route.fetch()
            lost.append(route)
            route.abort()
        else:
            route.continue_()

    page.route("**/v1/narrations", lose)
    paste(page, TEXT, "sent again")
    expect(page.locator("#narrate-error")).to_have_text("The server cannot be reached.")
    page.get_by_role("button", name="Narrate", exact=True).click()
    expect(page.locator("#narrate-status")).to_have_text("Accepted: sent again")
    expect(row(page, "sent again")).to_have_count(1)
    assert narrated.names().count("sent again") == 1


def test_what_cannot_be_narrated_is_told(visit: Visit, narrated: Narrated, tmp_path: Path) -> None:
    """An empty form and a file that is no text are refused in words, and the next try is accepted."""
    page = opened(visit, narrated, expects_failures=True)
    page.get_by_role("button", name="Narrate", exact=True).click()
    expect(page.locator("#narrate-error")).to_contain_text("nothing to narrate yet")
    expect(page.get_by_label("Or a text")).to_be_focused()
    path = tmp_path / "picture.txt"
    path.write_bytes(b"\x89PNG\r\n\x1a\n\x00\x00")
    page.get_by_label("Choose a text file").set_input_files(path)
    page.get_by_role("button", name="Narrate", exact=True).click()
    expect(page.locator("#narrate-error")).to_contain_text("picture.txt")
    path.write_text("It is a text after all.", encoding="utf-8")
    page.get_by_label("Choose a text file").set_input_files(path)
    page.get_by_role("button", name="Narrate", exact=True).click()
    wait_for(page, "picture", "Done")
    expect(page.locator("#narrate-error")).to_be_empty()


# Watching


def test_a_narration_is_cancelled_at_once(page: Page, narrated: Narrated) -> None:
    """Cancel ends a narration while it is worked on, and the focus stays with it."""
    paste(page, LONG, "to be cancelled")
    found = wait_for(page, "to be cancelled", "Narrating")
    found.get_by_role("button", name="Cancel to be cancelled").press("Enter")
    wait_for(page, "to be cancelled", "Cancelled")
    expect(found.get_by_role("button")).to_have_count(0)
    expect(found).to_be_focused()
    narrated.go_on()
    page.reload()
    wait_for(page, "to be cancelled", "Cancelled")


def test_a_failure_is_told(page: Page) -> None:
    """A narration that failed says why in a sentence, in the list and to those who do not see it."""
    paste(page, f"{FAILING} it will.", "fails")
    found = wait_for(page, "fails", "Failed")
    expect(found.locator(".error")).to_have_text("The engine has lost its voice")
    expect(page.locator("#narrations-news")).to_contain_text("fails: Failed. The engine has lost its voice")


def test_a_reload_in_the_middle_loses_nothing(page: Page, narrated: Narrated) -> None:
    """The list is the server's: after a reload the narration is still there, and is followed to its end."""
    paste(page, LONG, "reloaded")
    wait_for(page, "reloaded", "Narrating")
    page.reload()
    wait_for(page, "reloaded", "Narrating")
    narrated.go_on()
    wait_for(page, "reloaded", "Done")


def test_more_than_can_be_followed_are_kept_up_to_date(visit: Visit, narrated: Narrated) -> None:
    """Narrations that others sent are there, and all come to their end, however few connections there are."""
    names = [f"one of many {number}" for number in range(6)]
    for name in names:
        narrated.submit(LONG, name=name, audio="none", subtitles="srt")
    page = opened(visit, narrated)
    for name in names:
        expect(row(page, name).locator(".state")).to_have_text(re.compile("Waiting|Narrating"))
    wait_for(page, names[2], "Narrating")
    while narrated.followers < MOST_FOLLOWED:
        page.wait_for_timeout(20)
    assert narrated.followers == MOST_FOLLOWED
    narrated.go_on()
    for name in names:
        wait_for(page, name, "Done")


def test_a_broken_connection_goes_on_where_it_was(page: Page, narrated: Narrated) -> None:
    """When following breaks off, the page comes back with the last event that it has seen."""
    seen: list[str | None] = []

    def cut(route: Route) -> None:
        seen.append(route.request.headers.get("last-event-id"))
        if len(seen) > 1:
            route.continue_()
            return
        (record,) = [record for record in narrated.records() if record.name == "cut off"]
        narration = httpx2.get(route.request.url.removesuffix("/events")).json()
        event = f": hello\n\nid: {record.event_id}\ndata: {json.dumps(narration | {'progress': 0.77})}\n\n"
        route.fulfill(body=event, content_type="text/event-stream")

    page.route("**/events", cut)
    paste(page, LONG, "cut off")
    expect(row(page, "cut off").locator(".percent")).to_have_text("77 %")
    narrated.go_on()
    wait_for(page, "cut off", "Done")
    assert seen[0] is None
    assert re.fullmatch(r"\d+", seen[1] or "")


def test_a_server_that_is_away_is_told(visit: Visit, narrated: Narrated) -> None:
    """While the list cannot be had the page says so; whoever comes back to it finds it as it is by now."""
    page = opened(visit, narrated, expects_failures=True)
    paste(page, LONG, "away")
    wait_for(page, "away", "Narrating")
    page.route("**/v1/narrations**", lambda route: route.abort())
    page.reload()
    expect(page.locator("#narrations-error")).to_have_text("The server cannot be reached.")
    narrated.go_on()
    narrated.settle()
    page.unroute("**/v1/narrations**")
    page.dispatch_event("html", "visibilitychange")
    wait_for(page, "away", "Done")
    expect(page.locator("#narrations-error")).to_be_empty()


def test_older_narrations_are_a_button_away(visit: Visit, narrated: Narrated) -> None:
    """The list begins with the newest; older ones come on demand, each once, in order."""
    names = [f"page {number}" for number in range(MANY)]
    forms = {"text": "One.", "audio": "none", "subtitles": "srt"}
    page = made(visit, narrated, *({"name": name} | forms for name in names))
    shown = page.locator(".narration h3")
    expect(shown).to_have_count(20)
    assert shown.all_text_contents() == names[:-21:-1]
    older = page.get_by_role("button", name="Older narrations")
    older.press("Enter")
    expect(row(page, "page 0")).to_be_visible()
    expect(row(page, names[-21])).to_be_focused()
    while older.is_visible():
        older.click()
        expect(page.locator("#narrations-older")).not_to_have_attribute("aria-busy", "true")
    assert shown.all_text_contents() == narrated.names()


# Using


def test_words_light_up_in_their_time(visit: Visit, narrated: Narrated) -> None:
    """While a narration plays each word is lit in its time, in their order; one that is chosen is sought."""
    page = made(visit, narrated, {"name": "lit"})
    found = wait_for(page, "lit", "Done")
    files = {name: link.get_attribute("href") for name, link in links(found).items()}
    words = httpx2.get(str(files["JSON"])).json()["words"]
    found.get_by_role("button", name="Play lit").click()
    while not page.evaluate("document.querySelector('#narrations audio').ended"):
        page.wait_for_timeout(50)
    lit = page.evaluate("window.sayso.lit")
    indices = [word["index"] for word in lit]
    assert indices == sorted(set(indices))
    assert len(lit) > len(words) / 2  # a busy machine draws fewer frames than there are words
    for word in lit:
        told = words[word["index"]]
        assert word["text"] == told["text"]
        assert told["start"] - 0.02 <= word["at"] <= told["end"] + 0.1
    found.locator(".word", has_text="burn").click()
    expect(found.locator(".word", has_text="burn")).to_have_attribute("aria-current", "true")


def links(found: Locator) -> dict[str, Locator]:
    """A narration's downloads, by their formats."""
    return {link.inner_text(): link for link in found.get_by_role("link").all()}


def test_one_narration_plays_at_a_time(visit: Visit, narrated: Narrated) -> None:
    """Playing another closes the first, and so does Close."""
    page = made(visit, narrated, {"name": "first to play"}, {"name": "second to play"})
    page.get_by_role("button", name="Play first to play").click()
    expect(page.get_by_label("Player of first to play")).to_be_visible()
    page.get_by_role("button", name="Play second to play").click()
    expect(page.get_by_label("Player of second to play")).to_be_visible()
    assert page.locator("audio").count() == 1
    page.get_by_role("button", name="Close second to play").click()
    expect(page.locator("audio")).to_have_count(0)


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
    assert wait_for(page, "text alone", "Done").get_by_role("button").count() == 0


def test_names_and_texts_are_text(visit: Visit, narrated: Narrated) -> None:
    """Whatever a narration is called and says is shown as it is, and is never HTML."""
    page = made(visit, narrated, {"name": HOSTILE, "text": f"{TEXT} {HOSTILE}"})
    found = wait_for(page, HOSTILE, "Done")
    expect(found.get_by_role("heading")).to_have_text(HOSTILE)
    found.get_by_role("button", name="Play").click()
    expect(found.locator(".words")).to_contain_text(HOSTILE)
    assert page.locator("#narrations img, #narrations script").count() == 0


# Servers and screens


def test_a_server_without_narrations_has_no_list(visit: Visit) -> None:
    """Where no jobs are kept the page is as it was, and asks for none."""
    page = visit(fake_served())
    expect(page.get_by_label("Voice")).to_be_enabled()
    page.wait_for_load_state("networkidle")
    assert page.locator("#narrations").count() == 0


def test_a_key_without_jobs_has_no_list(visit: Visit) -> None:
    """A key that is good for speech alone is not asked for again, and the page works without the list."""
    key = new_key("speech", [Scope.SPEECH])
    served = fake_served(settings=Settings(api_keys=(key.entry,)))
    page = visit(replace(served, narrations=fake_narrations(InMemoryNarrationStore())), expects_failures=True)
    page.get_by_label("API key").fill(key.key)
    with page.expect_response("**/v1/narrations**") as refused:
        page.get_by_role("button", name="Use this key").click()
    assert refused.value.status == 401
    expect(page.get_by_label("API key")).to_be_hidden()
    assert page.locator("#narrations").count() == 0


def test_a_narrow_screen_needs_no_scrolling_aside(visit: Visit, narrated: Narrated) -> None:
    """At 360 pixels the page is not wider than the screen, whatever its narrations are called."""
    name = f"narrow {'w' * 90}"
    narrated.submit(f"{TEXT} {'w' * 80}", name=name)
    page = opened(visit, narrated, viewport={"width": 360, "height": 740})
    found = wait_for(page, name, "Done")
    found.get_by_role("button", name="Play").click()
    expect(found.locator(".word").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == 360
