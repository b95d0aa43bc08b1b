"""Actions on the page, and engines behind it that a test holds."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from playwright.sync_api import expect

from sayso.testing import FakeSpeechEngine, FakeTranscriber

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from playwright.sync_api import JSHandle, Page

    from sayso.stt import Transcript
    from sayso.types import Speech, Utterance

TEXT = "The lamp is lit. Nobody came to see it burn.\n\nIn the morning the gulls returned, and the boats went out."
HEARD = "It was late. Nobody came, and the lamp burned on."
WAIT_SECONDS = 120.0


class HeldEngine(FakeSpeechEngine):
    """Synthesises the text's first utterance; the later ones when `gate` is set."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = threading.Event()

    def synthesise(self, utterance: Utterance, *, voice: str, speed: float) -> Speech:
        """See `SpeechEngine.synthesise`."""
        speech = super().synthesise(utterance, voice=voice, speed=speed)
        if utterance.tokens[0].span.start > 0:
            assert self.gate.wait(WAIT_SECONDS)
        return speech


class HeldTranscriber(FakeTranscriber):
    """Sends the first sentence; continues when `gate` is set."""

    def __init__(self) -> None:
        super().__init__(HEARD)
        self.gate = threading.Event()

    def transcribe(self, *args: Any, **options: Any) -> Transcript:
        """See `Transcriber.transcribe`."""
        listener = options.pop("listener")

        def held(text: Any) -> None:
            listener(text)
            assert self.gate.wait(WAIT_SECONDS)

        return super().transcribe(*args, listener=listener and held, **options)


def speak(page: Page, text: str = TEXT) -> None:
    """Type a text and press Speak."""
    page.get_by_label("Text", exact=True).fill(text)
    page.get_by_role("button", name="Speak", exact=True).click()


def dropped(page: Page, name: str, content: bytes, kind: str = "") -> JSHandle:
    """What the browser gives to a page on which a file is dropped."""
    script = """([name, kind, bytes]) => {
        const transfer = new DataTransfer();
        transfer.items.add(new File([new Uint8Array(bytes)], name, { type: kind }));
        return transfer;
    }"""
    return page.evaluate_handle(script, [name, kind, list(content)])


def wait_until_spoken(page: Page) -> None:
    """Wait until all of the sound was received."""
    expect(page.get_by_role("group", name="Download the speech")).to_be_visible(timeout=60_000)


def wait_for_sound(page: Page, state: str) -> None:
    """Wait until the sound is running, suspended or closed; Playwright's own waiting needs eval, which is forbidden."""
    while page.evaluate("window.sayso.context.state") != state:
        page.wait_for_timeout(20)


def transcribe(page: Page, recording: Path) -> None:
    """Choose a recording and transcribe it."""
    page.get_by_label("Choose a file").set_input_files(recording)
    page.get_by_role("button", name="Transcribe").click()


def saved(page: Page, button: str) -> bytes:
    """The file that a button downloads."""
    with page.expect_download() as download:
        page.get_by_role("button", name=button, exact=True).click()
    return download.value.path().read_bytes()


def assert_lit_in_time(page: Page, words: Sequence[Mapping[str, Any]]) -> None:
    """Each highlighted word was so between its start and its end by the clock of the sound, in order."""
    lit = page.evaluate("window.sayso.lit")
    indices = [word["index"] for word in lit]
    assert indices == sorted(set(indices))
    assert len(lit) > len(words) / 2  # a busy machine draws fewer frames than there are words
    for word in lit:
        told = words[word["index"]]
        assert word["text"] == told["text"]
        assert told["start"] - 0.02 <= word["at"] <= told["end"] + 0.1
