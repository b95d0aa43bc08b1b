"""The page's half that speaks, in Chromium, without a complaint of the browser (see the fixture ``visit``)."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import av
import httpx2
import pytest
from playwright.sync_api import expect

from sayso.audio import decode
from sayso.errors import EngineFailed
from sayso.settings import Settings
from sayso.subtitles import parse_subtitles
from sayso.testing import FakeSpeechEngine
from sayso.types import Voice
from support.api.app_contexts import fake_served
from support.pages.speech import TEXT, HeldEngine, assert_lit_in_time, saved, speak, wait_for_sound, wait_until_spoken
from support.waiting import wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

    from e2e.web.conftest import Visit
    from sayso.types import Speech, Utterance


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


def message_of(page: Page, text: str = TEXT) -> list[dict[str, Any]]:
    """The words of a text with their times, as the API tells them."""
    body = {"model": "fake", "voice": "fake_en", "input": text, "response_format": "pcm", "stream_format": "sse"}
    answer = httpx2.post(f"{page.url}v1/audio/speech/captions", json=body, timeout=60)
    events = [json.loads(line.removeprefix("data: ")) for line in answer.text.splitlines() if line]
    return [word for event in events for word in event.get("words", [])]


def test_speech_starts_before_the_whole_text_is_synthesised(visit: Visit, held_engine: HeldEngine) -> None:
    """Sound plays and a word is lit while the engine still holds back the rest of the text."""
    page = visit(fake_served(speech=held_engine))
    speak(page)
    page.wait_for_selector("#words [aria-current]")
    assert not held_engine.gate.is_set()
    assert page.get_by_role("group", name="Download the speech").is_hidden()
    expect(page.locator("#speak-status")).to_have_text("Synthesising…")  # all that came has been heard
    expect(page.locator("#speak-left")).to_have_text(re.compile(r"^about \d:\d\d left$"))
    held_engine.gate.set()
    wait_until_spoken(page)
    expect(page.locator("#speak-status")).to_have_text("Done", timeout=60_000)


def test_words_are_lit_in_order_and_in_their_time(visit: Visit) -> None:
    """Each word that is lit is lit between its beginning and its end by the clock of the sound, one after the other."""
    page = visit(fake_served())
    speak(page)
    words = message_of(page)
    expect(page.locator("#speak-status")).to_have_text("Done", timeout=60_000)
    assert_lit_in_time(page, words)


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
    words = message_of(page, text)
    wait_until_spoken(page)
    shown = page.locator("#words .word").all_text_contents()
    assert shown == [text[word["char_start"] : word["char_end"]] for word in words]
    assert page.locator("#words").text_content() == text


def test_a_word_can_be_sought(visit: Visit) -> None:
    """A click on a word goes on from there, also when everything has been heard."""
    page = visit(fake_served())
    speak(page, "One two three four five six seven. Eight.")
    wait_until(lambda: "Eight" in _lit_since(page, 0))
    heard = len(_lit_since(page, 0))
    page.locator(".word", has_text="three").click()
    wait_until(lambda: "three" in _lit_since(page, heard))
    assert "One" not in _lit_since(page, heard)
    page.locator(".word", has_text="One").click()  # while it speaks: going on would never come to it
    wait_until(lambda: "One" in _lit_since(page, heard))


def _lit_since(page: Page, count: int) -> list[str]:
    """The words that were lit after so many others, without punctuation."""
    texts: list[str] = page.evaluate("count => window.sayso.lit.slice(count).map((word) => word.text)", count)
    return [text.strip(".") for text in texts]


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
    expect(page.get_by_label("Voice", exact=True)).to_be_enabled()
    groups = page.locator("#voice optgroup").evaluate_all("groups => groups.map((group) => group.label)")
    assert groups == ["American English", "French (France)"]
    page.get_by_label("Voice", exact=True).select_option("fake_fr")
    page.get_by_label("Speed", exact=True).fill("1.5")
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
    for name in ("SRT", "VTT", "TTML"):
        cues = parse_subtitles(saved(page, f"Download {name}").decode())
        assert " ".join(" ".join(cue.lines) for cue in cues).split() == TEXT.split()
    assert saved(page, "Download ASS").startswith(b"[Script Info]")


def test_an_unknown_voice_is_told(visit: Visit) -> None:
    """A voice that the engine does not know is told in the API's words, and the controls stay usable."""
    served = fake_served()
    voices = [Voice(name="gone", language="en-us", engine="fake"), *served.catalogue.voices()]
    page = visit(replace(served, catalogue=replace(served.catalogue, voices=lambda: voices)), expects_failures=True)
    page.get_by_label("Voice", exact=True).select_option("gone")
    speak(page)
    expect(page.locator("#speak-error")).to_contain_text("gone")
    page.get_by_label("Voice", exact=True).select_option("fake_en")
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


@pytest.mark.parametrize(
    ("engine", "message", "status"),
    [
        pytest.param(FailingEngine(), "The engine failed", "Stopped before the end", id="an error event"),
        # A browser may throw away what had come when the connection breaks: then there is nothing to play.
        pytest.param(BrokenEngine(), "The connection was lost", re.compile("^(Stopped before the end)?$"), id="a cut"),
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


def test_an_empty_text_is_told(visit: Visit) -> None:
    """Without a text the page says so, and puts the cursor where the text belongs."""
    page = visit(fake_served())
    speak(page, "  ")
    expect(page.locator("#speak-error")).to_contain_text("nothing to speak")
    expect(page.get_by_label("Text", exact=True)).to_be_focused()


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
