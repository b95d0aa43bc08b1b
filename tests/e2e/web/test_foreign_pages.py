"""What a page of another origin achieves in Chromium against a server on the same machine."""

from __future__ import annotations

import threading
from collections import Counter
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from sayso.api.auth.keys import Scope, new_key
from sayso.settings import Settings
from sayso.testing import FakeTranscriber
from support.api.app_contexts import fake_served, running

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

    from sayso.api.context import AppContext
    from sayso.stt import Transcript

_ATTACK = """
async (address) => {
  const rate = 16000, samples = 16000, bytes = new DataView(new ArrayBuffer(44 + 2 * samples));
  const text = (at, letters) => [...letters].forEach((letter, i) => bytes.setUint8(at + i, letter.charCodeAt(0)));
  text(0, "RIFF"); bytes.setUint32(4, 36 + 2 * samples, true); text(8, "WAVEfmt "); bytes.setUint32(16, 16, true);
  bytes.setUint16(20, 1, true); bytes.setUint16(22, 1, true); bytes.setUint32(24, rate, true);
  bytes.setUint32(28, 2 * rate, true); bytes.setUint16(32, 2, true); bytes.setUint16(34, 16, true);
  text(36, "data"); bytes.setUint32(40, 2 * samples, true);
  for (let i = 0; i < samples; i++) bytes.setInt16(44 + 2 * i, (i * 7919) % 6000 - 3000, true);
  const recording = () => {
    const form = new FormData();
    form.set("audio_file", new Blob([bytes.buffer], { type: "audio/wav" }), "a.wav");
    return form;
  };
  const narration = () => {
    const form = new FormData();
    form.set("text", "Planted.");
    return form;
  };
  const outcomes = {};
  const post = (path, body) => fetch(address + path, { method: "POST", mode: "no-cors", body });
  outcomes.fetch = (await post("/api/v1/hybrid/stt", recording())).type;
  await post("/v1/narrations", narration());
  outcomes.beacon = navigator.sendBeacon(`${address}/api/v1/hybrid/stt`, recording());
  const frame = document.createElement("iframe");
  frame.name = "target";
  document.body.append(frame);
  const form = document.createElement("form");
  Object.assign(form, { action: `${address}/api/v1/hybrid/stt`, method: "post", target: "target" });
  form.enctype = "multipart/form-data";
  const input = document.createElement("input");
  Object.assign(input, { type: "file", name: "audio_file" });
  const files = new DataTransfer();
  files.items.add(new File([bytes.buffer], "a.wav"));
  input.files = files.files;
  form.append(input);
  document.body.append(form);
  const loaded = new Promise((resolve) => frame.addEventListener("load", resolve, { once: true }));
  form.submit();
  await loaded;
  return outcomes;
}
"""
"""Whatever a page can send without asking first: a fetch whose answer it cannot read, a beacon, a form."""

_CALL = """
async ([address, key]) => {
  try {
    const answer = await fetch(`${address}/v1/audio/speech`, {
      method: "POST",
      headers: { "content-type": "application/json", ...(key && { authorization: `Bearer ${key}` }) },
      body: JSON.stringify({ model: "fake", input: "It is late.", voice: "fake_en" }),
    });
    return answer.status;
  } catch (error) {
    return error.name;
  }
}
"""
"""What a page does that means to use the API: the status, or the error by which its browser keeps the answer back."""


class CountingTranscriber(FakeTranscriber):
    """Counts what it is asked."""

    def __init__(self) -> None:
        super().__init__()
        self.calls = 0

    def transcribe(self, *args: Any, **options: Any) -> Transcript:
        self.calls += 1
        return super().transcribe(*args, **options)


class _Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>Elsewhere</title>")

    def log_message(self, *_: Any) -> None: ...


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[int]:
    """The port of a server of other people's pages."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()


@contextmanager
def visited(browser: Browser, address: str) -> Iterator[Page]:
    context = browser.new_context()
    page = context.new_page()
    page.goto(address)
    try:
        yield page
    finally:
        context.close()


def answered(served: AppContext) -> Counter[str]:
    """How often a POST was answered with each status."""
    found: Counter[str] = Counter()
    for family in served.metrics.registry.collect():
        for sample in family.samples:
            if sample.name == "sayso_http_requests_total" and sample.labels["method"] == "POST":
                found[sample.labels["status"]] += int(sample.value)
    return found


@pytest.mark.parametrize("site", ["127.0.0.1", "localhost"])
def test_a_foreign_page_has_nothing_done(browser: Browser, elsewhere: int, site: str) -> None:
    """Without keys, what a page of another port or of another site sends without a preflight is refused, all of it."""
    ear = CountingTranscriber()
    served = fake_served(transcriber=ear)
    with running(served) as address, visited(browser, f"http://{site}:{elsewhere}") as page:
        outcomes = page.evaluate(_ATTACK, address)
        while answered(served).total() < 4:
            page.wait_for_timeout(20)
        called = page.evaluate(_CALL, [address, None])
    assert outcomes == {"fetch": "opaque", "beacon": True}
    assert answered(served) == {"403": 4}
    assert ear.calls == 0
    assert called == "TypeError"


def test_a_foreign_page_without_a_key_has_nothing_done_where_there_are_keys(browser: Browser, elsewhere: int) -> None:
    """Chromium attaches none, even when our own page has been given one, and nothing is read but the refusal."""
    key = new_key("page", [Scope.SPEECH, Scope.TRANSCRIBE, Scope.JOBS])
    ear = CountingTranscriber()
    served = fake_served(transcriber=ear, settings=Settings(api_keys=(key.entry,)))
    with running(served) as address, visited(browser, address) as page:
        page.evaluate("(key) => sessionStorage.setItem('sayso.key', key)", key.key)
        assert page.context.cookies() == []
        page.goto(f"http://localhost:{elsewhere}")
        page.evaluate(_ATTACK, address)
        while answered(served).total() < 4:
            page.wait_for_timeout(20)
    assert answered(served) == {"401": 4}
    assert ear.calls == 0


@pytest.mark.parametrize("has_keys", [False, True])
def test_an_allowed_page_is_served(browser: Browser, elsewhere: int, has_keys: bool) -> None:
    """With its origin in SAYSO_CORS_ORIGINS a page uses the API, without keys and with one; without, Chromium keeps the
    answer back.
    """
    key = new_key("page", [Scope.SPEECH])
    keys = (key.entry,) if has_keys else ()
    allowed = f"http://localhost:{elsewhere}"
    call = key.key if has_keys else None
    with (
        running(fake_served(settings=Settings(api_keys=keys, cors_origins=(allowed,)))) as address,
        running(fake_served(settings=Settings(api_keys=keys))) as closed,
        visited(browser, allowed) as page,
    ):
        assert page.evaluate(_CALL, [address, call]) == 200
        assert page.evaluate(_CALL, [closed, call]) == "TypeError"
        page.goto(f"http://127.0.0.1:{elsewhere}")
        assert page.evaluate(_CALL, [address, call]) == "TypeError"
