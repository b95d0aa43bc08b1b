"""The page does what it promises, in Chromium, without a complaint of the browser (see the fixture ``visit``)."""

from __future__ import annotations

import json
import re
import threading
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import av
import httpx2
import pytest
from playwright.sync_api import expect

from bench.server import ServerProcess
from sayso.api.keys import Scope, new_key
from sayso.audio import decode
from sayso.errors import EngineFailed
from sayso.settings import Settings
from sayso.subtitles import parse_subtitles
from sayso.testing import FakeSpeechEngine, FakeTranscriber
from sayso.types import Voice
from served import client_of, fake_served

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import FileChooser, Page

    from e2e.web.conftest import Visit
    from sayso.stt import Transcript
    from sayso.types import Speech, Utterance

TEXT = "The lamp is lit. Nobody came to see it burn.\n\nIn the morning the gulls returned, and the boats went out."
HEARD = "It was late. Nobody came, and the lamp burned on."
WAIT_SECONDS = 120.0


class HeldEngine(FakeSpeechEngine):
    """Speaks the text's first utterance; the later ones when `gate` is set."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = threading.Event()

    def synthesise(self, utterance: Utterance, *, voice: str, speed: float) -> Speech:
        """See `SpeechEngine.synthesise`."""
        speech = super().synthesise(utterance, voice=voice, speed=speed)
        if utterance.tokens[0].span.start > 0:
            assert self.gate.wait(WAIT_SECONDS)
        return speech


class FailingEngine(FakeSpeechEngine):
    """Speaks the text's first utterance, and fails at the next."""

    def synthesise(self, utterance: Utterance, *, voice: str, speed: float) -> Speech:
        """See `SpeechEngine.synthesise`."""
        if utterance.tokens[0].span.start > 0:
            raise EngineFailed("The engine has lost its voice")
        return super().synthesise(utterance, voice=voice, speed=speed)


class BrokenEngine(FakeSpeechEngine):
    """Speaks the text's first utterance, and fails at the next in a way that nobody has foreseen."""

    def synthesise(self, utterance: Utterance, *, voice: str, speed: float) -> Speech:
        """See `SpeechEngine.synthesise`."""
        speech = super().synthesise(utterance, voice=voice, speed=speed)
        if utterance.tokens[0].span.start > 0:
            raise RuntimeError("the test's engine breaks")
        return speech


class HeldTranscriber(FakeTranscriber):
    """Tells the first sentence that it hears; goes on when `gate` is set."""

    def __init__(self) -> None:
        super().__init__(HEARD)
        self.gate = threading.Event()

    def transcribe(self, source: Any, **options: Any) -> Transcript:
        """See `Transcriber.transcribe`."""
        listener = options.pop("listener")

        def held(text: Any) -> None:
            listener(text)
            assert self.gate.wait(WAIT_SECONDS)

        return super().transcribe(source, listener=listener and held, **options)


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


def speak(page: Page, text: str = TEXT) -> None:
    """Type a text and have it spoken."""
    page.get_by_label("Text", exact=True).fill(text)
    page.get_by_role("button", name="Speak", exact=True).click()


def wait_until_spoken(page: Page) -> None:
    """Wait until the whole of the sound has come."""
    expect(page.get_by_role("group", name="Download the speech")).to_be_visible(timeout=60_000)


def wait_for_sound(page: Page, state: str) -> None:
    """Wait until the sound is running, suspended or closed; Playwright's own waiting needs eval, which is forbidden."""
    while page.evaluate("window.sayso.context.state") != state:
        page.wait_for_timeout(20)


def transcribe(page: Page, recording: Path) -> None:
    """Choose a recording and have it written down."""
    page.get_by_label("Choose a file").set_input_files(recording)
    page.get_by_role("button", name="Transcribe").click()


def words_of(page: Page, text: str = TEXT) -> list[dict[str, Any]]:
    """The words of a text with their times, as the API tells them."""
    body = {"model": "fake", "voice": "fake_en", "input": text, "response_format": "pcm", "stream_format": "sse"}
    answer = httpx2.post(f"{page.url}v1/audio/speech/captions", json=body, timeout=60)
    events = [json.loads(line.removeprefix("data: ")) for line in answer.text.splitlines() if line]
    return [word for event in events for word in event.get("words", [])]


def saved(page: Page, button: str) -> bytes:
    """The file that a button saves."""
    with page.expect_download() as download:
        page.get_by_role("button", name=button, exact=True).click()
    return download.value.path().read_bytes()


def test_speech_starts_before_the_whole_text_is_synthesised(visit: Visit, held_engine: HeldEngine) -> None:
    """Sound plays and a word is lit while the engine still holds back the rest of the text."""
    page = visit(fake_served(speech=held_engine))
    speak(page)
    page.wait_for_selector("#words [aria-current]")
    assert not held_engine.gate.is_set()
    assert page.get_by_role("group", name="Download the speech").is_hidden()
    expect(page.locator("#speak-status")).to_have_text("Synthesising…")  # all that came has been heard
    held_engine.gate.set()
    wait_until_spoken(page)
    expect(page.locator("#speak-status")).to_have_text("Done", timeout=60_000)


def test_words_are_lit_in_order_and_in_their_time(visit: Visit) -> None:
    """Each word that is lit is lit between its beginning and its end by the clock of the sound, one after the other."""
    page = visit(fake_served())
    speak(page)
    words = words_of(page)
    expect(page.locator("#speak-status")).to_have_text("Done", timeout=60_000)
    lit = page.evaluate("window.sayso.lit")
    indices = [word["index"] for word in lit]
    assert indices == sorted(set(indices))
    assert len(lit) > len(words) / 2  # a busy machine draws fewer frames than there are words
    for word in lit:
        told = words[word["index"]]
        assert word["text"] == told["text"]
        assert told["start"] - 0.02 <= word["at"] <= told["end"] + 0.1


def test_sound_has_no_gaps(visit: Visit) -> None:
    """Each block of sound begins on the sample on which the one before it ends."""
    page = visit(fake_served())
    speak(page)
    wait_until_spoken(page)
    expect(page.locator("#speak-status")).to_have_text("Done", timeout=60_000)
    starts = page.evaluate("window.sayso.starts")
    assert len(starts) > 1
    for before, after in pairwise(starts):
        assert after["when"] == pytest.approx(before["when"] + before["seconds"], abs=1e-6)


def test_words_after_characters_beyond_the_bmp_are_the_right_ones(visit: Visit) -> None:
    """A text with characters of two UTF-16 units shows as it is, and its words are those of the API."""
    text = "One 😀 two 👩‍🚀 three. 𝒳 is 𐍈 a letter 🎉🎉 four."
    page = visit(fake_served())
    speak(page, text)
    words = words_of(page, text)
    wait_until_spoken(page)
    shown = page.locator("#words .word").all_text_contents()
    assert shown == [text[word["char_start"] : word["char_end"]] for word in words]
    assert page.locator("#words").text_content() == text


def test_a_word_can_be_sought(visit: Visit) -> None:
    """A click on a word goes on from there, also when everything has been heard."""
    page = visit(fake_served())
    speak(page, "One two three four five six seven. Eight.")
    expect(page.locator("#speak-status")).to_have_text("Done", timeout=60_000)
    page.locator(".word", has_text="three").click()
    expect(page.locator(".word", has_text="three")).to_have_attribute("aria-current", "true")
    assert page.evaluate("window.sayso.lit.at(-1).text") == "three"


def test_a_word_waits_for_its_sound(visit: Visit, held_engine: HeldEngine) -> None:
    """A word whose sound has not come is not a button yet; the text after it is shown all the same."""
    page = visit(fake_served(speech=held_engine))
    speak(page)
    page.wait_for_selector("#words .word")
    assert page.locator("#words").text_content() == TEXT
    assert page.locator(".word", has_text="boats").count() == 0
    held_engine.gate.set()
    expect(page.locator(".word", has_text="boats")).not_to_have_attribute("aria-disabled", "true")


def test_pause_holds_and_stop_ends(visit: Visit, held_engine: HeldEngine) -> None:
    """Pause halts the sound, Resume goes on, and Stop gives the request up, which frees its place on the server."""
    served = fake_served(speech=held_engine)
    page = visit(served)
    speak(page)
    page.wait_for_selector("#words [aria-current]")
    page.get_by_role("button", name="Pause").click()
    wait_for_sound(page, "suspended")
    page.get_by_role("button", name="Resume").click()
    wait_for_sound(page, "running")
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_role("button", name="Stop")).to_be_disabled()
    wait_for_sound(page, "closed")
    held_engine.gate.set()
    speak(page, "Again.")
    wait_until_spoken(page)


def test_voice_and_speed_are_asked_for(visit: Visit) -> None:
    """The request names the voice and the speed that were chosen; voices stand under their language."""
    page = visit(fake_served())
    expect(page.get_by_label("Voice")).to_be_enabled()
    groups = page.locator("#voice optgroup").evaluate_all("groups => groups.map((group) => group.label)")
    assert groups == ["American English", "French (France)"]
    page.get_by_label("Voice").select_option("fake_fr")
    page.get_by_label("Speed").fill("1.5")
    with page.expect_request("**/captions") as request:
        speak(page, "Bonjour.")
    asked = json.loads(request.value.post_data or "")
    assert (asked["voice"], asked["speed"], asked["model"]) == ("fake_fr", 1.5, "fake")
    wait_until_spoken(page)
    expect(page.locator("#speak-engine")).to_have_text("fake")


def test_a_text_file_is_opened(visit: Visit, tmp_path: Path) -> None:
    """A text file's content is the text, and its name that of the downloads."""
    path = tmp_path / "tale.txt"
    path.write_text("Once upon a time.", encoding="utf-8")
    page = visit(fake_served())
    page.get_by_label("Open a text file").set_input_files(path)
    expect(page.get_by_label("Text", exact=True)).to_have_value("Once upon a time.")
    page.get_by_role("button", name="Speak", exact=True).click()
    wait_until_spoken(page)
    with page.expect_download() as download:
        page.get_by_role("button", name="Download SRT", exact=True).click()
    assert download.value.suggested_filename == "tale.srt"


def test_downloads_of_speech_are_what_they_say(visit: Visit, tmp_path: Path) -> None:
    """Every audio file is of its format and as long as the speech; the subtitles and the words are the text's."""
    page = visit(fake_served())
    speak(page)
    wait_until_spoken(page)
    codecs = {"MP3": "mp3float", "WAV": "pcm_s16le", "FLAC": "flac", "Opus": "opus", "AAC": "aac"}
    words = json.loads(saved(page, "Download word times as JSON"))
    for name, codec in codecs.items():
        path = tmp_path / name
        path.write_bytes(saved(page, f"Download {name}"))
        with av.open(path) as container:
            assert container.streams.audio[0].codec_context.name == codec
        audio = decode(path, sample_rate_hz=24_000)
        assert audio.samples.size / 24_000 == pytest.approx(words["duration"], abs=0.2)
    assert words["text"] == TEXT
    assert [word["text"] for word in words["words"]] == re.findall(r"\w+", TEXT)
    for name in ("SRT", "VTT"):
        cues = parse_subtitles(saved(page, f"Download {name}").decode())
        assert " ".join(" ".join(cue.lines) for cue in cues).split() == TEXT.split()
    assert saved(page, "Download ASS").startswith(b"[Script Info]")


def test_transcript_arrives_while_it_is_heard(visit: Visit, held_transcriber: HeldTranscriber, recording: Path) -> None:
    """The first sentence is shown while the transcriber still listens; at the end there is the whole text."""
    page = visit(fake_served(transcriber=held_transcriber))
    transcribe(page, recording)
    transcript = page.get_by_role("region", name="Transcript", exact=True)
    expect(transcript).to_have_text("It was late.")
    assert not held_transcriber.gate.is_set()
    held_transcriber.gate.set()
    expect(transcript).to_have_text(HEARD)
    expect(page.locator("#transcribe-status")).to_have_text("Done")
    expect(page.locator("#transcribe-engine")).to_have_text("fake")


def test_transcription_can_be_cancelled(visit: Visit, held_transcriber: HeldTranscriber, recording: Path) -> None:
    """Cancel gives a transcription up, and another can be asked for."""
    page = visit(fake_served(transcriber=held_transcriber))
    transcribe(page, recording)
    expect(page.locator("#transcript")).to_have_text("It was late.")
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator("#transcribe-status")).to_have_text("Cancelled")
    held_transcriber.gate.set()
    page.get_by_role("button", name="Transcribe").click()
    expect(page.locator("#transcript")).to_have_text(HEARD)


def test_downloads_of_a_transcript_are_what_they_say(visit: Visit, recording: Path) -> None:
    """The transcript is saved as text, as subtitles, and as JSON with the times of its words; Copy copies it."""
    page = visit(fake_served(), permissions=["clipboard-read", "clipboard-write"])
    transcribe(page, recording)
    expect(page.locator("#transcribe-status")).to_have_text("Done")
    page.get_by_role("button", name="Copy").click()
    expect(page.locator("#transcribe-status")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == HEARD
    assert saved(page, "Download TXT").decode() == f"{HEARD}\n"
    for form in ("SRT", "VTT"):
        cues = parse_subtitles(saved(page, f"Download {form} of the transcript").decode())
        assert " ".join(" ".join(cue.lines) for cue in cues) == HEARD
    whole = json.loads(saved(page, "Download JSON of the transcript"))
    assert [word["word"] for word in whole["words"]] == re.findall(r"\w+", HEARD)
    assert whole["text"] == HEARD


def test_a_recording_can_be_dropped(visit: Visit, recording: Path) -> None:
    """A file that is dropped on its place is the one that is written down."""
    page = visit(fake_served())
    transfer = page.evaluate_handle(
        """(bytes) => {
            const transfer = new DataTransfer();
            transfer.items.add(new File([new Uint8Array(bytes)], "dropped.wav", { type: "audio/wav" }));
            return transfer;
        }""",
        list(recording.read_bytes()),
    )
    page.dispatch_event("#drop", "drop", {"dataTransfer": transfer})
    expect(page.locator("#drop-name")).to_contain_text("dropped.wav")
    page.get_by_role("button", name="Transcribe").click()
    expect(page.locator("#transcript")).to_have_text(HEARD)


def test_everything_goes_by_keyboard(visit: Visit, recording: Path) -> None:
    """With nothing but keys a text is spoken, halted, resumed and sought, and a recording chosen and written down."""
    page = visit(fake_served())
    choosers: list[FileChooser] = []
    # Long before it is needed: Playwright does not wait until it listens.
    page.on("filechooser", lambda chooser: choosers.append(chooser))  # noqa: PLW0108 -- it marks what it is given
    expect(page.get_by_role("button", name="Speak", exact=True)).to_be_enabled()
    tab_to(page, "#text")
    page.keyboard.type(TEXT)
    page.keyboard.press("Control+Enter")
    tab_to(page, "#pause")
    page.keyboard.press("Space")
    wait_for_sound(page, "suspended")
    page.keyboard.press("Space")
    wait_for_sound(page, "running")
    wait_until_spoken(page)
    tab_to(page, "#words .word")
    page.keyboard.press("End")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")
    expect(page.locator(".word", has_text="went")).to_have_attribute("aria-current", "true")
    tab_to(page, "#recording")
    page.keyboard.press("Enter")
    while not choosers:
        page.wait_for_timeout(20)
    choosers[0].set_files(recording)
    tab_to(page, "#transcribe")
    page.keyboard.press("Enter")
    expect(page.locator("#transcript")).to_have_text(HEARD)


def tab_to(page: Page, selector: str) -> None:
    """Press Tab until an element has the focus, which must be seen there."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("(selector) => document.activeElement.matches(selector)", selector):
            assert page.evaluate(
                """() => [document.activeElement, document.activeElement.nextElementSibling]
                    .some((element) => element && getComputedStyle(element).outlineStyle !== "none")"""
            )
            return
    raise AssertionError(f"Tab does not lead to {selector}")


def test_an_unknown_voice_is_told(visit: Visit) -> None:
    """A voice that the engine does not know is told in the API's words, and the controls stay usable."""
    served = fake_served()
    voices = [Voice(name="gone", language="en-us", engine="fake"), *served.catalogue.voices()]
    page = visit(replace(served, catalogue=replace(served.catalogue, voices=lambda: voices)), expects_failures=True)
    page.get_by_label("Voice").select_option("gone")
    speak(page)
    expect(page.locator("#speak-error")).to_contain_text("gone")
    page.get_by_label("Voice").select_option("fake_en")
    speak(page)
    wait_until_spoken(page)
    expect(page.locator("#speak-error")).to_be_empty()


def test_a_full_server_is_told_with_the_time(visit: Visit) -> None:
    """An answer of 429 says when to try again."""
    page = visit(fake_served(settings=Settings(rate_limit="2/minute")), expects_failures=True)
    speak(page)
    expect(page.locator("#speak-error")).to_contain_text(re.compile(r"Try again in \d+ seconds?, at \d+:\d\d"))
    expect(page.get_by_role("button", name="Speak", exact=True)).to_be_enabled()
    expect(page.get_by_role("button", name="Stop")).to_be_disabled()


def test_a_key_is_asked_for_once_it_is_needed(visit: Visit, recording: Path) -> None:
    """After a 401 the page asks for a key; a wrong one is refused, the right one works and outlives a reload."""
    key = new_key("page", [Scope.SPEECH, Scope.TRANSCRIBE])
    page = visit(fake_served(settings=Settings(api_keys=(key.entry,))), expects_failures=True)
    field = page.get_by_label("API key")
    expect(field).to_be_focused()
    field.fill("wrong")
    field.press("Enter")
    expect(page.locator("#key-error")).to_have_text("The API key is not one of this server's.")
    field.fill(key.key)
    field.press("Enter")
    expect(field).to_be_hidden()
    page.reload()
    expect(page.get_by_label("Voice")).to_be_enabled()
    assert field.is_hidden()
    speak(page)
    wait_until_spoken(page)
    transcribe(page, recording)
    expect(page.locator("#transcript")).to_have_text(HEARD)


def test_without_keys_no_key_is_asked_for(visit: Visit) -> None:
    """A server without keys gets no question for one."""
    page = visit(fake_served())
    expect(page.get_by_label("Voice")).to_be_enabled()
    assert page.get_by_label("API key").is_hidden()


@pytest.mark.parametrize(
    ("engine", "message", "status"),
    [
        pytest.param(FailingEngine(), "lost its voice", "Done", id="an error event"),
        # A browser may throw away what had come when the connection breaks: then there is nothing to play.
        pytest.param(BrokenEngine(), "The connection was lost", re.compile("^(Done)?$"), id="a cut"),
    ],
)
def test_a_speech_that_breaks_off_is_told(
    visit: Visit, engine: FakeSpeechEngine, message: str, status: str | re.Pattern[str]
) -> None:
    """What has come is played, what went wrong is told, nothing is offered to download, and Speak stays usable."""
    page = visit(fake_served(speech=engine), expects_failures=True)
    speak(page)
    expect(page.locator("#speak-error")).to_contain_text(message)
    expect(page.locator("#speak-status")).to_have_text(status, timeout=60_000)
    assert page.get_by_role("group", name="Download the speech").is_hidden()
    expect(page.get_by_role("button", name="Speak", exact=True)).to_be_enabled()


def test_what_is_not_audio_is_told(visit: Visit, tmp_path: Path) -> None:
    """A file that is no recording is refused in the API's words, and another can be chosen."""
    path = tmp_path / "letter.wav"
    path.write_text("Dear Sir", encoding="utf-8")
    page = visit(fake_served(), expects_failures=True)
    transcribe(page, path)
    expect(page.locator("#transcribe-error")).to_contain_text("Invalid file format.")
    expect(page.get_by_role("button", name="Transcribe")).to_be_enabled()


def test_an_empty_text_is_told(visit: Visit) -> None:
    """Without a text the page says so, and puts the cursor where the text belongs."""
    page = visit(fake_served())
    speak(page, "  ")
    expect(page.locator("#speak-error")).to_contain_text("nothing to speak")
    expect(page.get_by_label("Text", exact=True)).to_be_focused()


_NAMELESS = """
() => [...document.querySelectorAll("a, button, input, select, textarea, progress, [tabindex='0'], [role='group']")]
  .filter((element) => !(element.labels?.length || element.getAttribute("aria-label")
    || element.getAttribute("aria-labelledby") || element.textContent.trim()))
  .map((element) => element.outerHTML)
"""


def test_every_control_has_a_name(visit: Visit) -> None:
    """Every control has a label, the page has its landmarks, and its news are live regions."""
    page = visit(fake_served())
    assert page.evaluate(_NAMELESS) == []
    for role in ("banner", "navigation", "main"):
        assert page.get_by_role(role).count() == 1
    assert page.locator("html").get_attribute("lang") == "en"
    assert page.locator("[aria-live=polite]").count() == 2
    assert page.get_by_role("link", name="API").get_attribute("href") == "docs"
    assert page.get_by_role("link", name="Health").get_attribute("href") == "health"


_CONTRASTS = """
() => {
  const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const rgba = (color) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const luminance = ([r, g, b]) => [r, g, b].map((v) => v / 255)
    .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, index) => sum + v * [0.2126, 0.7152, 0.0722][index], 0);
  const ground = (element) => {
    for (let one = element; one; one = one.parentElement) {
      const color = rgba(getComputedStyle(one).backgroundColor);
      if (color[3] === 255) return color;
    }
    return rgba("white");
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const elements = new Set();
  while (walker.nextNode()) {
    const { parentElement, data } = walker.currentNode;
    if (data.trim() && parentElement.checkVisibility() && !parentElement.closest("noscript, option")) {
      elements.add(parentElement);
    }
  }
  document.querySelectorAll("textarea, select").forEach((element) => elements.add(element));
  return [...elements].map((element) => {
    const [one, other] = [rgba(getComputedStyle(element).color), ground(element)].map(luminance).sort((a, b) => b - a);
    return { text: (element.id || element.textContent).slice(0, 40), ratio: (one + 0.05) / (other + 0.05) };
  });
}
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_ground(visit: Visit, recording: Path, scheme: str, held_engine: HeldEngine) -> None:
    """In both schemes every text, lit or wrong, has a contrast of 4.5 to 1 at least, as WCAG 1.4.3 asks."""
    page = visit(fake_served(speech=held_engine), color_scheme=scheme, reduced_motion="reduce")
    transcribe(page, recording)
    expect(page.locator("#transcribe-status")).to_have_text("Done")
    speak(page, " ")  # an error
    expect(page.locator("#speak-error")).to_contain_text("nothing")
    seen = page.evaluate(_CONTRASTS)
    speak(page)
    page.wait_for_selector("#words [aria-current]")
    page.get_by_role("button", name="Pause").click()
    page.locator("#words .word").first.click()  # between two words none is lit
    expect(page.locator("#words [aria-current]")).to_have_count(1)
    seen += page.evaluate(_CONTRASTS)
    held_engine.gate.set()
    wait_until_spoken(page)
    seen += page.evaluate(_CONTRASTS)
    assert len(seen) > 60
    assert [entry for entry in seen if entry["ratio"] < 4.5] == []


def test_schemes_differ(visit: Visit) -> None:
    """The page is light or dark as the browser asks."""
    served = fake_served()
    grounds = [
        visit(served, color_scheme=scheme).evaluate("getComputedStyle(document.body).backgroundColor")
        for scheme in ("light", "dark")
    ]
    assert grounds[0] != grounds[1]


def test_a_narrow_screen_needs_no_scrolling_aside(visit: Visit, recording: Path) -> None:
    """At 360 pixels the page is not wider than the screen, whatever is on it."""
    page = visit(fake_served(), viewport={"width": 360, "height": 740})
    speak(page, f"{TEXT} {'w' * 200}")
    wait_until_spoken(page)
    transcribe(page, recording)
    expect(page.locator("#transcribe-status")).to_have_text("Done")
    assert page.evaluate("document.documentElement.scrollWidth") == 360


def test_stopping_at_once_leaves_nothing_behind(visit: Visit) -> None:
    """Speak and Stop may be pressed as quickly as one can: the last wish counts, and nothing is left that fails."""
    page = visit(fake_served())
    for _ in range(5):
        speak(page)
        page.keyboard.press("Enter")  # Speak has the focus
        page.get_by_role("button", name="Stop").click()
    speak(page, "The end.")
    wait_until_spoken(page)
    assert page.locator("#words").text_content() == "The end."


@pytest.mark.engine
def test_real_engines_speak_and_listen(visit: Visit, tmp_path: Path) -> None:
    """With a key, Kokoro speaks, its words are lit in order, and Whisper hears in the saved file what was said."""
    text = "The keeper climbed the stairs. He lit the lamp, and nobody came to see it burn."
    path = tmp_path / "spoken.mp3"
    with ServerProcess(tmp_path) as server:
        page = visit(server.root_url, expects_failures=True)
        page.get_by_label("API key").fill(server.key)
        page.get_by_role("button", name="Use this key").click()
        expect(page.get_by_label("Voice")).to_have_value("af_heart")
        speak(page, text)
        wait_until_spoken(page)
        expect(page.locator("#speak-engine")).to_have_text("kokoro")
        expect(page.locator("#speak-status")).to_have_text("Done", timeout=60_000)
        indices = [word["index"] for word in page.evaluate("window.sayso.lit")]
        assert indices
        assert indices == sorted(set(indices))
        path.write_bytes(saved(page, "Download MP3"))
        transcribe(page, path)
        expect(page.locator("#transcribe-status")).to_have_text("Done", timeout=60_000)
        heard = page.locator("#transcript").inner_text()
    assert re.findall(r"\w+", heard.lower()) == re.findall(r"\w+", text.lower())


def test_files_are_asked_for_again_and_sent_once() -> None:
    """The page's files have an ETag, a browser that has them gets 304, and nothing in them leads elsewhere."""
    with client_of(fake_served()) as client:
        index = client.get("/")
        assert index.headers["content-type"].startswith("text/html")
        for path in ("/", *(f"/{name}" for name in re.findall(r'(?:src|href)="(page/[^"]+)"', index.text))):
            answer = client.get(path)
            assert answer.status_code == 200
            assert answer.headers["cache-control"] == "no-cache"
            again = client.get(path, headers={"if-none-match": answer.headers["etag"]})
            assert (again.status_code, again.content) == (304, b"")
            assert not re.search(r"https?://(?!www\.w3\.org)", answer.text)
            assert client.head(path).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/page/nothing.js", 404),
        ("GET", "/page/..%2Fpage.py", 404),
        ("GET", "/page/%2e%2e/page.py", 404),
        ("GET", "/nothing", 404),
        ("POST", "/nothing", 404),
        ("GET", "/v1/audio/speech", 405),
        ("POST", "/", 405),
    ],
)
def test_the_page_leaves_the_api_its_paths(method: str, path: str, status: int) -> None:
    """What is not the page's is answered as it would be without it, in OpenAI's envelope; no other file can be had."""
    with client_of(fake_served()) as client:
        answer = client.request(method, path)
    assert answer.status_code == status
    assert set(answer.json()["error"]) == {"message", "type", "param", "code"}
