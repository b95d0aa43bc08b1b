"""The page in Chromium, over the application on a port of this machine.

Where there is no Chromium the tests are skipped, except in continuous integration, where they fail. ``SAYSO_CHROMIUM``
names another one than the system's.
"""

from __future__ import annotations

import os
import shutil
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Error, Page, expect, sync_playwright

from support.api.app_contexts import running
from support.missing_parts import missing
from support.pages.speech import HeldEngine, HeldTranscriber

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sayso.api.context import AppContext

FLAGS = (
    "--headless",
    "--no-sandbox",  # as root, as in a container
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
    "--use-fake-device-for-media-stream",
)

_LISTEN = """
(() => {
  window.sayso = { lit: [], starts: [], violations: [] };
  window.AudioContext = class extends AudioContext {
    constructor(options) { super(options); window.sayso.context = this; }
  };
  for (const clock of [BaseAudioContext.prototype, HTMLMediaElement.prototype]) {
    const { get, set } = Object.getOwnPropertyDescriptor(clock, "currentTime");
    const read = function () { return (window.sayso.readSeconds = get.call(this)); };
    Object.defineProperty(clock, "currentTime", { get: read, set });
  }
  const start = AudioBufferSourceNode.prototype.start;
  AudioBufferSourceNode.prototype.start = function (when, ...rest) {
    window.sayso.starts.push({ when, seconds: this.buffer.duration });
    return start.call(this, when, ...rest);
  };
  const heard = () => {
    const { context, readSeconds, starts } = window.sayso;
    if (starts.length === 0) return readSeconds; // a player of the browser's
    return readSeconds - (context.outputLatency || context.baseLatency || 0) - starts[0].when;
  };
  new MutationObserver((records) => records.forEach(({ target }) => {
    if (target.matches(".word[aria-current=true]")) {
      const index = Number(target.dataset.index);
      window.sayso.lit.push({ index, text: target.textContent, at: heard() });
    }
  })).observe(document, { subtree: true, attributes: true, attributeFilter: ["aria-current"] });
  document.addEventListener("securitypolicyviolation", ({ violatedDirective }) =>
    window.sayso.violations.push(violatedDirective));
})();
"""
"""Notes which words light up, when by the sound's clock, and when each block of sound was told to begin.

The time is what the page itself last read on the clock: on a busy machine the note may come much later.
"""

_BROWSERS_OWN = ("Failed to load resource:", "Access to fetch at")
"""How Chromium itself begins its message about an answer that is an error, broke off or is not for the page."""


_PATIENCE_MS = 120_000
"""How long what is to be seen may take: the machine may be busy."""


def _chromium() -> str:
    path = os.environ.get("SAYSO_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        missing("There is no Chromium on this machine: the page is not tested")
    return path


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium; for a module only, since Playwright keeps an event loop in this thread as long as it runs."""
    path = _chromium()
    expect.set_options(timeout=_PATIENCE_MS)
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield opened
        opened.close()


@dataclass(kw_only=True)
class Complaints:
    """What the browser complains of.

    Attributes:
        messages: what should not have been.
        expects_failures: whether an answer that is an error, or that breaks off, is part of the test.
    """

    messages: list[str] = field(default_factory=list)
    expects_failures: bool = False

    def on_console(self, message: ConsoleMessage) -> None:
        """Keep an error or a warning."""
        is_expected = self.expects_failures and message.text.startswith(_BROWSERS_OWN)
        if message.type in {"error", "warning"} and not is_expected:
            self.messages.append(f"{message.type}: {message.text} at {message.location}")

    def on_page_error(self, error: Error) -> None:
        """Keep an exception that nothing caught."""
        self.messages.append(f"uncaught: {error}")


class Visit(Protocol):
    """Opens the page."""

    def __call__(self, served: AppContext | str, *, expects_failures: bool = False, **context: Any) -> Page:
        """The page over these parts, or at this address, in a browser's context of its own."""
        ...


@pytest.fixture
def visit(browser: Browser) -> Iterator[Visit]:
    """Opens the page; the test fails if the browser has anything to complain of, the page's policy included."""
    complaints: list[Complaints] = []
    pages: list[Page] = []
    with ExitStack() as stack:

        def opened(served: AppContext | str, *, expects_failures: bool = False, **context: Any) -> Page:
            address = served if isinstance(served, str) else stack.enter_context(running(served))
            page = stack.enter_context(browser.new_context(**context)).new_page()
            page.set_default_timeout(60_000)
            heard = Complaints(expects_failures=expects_failures)
            page.on("console", heard.on_console)
            page.on("pageerror", heard.on_page_error)
            page.add_init_script(_LISTEN)
            complaints.append(heard)
            pages.append(page)
            page.goto(address)
            return page

        yield opened
        violations = [page.evaluate("window.sayso.violations") for page in pages]
    assert [heard.messages for heard in complaints] == [[] for _ in complaints]
    assert violations == [[] for _ in pages]


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """A file with two seconds in which the fake transcriber hears its text."""
    import numpy as np

    from support.openai_server.conformance import RATE_HZ, wav

    path = tmp_path / "evening.wav"
    path.write_bytes(wav((0.1 * np.random.default_rng(5).standard_normal(2 * RATE_HZ)).astype(np.float32)))
    return path


@pytest.fixture
def held_engine() -> Iterator[HeldEngine]:
    """An engine that goes on at the test's end at the latest."""
    engine = HeldEngine()
    yield engine
    engine.gate.set()


@pytest.fixture
def held_transcriber() -> Iterator[HeldTranscriber]:
    """A transcriber that goes on at the test's end at the latest."""
    transcriber = HeldTranscriber()
    yield transcriber
    transcriber.gate.set()
