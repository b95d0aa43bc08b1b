"""axe finds nothing on the page, in Chromium: in both languages, on both grounds, wide and narrow."""

from __future__ import annotations

from importlib.resources import files
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import ViewportSize, expect

from support.missing_parts import missing
from support.narrations.server import FAILING

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from e2e.web.conftest import Visit
    from support.narrations.server import Narrated

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
FINDINGS = """
async (rules) => (await axe.run(document, { runOnly: rules })).violations
  .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(" ")}`)
"""
SIZES = (ViewportSize(width=1280, height=900), ViewportSize(width=390, height=844))


@pytest.fixture
def axe() -> str:
    """The script of axe-core."""
    if find_spec("axe_playwright_python") is None:
        missing("axe-playwright-python is not installed: what axe finds is not tested")
    return files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")


def fill(page: Page, text: str) -> None:
    """Show as much as the page has: what will be said with a wrong pronunciation, an error, and a player."""
    page.locator("#text").fill(text)
    page.locator("#text-spoken > button").click()
    page.locator("#text-spoken .word.other").first.click()
    page.locator("#text-spoken .word-editor input").fill("greeg")
    page.locator("#text-spoken .word-editor .primary").click()
    expect(page.locator("#text-spoken .mended")).to_have_count(1)
    page.locator("#text-spoken .word.other").last.click()
    page.locator("#text-spoken .word-editor input").fill("a/b")
    page.locator("#text-spoken .word-editor .primary").click()
    expect(page.locator("#text-spoken .word-editor .error")).not_to_be_empty()
    page.locator("#speak").click()
    expect(page.locator("#speak-files")).to_be_visible()
    found = page.locator("#narrations-list .job", has=page.locator("summary")).first
    found.locator("summary").click()
    found.locator("button[aria-expanded]").click()
    expect(found.locator(".words .word").first).to_be_visible()
    found.locator("audio").evaluate("(player) => player.pause()")


@pytest.mark.parametrize(
    ("locale", "text"), [("en-GB", "It cost £3.50 in 1984 [15]."), ("fr-FR", "Elle coûta 3,50 € le 1er mai [15].")]
)
def test_axe_finds_nothing(visit: Visit, narrated: Narrated, axe: str, locale: str, text: str) -> None:
    """Nothing that the guidelines (WCAG 2.2 AA) or good practice forbid, nor is the page wider than the screen."""
    narrated.submit("SQL is late.", name="said", lexicon="SQL = sequel")
    narrated.submit(f"{FAILING} it will.", name="failed")
    narrated.settle()
    page = visit(narrated.address, expects_failures=True, locale=locale, reduced_motion="reduce")
    expect(page.locator("#narrations-list .job").first).to_be_visible()
    fill(page, text)
    page.evaluate(axe)
    findings: dict[str, Any] = {}
    for size in SIZES:
        page.set_viewport_size(size)
        for scheme in ("light", "dark"):
            page.locator("#theme").select_option(scheme)
            findings[f"{size['width']} {scheme}"] = page.evaluate(FINDINGS, RULES)
            assert page.evaluate("document.documentElement.scrollWidth") == size["width"]
    assert findings == {name: [] for name in findings}
