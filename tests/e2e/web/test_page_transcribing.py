"""The page's half that transcribes, in Chromium, without a complaint of the browser (see the fixture ``visit``)."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from sayso.subtitles import parse_subtitles
from support.api.app_contexts import fake_served
from support.pages.speech import HEARD, HeldTranscriber, saved, transcribe

if TYPE_CHECKING:
    from pathlib import Path

    from e2e.web.conftest import Visit


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
    page.get_by_role("button", name="Copy", exact=True).click()
    expect(page.locator("#transcribe-status")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == HEARD
    assert saved(page, "Download TXT").decode() == f"{HEARD}\n"
    for form in ("SRT", "VTT", "TTML"):
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


def test_what_is_not_audio_is_told(visit: Visit, tmp_path: Path) -> None:
    """A file that is no recording is refused in the API's words, and another can be chosen."""
    path = tmp_path / "letter.wav"
    path.write_text("Dear Sir", encoding="utf-8")
    page = visit(fake_served(), expects_failures=True)
    transcribe(page, path)
    expect(page.locator("#transcribe-error")).to_contain_text("Invalid file format.")
    expect(page.get_by_role("button", name="Transcribe")).to_be_enabled()


def test_all_downloads_are_of_one_transcription(visit: Visit, recording: Path) -> None:
    """Whatever is saved, the recording is sent once; the model and the language that were chosen go with it."""
    page = visit(fake_served())
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    page.get_by_label("Model of the transcript").select_option("whisper-1")
    transcribe(page, recording)
    expect(page.locator("#transcribe-status")).to_have_text("Done")
    for name in ("TXT", "SRT of the transcript", "VTT of the transcript", "JSON of the transcript"):
        assert saved(page, f"Download {name}")
    assert [url.rpartition("/")[2] for url in sent] == ["transcriptions"]


def test_the_recording_is_played_with_its_words(visit: Visit, recording: Path) -> None:
    """Each word lights up in its time, and one that is chosen is played."""
    page = visit(fake_served())
    transcribe(page, recording)
    expect(page.locator("#transcribe-status")).to_have_text("Done")
    words = json.loads(saved(page, "Download JSON of the transcript"))["words"]
    page.evaluate("window.sayso.lit = []")
    player = page.locator("#recording-player")
    player.evaluate("(player) => player.play()")
    while not player.evaluate("(player) => player.ended"):
        page.wait_for_timeout(50)
    lit = page.evaluate("window.sayso.lit")
    assert len(lit) > len(words) / 2
    for word in lit:
        assert words[word["index"]]["start"] - 0.02 <= word["at"] <= words[word["index"]]["end"] + 0.2
    page.locator("#transcript .word", has_text="Nobody").click()
    expect(page.locator("#transcript .word", has_text="Nobody")).to_have_attribute("aria-current", "true")
    expect(page.locator("#recording-waveform")).to_be_visible()


def test_the_microphone_is_a_recording(visit: Visit) -> None:
    """What it hears is transcribed like a file; without the visitor's consent the page says what to do."""
    page = visit(fake_served(), permissions=["microphone"])
    page.get_by_role("button", name="Record", exact=True).click()
    expect(page.locator("#drop-name")).to_have_text("Recording, 0:01")
    page.get_by_role("button", name="Stop recording").click()
    expect(page.locator("#drop-name")).to_contain_text("recording.webm, ")
    page.get_by_role("button", name="Transcribe").click()
    expect(page.locator("#transcript")).to_have_text(HEARD)
    refused = visit(fake_served())
    refused.get_by_role("button", name="Record", exact=True).click()
    expect(refused.locator("#transcribe-error")).to_contain_text("Allow it beside the address")
