"""Narrations that have ended are deleted and retried on the page, and what they have besides sound is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

from sayso.text import load_lexicon
from support.narrations.server import FAILING
from support.pages.narrations import TEXT, made, paste, row, wait_for

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from e2e.web.conftest import Visit
    from support.narrations.server import Narrated


def test_a_narration_is_deleted_after_a_question(visit: Visit, narrated: Narrated) -> None:
    """One click asks, the second deletes; the next narration has the focus, and the server has it no more."""
    page = made(visit, narrated, {"name": "stays"}, {"name": "goes"})
    delete = wait_for(page, "goes", "Done").get_by_role("button", name="Delete goes", exact=True)
    delete.press("Enter")
    expect(row(page, "goes")).to_be_visible()
    page.get_by_role("button", name="Delete goes for good?").press("Enter")
    expect(row(page, "goes")).to_have_count(0)
    expect(row(page, "stays")).to_be_focused()
    assert "goes" not in narrated.names()
    page.reload()
    wait_for(page, "stays", "Done")
    expect(row(page, "goes")).to_have_count(0)


def test_a_failed_narration_is_retried(page: Page) -> None:
    """It waits, and is followed to its end again; what is completed has no such button."""
    paste(page, f"{FAILING} it will.", "again")
    found = wait_for(page, "again", "Failed")
    with page.expect_response("**/retry") as retried:
        found.get_by_role("button", name="Retry again").click()
    assert (retried.value.status, retried.value.json()["status"]) == (202, "queued")
    wait_for(page, "again", "Failed")
    paste(page, TEXT, "completed")
    assert wait_for(page, "completed", "Done").get_by_role("button", name="Retry").count() == 0


def test_chapters_lead_to_their_places(visit: Visit, narrated: Narrated) -> None:
    """Each begins where its title is spoken; the player has an outline, and a link to the audio can be copied."""
    text = f"# Evening\n\n{TEXT}\n\n# Morning\n\nThe gulls returned."
    page = made(visit, narrated, {"name": "chapters", "text": text, "markdown": True})
    found = wait_for(page, "chapters", "Done")
    found.get_by_role("button", name="Play chapters").click()
    chapters = found.get_by_role("list", name="Chapters of chapters")
    expect(chapters.get_by_role("button").first).to_have_attribute("aria-current", "step")
    chapters.get_by_role("button", name="Morning").click()
    expect(found.locator(".word", has_text="Morning")).to_have_attribute("aria-current", "true")
    expect(chapters.get_by_role("button", name="Morning")).to_have_attribute("aria-current", "step")
    assert found.locator(".words .h1").all_text_contents() == ["Evening", "Morning"]
    expect(found.locator("canvas.waveform")).to_be_visible()
    found.get_by_role("button", name="Copy a link to the audio of chapters").click()
    expect(found.locator(".player-foot [role=status]")).not_to_be_empty()


def test_an_unfinished_text_of_speak_becomes_a_narration(page: Page) -> None:
    """A text that Speak keeps aside is taken as a file; Markdown stays Markdown."""
    book = "# A book\n\n" + "It was late.\n" * 9_000
    page.get_by_label("Open a text file").set_input_files(
        {"name": "book.md", "mimeType": "text/markdown", "buffer": book.encode()}
    )
    expect(page.locator("#text-aside")).to_be_visible()
    page.get_by_role("button", name="Take the text of Speak").click()
    expect(page.locator("#narrate-file-name")).to_have_text("book.md")


def test_pronunciations_are_kept_with_the_narration(page: Page, narrated: Narrated) -> None:
    """Those of Speak come with its text, are there after a reload, are a lexicon file, and serve another text."""
    page.locator("#text").fill("The SQL is late.")
    speak = page.locator("#text-spoken")
    speak.get_by_role("button", name="What will be said").click()
    speak.locator(".word", has_text="SQL").click()
    speak.get_by_label("Said as").fill("sequel")
    speak.get_by_role("button", name="Keep").click()
    expect(speak.locator(".mended")).to_have_count(1)
    page.get_by_role("button", name="Take the text of Speak").click()
    page.get_by_label("Name of the files").fill("mended")
    page.get_by_role("button", name="Narrate", exact=True).click()
    wait_for(page, "mended", "Done")
    expect(page.locator("#narrate-spoken .lexicon")).to_be_hidden()
    page.reload()
    found = wait_for(page, "mended", "Done")
    found.locator("summary", has_text="Pronunciations of mended").click()
    with page.expect_download() as download:
        found.get_by_role("button", name="Download as a lexicon").click()
    assert download.value.suggested_filename == "mended.lexicon.txt"
    assert load_lexicon(download.value.path().read_text(encoding="utf-8")) == load_lexicon("SQL = sequel")
    found.get_by_role("button", name="Use for another narration").click()
    expect(page.locator("#narrate-spoken").get_by_role("listitem")).to_have_text("SQLsequelRemove")
    (record,) = [record for record in narrated.records() if record.name == "mended"]
    assert record.options["lexicon"] == "SQL = sequel\n"
