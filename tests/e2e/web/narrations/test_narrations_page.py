"""Texts and files are sent from the page to be narrated, in Chromium; where nothing is narrated there is no list."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from sayso.api.auth.keys import Scope, new_key
from sayso.settings import Settings
from sayso.testing import InMemoryNarrationStore
from support.api.app_contexts import fake_served
from support.narrations.service import fake_narrations
from support.pages.narrations import LONG, TEXT, opened, paste, row, wait_for

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import FileChooser, Page, Route

    from e2e.web.conftest import Visit
    from support.narrations.server import Narrated


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
    assert found.locator(".words .block").all_text_contents() == ["Evening", *LONG.split("\n\n")]


def test_what_the_form_says_is_what_is_asked_for(page: Page, narrated: Narrated) -> None:
    """Voice, pace, style and formats go with the text; after that the form is ready for the next."""
    page.get_by_label("Narrator’s voice").select_option("fake_fr")
    page.get_by_label("Pace").fill("1.25")
    page.get_by_label("Style of the subtitles").select_option("kids")
    page.get_by_role("checkbox", name="MP3").uncheck()
    for form in ("Opus", "WAV", "ASS", "TTML"):
        page.get_by_role("checkbox", name=form).check()
    paste(page, "Bonjour.", "asked for")
    wait_for(page, "asked for", "Done")
    (record,) = [record for record in narrated.records() if record.name == "asked for"]
    options = record.options
    assert (options["voice"], options["speed"], options["style"]) == ("fake_fr", 1.25, "kids")
    assert set(options["audio"]) == {"opus", "wav"}
    assert set(options["subtitles"]) == {"srt", "vtt", "ass", "ttml", "json"}
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
    expect(page.locator("#narrate-error")).to_have_text("picture.txt is not a text. Choose a .txt or .md file.")
    expect(page.get_by_label("Or a text")).to_be_enabled()
    path.write_text("It is a text after all.", encoding="utf-8")
    page.get_by_label("Choose a text file").set_input_files(path)
    page.get_by_role("button", name="Narrate", exact=True).click()
    wait_for(page, "picture", "Done")
    expect(page.locator("#narrate-error")).to_be_empty()


# Servers without a list


def test_a_server_without_narrations_has_no_list(visit: Visit) -> None:
    """Where no jobs are kept the page is as it was, and asks for none."""
    page = visit(fake_served())
    expect(page.get_by_label("Voice", exact=True)).to_be_enabled()
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
    assert refused.value.status == 403
    expect(page.get_by_label("API key")).to_be_hidden()
    assert page.locator("#narrations").count() == 0
