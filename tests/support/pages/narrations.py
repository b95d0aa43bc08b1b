"""Actions on the page's list of narrations, and the texts that are narrated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from playwright.sync_api import expect

from support.narrations.server import HELD

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

    from e2e.web.conftest import Visit
    from support.narrations.server import Narrated

TEXT = "The lamp is lit, and nobody saw it burn."
LONG = f"{TEXT}\n\n{HELD} on, said the keeper."

_BY_MEDIA_CLOCK = """
  window.sayso.starts.push({ when: 0 });
  window.sayso.context = {};
"""
"""Makes the listener for highlighted words (see the fixture ``visit``) use the time of the browser's player."""


def opened(visit: Visit, narrated: Narrated, **options: Any) -> Page:
    """The page, once it has the list."""
    with_list = visit(narrated.address, **options)
    with_list.evaluate(_BY_MEDIA_CLOCK)
    with_list.add_init_script(_BY_MEDIA_CLOCK)  # when it is loaded again
    expect(with_list.get_by_role("heading", name="Narrations")).to_be_visible()
    return with_list


def made(visit: Visit, narrated: Narrated, *narrations: dict[str, Any]) -> Page:
    """The page, after another client has submitted this."""
    for narration in narrations:
        narrated.submit(**{"text": TEXT, **narration})
    narrated.settle()
    return opened(visit, narrated)


def row(page: Page, name: str) -> Locator:
    """A narration in the list."""
    return page.get_by_role("listitem", name=name, exact=True)


def wait_for(page: Page, name: str, state: str) -> Locator:
    """A narration, once it has this state."""
    found = row(page, name)
    expect(found.locator(".state")).to_have_text(state)
    return found


def paste(page: Page, text: str, name: str) -> None:
    """Submit a text under a name."""
    page.get_by_label("Or a text").fill(text)
    page.get_by_label("Name of the files").fill(name)
    page.get_by_role("button", name="Narrate", exact=True).click()
