"""The page shows the jobs of decks, follows them, and plays their cards, in Chromium, over tables in PostgreSQL."""

from __future__ import annotations

from contextlib import ExitStack, closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from sayso.api.auth.keys import Scope, new_key
from sayso.settings import Settings
from support.api.app_contexts import fake_served
from support.cards.tables import App, create_tables
from support.pages.cards import FILES_URL, advance, cards_served, finish, job, tone, wait_for_job

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Page, Request

    from e2e.web.conftest import Visit
    from support.postgres.databases import Databases

PHRASES: list[dict[str, Any]] = [
    {"textEn": "the lamp", "textFr": "la lampe", "cardId": "card-1"},
    {"textEn": "the boat", "textFr": ""},
    {"textEn": "hello", "textFr": "bonjour", "textPtBr": "olá"},
]
RESULTS: list[dict[str, Any]] = [
    {"audioUrlEn": f"{FILES_URL}/card-1_en.mp3", "audioUrlFr": f"{FILES_URL}/card-1_fr.mp3?v=0123456789"},
    {"audioUrlEn": f"{FILES_URL}/job_1_en.mp3", "audioUrlFr": None},
    {"audioUrlEn": None, "audioUrlFr": "https://other.example.com/x.mp3", "audioUrlPtBr": "http://"},
]


@dataclass(frozen=True, kw_only=True, slots=True)
class Deployed:
    """An application with its database, and the directory of its files."""

    conninfo: str
    app: App
    directory: Path


@pytest.fixture
def deployed(databases: Databases, tmp_path: Path) -> Iterator[Deployed]:
    conninfo = databases.new()
    create_tables(conninfo)
    for name in ("card-1_en.mp3", "card-1_fr.mp3"):
        (tmp_path / name).write_bytes(tone())
    with closing(App(conninfo)) as app:
        yield Deployed(conninfo=conninfo, app=app, directory=tmp_path)


@pytest.fixture
def address(deployed: Deployed) -> Iterator[str]:
    with cards_served(deployed.conninfo, deployed.directory) as address:
        yield address


def opened(page: Page) -> Page:
    """The page, once it has the list."""
    expect(page.get_by_role("heading", name="Cards")).to_be_visible()
    return page


def test_a_job_is_followed_to_its_cards(visit: Visit, address: str, deployed: Deployed) -> None:
    """Its progress is seen while it is worked on, its end is announced, and its cards have both languages."""
    deployed.app.add_job("job", PHRASES, deck_id="deck-1")
    page = opened(visit(address))
    found = wait_for_job(page, "deck-1", "Waiting")
    expect(found).to_contain_text("3 phrases")
    found.get_by_role("button", name="Cards of deck-1").click()
    expect(found.locator(".phrase")).to_have_count(7)
    expect(found.locator(".phrase").first).to_have_text("Englishthe lamp")
    advance(deployed.app, "job", 2)
    wait_for_job(page, "deck-1", "Speaking")
    expect(found.locator(".percent")).to_have_text("2 of 3")
    progress = found.get_by_role("progressbar", name="Progress of deck-1")
    assert progress.evaluate("bar => bar.value / bar.max") == pytest.approx(2 / 3)
    finish(deployed.app, "job", RESULTS, error="2 of 3 phrases have problems. phrases[1].textFr: it is empty.")
    wait_for_job(page, "deck-1", "Done")
    expect(page.locator("#cards-news")).to_contain_text("deck-1: Done. 2 of 3 phrases have problems.")
    expect(found.locator(".error")).to_contain_text("phrases[1].textFr: it is empty.")
    expect(found.get_by_role("button", name="Play la lampe, French")).to_be_visible()
    assert found.locator("li").evaluate_all("items => items.map(item => item.closest('ol').start)") == [0, 0, 0]
    expect(found.locator("li").nth(1).locator(".phrase").nth(1)).to_have_text("FrenchNot spoken")
    expect(found.locator("li").nth(2)).to_contain_text("Brazilian Portugueseoláhttp://")


def test_cards_are_played_in_place(visit: Visit, address: str, deployed: Deployed) -> None:
    """One at a time, from this server whatever its address in the rows is; a file that is missing is named."""
    deployed.app.add_job("job", PHRASES, deck_id="deck-1")
    finish(deployed.app, "job", RESULTS)
    page = opened(visit(address, expects_failures=True))
    asked: list[str] = []

    def note(request: Request) -> None:
        if ".mp3" in request.url:
            asked.append(request.url)

    page.on("request", note)
    found = wait_for_job(page, "deck-1", "Done")
    found.get_by_role("button", name="Cards of deck-1").press("Enter")
    found.get_by_role("button", name="Play the lamp, English").press("Enter")
    found.get_by_role("button", name="Play la lampe, French").click()
    expect(found.get_by_role("button", name="Play the lamp, English")).to_be_visible()
    expect(found.get_by_role("button", name="Play la lampe, French")).to_be_visible()  # after its end
    assert f"{address}/api/tts/files/card-1_en.mp3" in asked
    assert f"{address}/api/tts/files/card-1_fr.mp3?v=0123456789" in asked
    found.get_by_role("button", name="Play the boat, English").click()
    expect(found.locator(".card-set > .hint")).to_have_text("The audio cannot be played.")
    link = found.get_by_role("link", name="Open bonjour, French")
    expect(link).to_have_attribute("href", "https://other.example.com/x.mp3")
    found.get_by_role("button", name="Cards of deck-1").click()
    expect(found.locator(".phrase")).to_have_count(0)


def test_cards_of_another_server_are_played(visit: Visit, deployed: Deployed) -> None:
    """The page's policy has the origin of the files."""
    with (
        cards_served(deployed.conninfo, deployed.directory) as elsewhere,
        cards_served(deployed.conninfo, None, files_url=f"{elsewhere}/api/tts/files") as address,
    ):
        deployed.app.add_job("job", PHRASES[:1], deck_id="deck-1")
        urls: list[dict[str, Any]] = [{"audioUrlEn": f"{elsewhere}/api/tts/files/card-1_en.mp3", "audioUrlFr": None}]
        finish(deployed.app, "job", urls)
        page = opened(visit(address))
        found = wait_for_job(page, "deck-1", "Done")
        found.get_by_role("button", name="Cards of deck-1").click()
        with page.expect_response(urls[0]["audioUrlEn"]):
            found.get_by_role("button", name="Play the lamp, English").click()
        expect(found.get_by_role("button", name="Play the lamp, English")).to_be_visible()
        expect(found.locator(".card-set > .hint")).to_have_text("")


def test_a_job_is_cancelled_and_retried(visit: Visit, address: str, deployed: Deployed) -> None:
    """The reason is shown, and the focus stays with the job."""
    deployed.app.add_job("job", PHRASES, deck_id="deck-1")
    page = opened(visit(address))
    found = wait_for_job(page, "deck-1", "Waiting")
    found.get_by_role("button", name="Cancel deck-1").press("Enter")
    wait_for_job(page, "deck-1", "Failed")
    expect(found.locator(".error")).to_have_text("Cancelled.")
    expect(found).to_be_focused()
    assert deployed.app.job("job")["status"] == "failed"
    found.get_by_role("button", name="Retry deck-1").press("Enter")
    wait_for_job(page, "deck-1", "Waiting")
    expect(found.locator(".error")).to_be_hidden()
    assert deployed.app.job("job")["status"] == "pending"


def test_what_others_send_appears(visit: Visit, address: str, deployed: Deployed) -> None:
    """Names and texts are shown as they are, however hostile, and a status of the application's own as well."""
    hostile = "<img src=x onerror=alert(1)> & 'quotes' <script>"
    page = opened(visit(address))
    expect(page.locator("#cards-none")).to_be_visible()
    deployed.app.add_job("job ?1#%2F", [{"textEn": hostile, "textFr": hostile}, None, 7], deck_id=hostile)
    deployed.app.set_status("job ?1#%2F", "archived")
    page.reload()
    found = wait_for_job(page, hostile, "archived")
    found.get_by_role("button", name=f"Cards of {hostile}").click()
    expect(found.locator(".phrase-text").first).to_have_text(hostile)
    expect(found.locator("li")).to_have_count(3)


def test_older_jobs_are_a_button_away(visit: Visit, address: str, deployed: Deployed) -> None:
    """The newest first, each once."""
    for number in range(23):
        deployed.app.add_job(f"job-{number}", PHRASES[:1], deck_id=f"deck-{number}", age_seconds=100 - number)
    page = opened(visit(address))
    names = page.locator("#cards-list h3")
    expect(names).to_have_count(20)
    page.get_by_role("button", name="Older jobs").press("Enter")
    expect(names).to_have_count(23)
    assert names.all_text_contents() == [f"deck-{number}" for number in reversed(range(23))]
    expect(job(page, "deck-2")).to_be_focused()


@pytest.mark.parametrize("scope", [Scope.JOBS, Scope.SPEECH])
def test_a_key_for_jobs_shows_the_list(visit: Visit, deployed: Deployed, scope: Scope) -> None:
    """One that is good for speech alone is not asked for again, and the page works without the list."""
    key = new_key("ann", [Scope.SPEECH, scope])
    deployed.app.add_job("job", PHRASES, deck_id="deck-1")
    with ExitStack() as stack:
        settings = Settings(api_keys=(key.entry,))
        address = stack.enter_context(cards_served(deployed.conninfo, deployed.directory, settings=settings))
        page = visit(address, expects_failures=True)
        page.get_by_label("API key").fill(key.key)
        page.get_by_role("button", name="Use this key").click()
        expect(page.get_by_role("button", name="Speak", exact=True)).to_be_enabled()
        if scope is Scope.SPEECH:
            page.wait_for_load_state("networkidle")
            expect(page.locator("#key-card")).to_be_hidden()
            expect(page.locator("#cards")).to_have_count(0)
            return
        found = wait_for_job(page, "deck-1", "Waiting")
        advance(deployed.app, "job", 1)
        expect(found.locator(".percent")).to_have_text("1 of 3")


def test_a_server_without_the_role_has_no_list(visit: Visit) -> None:
    """Nothing is asked for, and nothing is shown."""
    page = visit(fake_served())
    page.wait_for_load_state("networkidle")
    expect(page.locator("#cards")).to_have_count(0)
