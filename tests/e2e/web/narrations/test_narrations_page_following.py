"""The page's list of narrations is the server's, in Chromium: it follows each to its end, whatever breaks off."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import httpx2
from playwright.sync_api import expect

from support.narrations.server import FAILING
from support.pages.narrations import LONG, made, opened, paste, row, wait_for
from support.waiting import WAIT_SECONDS

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

    from e2e.web.conftest import Visit
    from support.narrations.server import Narrated

MANY = 23  # more than a page has
MOST_FOLLOWED = 3


def test_a_narration_is_cancelled_at_once(page: Page, narrated: Narrated) -> None:
    """Cancel ends a narration while it is worked on, and the focus stays with it."""
    paste(page, LONG, "to be cancelled")
    found = wait_for(page, "to be cancelled", "Narrating")
    found.get_by_role("button", name="Cancel to be cancelled").press("Enter")
    wait_for(page, "to be cancelled", "Cancelled")
    expect(found.get_by_role("button", name="Cancel to be cancelled")).to_have_count(0)
    expect(found).to_be_focused()
    narrated.go_on()
    page.reload()
    wait_for(page, "to be cancelled", "Cancelled")


def test_a_failure_is_told(page: Page) -> None:
    """A narration that failed says why in a sentence, in the list and to those who do not see it."""
    paste(page, f"{FAILING} it will.", "fails")
    found = wait_for(page, "fails", "Failed")
    expect(found.locator(".error")).to_have_text("The engine failed on this input; the server's log says why.")
    expect(page.locator("#narrations-news")).to_contain_text("fails: Failed. The engine failed on this input")


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
    while narrated.subscriptions < MOST_FOLLOWED:
        page.wait_for_timeout(20)
    assert narrated.subscriptions == MOST_FOLLOWED
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
        narration = httpx2.get(route.request.url.removesuffix("/events"), timeout=WAIT_SECONDS).json()
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
    shown = page.locator("#narrations-list h3")
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


def test_in_french_errors_are_french(visit: Visit, narrated: Narrated) -> None:
    """By their codes; an error without French words has the server's behind, which are marked as English."""
    narrated.submit(f"{FAILING} it will.", name="fails in French")
    narrated.settle()
    page = visit(narrated.address, expects_failures=True, locale="fr-FR")
    found = row(page, "fails in French")
    expect(found.locator(".state")).to_have_text("Échec")
    expect(found.locator(".error")).to_have_text("Le moteur a échoué sur ce texte.")
    page.locator("#text").fill("[pause x]")
    page.get_by_role("button", name="Lire", exact=True).click()
    shown = page.locator("#speak-error")
    expect(shown).to_contain_text("Le serveur a refusé cette demande.")
    expect(shown.locator("[lang=en]")).to_contain_text("is not a directive")
    page.locator("#text").fill("…")
    page.get_by_role("button", name="Lire", exact=True).click()
    expect(shown.locator("[lang=en]")).to_contain_text("nothing that can be spoken")
    expect(shown).to_contain_text("Ce texte ne peut pas être utilisé.")
