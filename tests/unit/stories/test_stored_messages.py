"""Messages that were stored or sent before there was a spec are still understood, and look the same today.

The literals are what an earlier release wrote. They are not to be changed: such messages lie in queues.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from sayso.audio import AudioFormat
from sayso.errors import InvalidInput
from sayso.narration import VERSION, NarrationSpec, spec
from sayso.narration.spec import Offered
from sayso.narrations import NarrationRequest
from sayso.stories import Output, Story, read_message
from sayso.text import load_lexicon

ID = "nar_0123456789abcdef0123456789abcdef"
ROOT = "s3://stories"

STORED = {
    "a text": (
        """{"narration_id": "nar_0123456789abcdef0123456789abcdef", "owner": "ann", "name": "the-lamp-is-lit",
            "text": "The lamp is lit.", "markdown": false, "voice": "af_heart", "speed": 1.0, "style": "netflix",
            "audio": ["mp3"], "subtitles": ["srt", "vtt", "json"]}""",
        "d804728a2d11b81a26a985603fd89b83641543c4f1d38aa07f51b29d8db30e2a",
        NarrationRequest(
            spec=NarrationSpec(name="the-lamp-is-lit", voice="af_heart", markdown=False), text="The lamp is lit."
        ),
    ),
    "an address": (
        """{"narration_id": "nar_0123456789abcdef0123456789abcdef", "owner": "ann", "name": "Le phare",
            "url": "https://example.com/le-phare.md", "voice": "ff_siwis", "speed": 1.25, "language": "fr-fr",
            "style": "kids", "audio": [], "subtitles": ["ass"]}""",
        "32d76d7c41fd1278f0dcc3b413e58b4453e0fd474075a08006052b58786cb48e",
        NarrationRequest(
            spec=NarrationSpec(
                name="Le phare",
                voice="ff_siwis",
                speed=1.25,
                language="fr-fr",
                style="kids",
                audio=(),
                subtitles=("ass",),
            ),
            url="https://example.com/le-phare.md",
            callback_url="https://example.com/done",
        ),
    ),
    "sound alone": (
        """{"narration_id": "nar_0123456789abcdef0123456789abcdef", "owner": "ann", "name": "vol.1",
            "text": "# Où est le phare ?", "markdown": true, "voice": "alloy", "speed": 0.25, "style": "bbc",
            "audio": ["wav", "opus"], "subtitles": []}""",
        "8f50025efd3660b7290ebd941d2e0f1643a16b1deb11d62ec31291a38f026c8d",
        NarrationRequest(
            spec=NarrationSpec(
                name="vol.1",
                voice="alloy",
                speed=0.25,
                style="bbc",
                audio=(AudioFormat.WAV, AudioFormat.OPUS),
                subtitles=(),
                markdown=True,
            ),
            text="# Où est le phare ?",
        ),
    ),
}


@pytest.mark.parametrize(("message", "fingerprint", "request_"), STORED.values(), ids=STORED)
def test_a_stored_narration_is_what_was_asked_for(message: str, fingerprint: str, request_: NarrationRequest) -> None:
    """Its job has the spec of the request, and its files lie where the store says."""
    story = read_message(message, output_root=ROOT)
    assert story.spec == request_.spec
    assert (story.text, story.url) == (request_.text, request_.url)
    assert (story.parent_id, story.owner, story.task_ids) == (ID, "ann", request_.formats)
    assert [output.uri for output in story.outputs] == [
        f"{ROOT}/narrations/{ID}/narration.{form}" for form in request_.formats
    ]
    assert request_.fingerprint == fingerprint


@pytest.mark.parametrize(("message", "fingerprint", "request_"), STORED.values(), ids=STORED)
def test_a_new_narration_is_stored_as_before(message: str, fingerprint: str, request_: NarrationRequest) -> None:
    """So that workers of the earlier release understand it, and a repeated request is known."""
    assert json.loads(request_.message(ID, owner="ann")) == json.loads(message)
    assert request_.fingerprint == fingerprint


TASKS = """{"text": "It was late.", "parent_id": "p", "tts_task_id": "a", "srt_task_id": "b",
            "voice": "af_heart", "speed": 1.5, "use_alignment": true}"""
FILES = """{"text": "It was late.", "audio_out": "s3://bucket/key.flac", "subs_out": "s3://bucket/key.vtt",
            "use_alignment": false}"""
SENT = {
    "tasks": (
        TASKS,
        Story(
            spec=NarrationSpec(
                name="story", voice="af_heart", speed=1.5, audio=(AudioFormat.WAV,), subtitles=("srt",), timing="exact"
            ),
            text="It was late.",
            parent_id="p",
            outputs=(
                Output(uri="s3://stories/p/a.wav", format=AudioFormat.WAV, task_id="a"),
                Output(uri="s3://stories/p/b.srt", format="srt", task_id="b"),
            ),
        ),
    ),
    "files": (
        FILES,
        Story(
            spec=NarrationSpec(name="story", audio=(AudioFormat.FLAC,), subtitles=("vtt",), timing="naive"),
            text="It was late.",
            outputs=(
                Output(uri="s3://bucket/key.flac", format=AudioFormat.FLAC),
                Output(uri="s3://bucket/key.vtt", format="vtt"),
            ),
        ),
    ),
}


@pytest.mark.parametrize("is_enveloped", [False, True], ids=["bare", "sns"])
@pytest.mark.parametrize(("message", "story"), SENT.values(), ids=SENT)
def test_a_message_of_others_is_what_was_asked_for(message: str, story: Story, *, is_enveloped: bool) -> None:
    """Whether it comes bare or in a notification."""
    body = json.dumps({"Type": "Notification", "MessageId": "1", "Message": message}) if is_enveloped else message
    assert read_message(body, output_root=ROOT) == story


@pytest.mark.parametrize(
    "more", [{"language": "fr-fr"}, {"style": "bbc"}, {"version": 9}, {"timing": "naive"}], ids=str
)
def test_messages_of_others_have_the_options_that_they_are_offered(more: dict[str, Any]) -> None:
    """What they say besides is left aside, as it always was: it may mean something else to them."""
    assert read_message(json.dumps(json.loads(TASKS) | more), output_root=ROOT) == SENT["tasks"][1]


def test_options_that_are_not_offered_are_left_aside() -> None:
    """Also in the message of a narration."""
    message, _, request_ = STORED["a text"]
    more = {"timing": "naive", "emoji": "name"}
    assert read_message(json.dumps(json.loads(message) | more), output_root=ROOT).spec == request_.spec


def test_a_later_version_is_refused_with_the_reason() -> None:
    """A worker that is older than the message would leave out what was asked for."""
    message, _, request_ = STORED["a text"]
    later = json.loads(message) | {"version": VERSION + 1}
    with pytest.raises(InvalidInput, match=f"version {VERSION + 1}"):
        read_message(json.dumps(later), output_root=ROOT)
    this = json.loads(message) | {"version": VERSION}
    assert read_message(json.dumps(this), output_root=ROOT).spec == request_.spec


def test_a_message_that_uses_a_later_option_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """The others stay understandable to workers of earlier versions."""
    offers = {**spec._offers(), "emoji": Offered(since=VERSION + 1)}
    monkeypatch.setattr(spec, "_offers", lambda: offers)
    asked = NarrationRequest(spec=NarrationSpec(name="n", voice="v", emoji="name"), text="It was late.")
    assert json.loads(asked.message(ID, owner=""))["version"] == VERSION + 1
    plain = NarrationRequest(spec=NarrationSpec(name="n", voice="v"), text="It was late.")
    assert "version" not in json.loads(plain.message(ID, owner=""))
    assert asked.fingerprint != plain.fingerprint


def test_a_lexicon_and_dropped_citations_are_of_the_second_version() -> None:
    """The worker reads what was asked for; a worker of the first version refuses the message by its version."""
    asked = NarrationSpec(
        name="n",
        voice="v",
        markdown=False,
        lexicon=load_lexicon("SQL = sequel\n[fr]\nNantes = /nɑ̃t/"),
        citations="drop",
    )
    body = NarrationRequest(spec=asked, text="It was late.").message(ID, owner="")
    message = json.loads(body)
    assert (message["version"], message["lexicon"], message["citations"]) == (
        2,
        "SQL = sequel\n[fr]\nNantes = /nɑ̃t/",
        "drop",
    )
    assert read_message(body, output_root=ROOT).spec == asked


@pytest.mark.parametrize("missing", ["name", "audio", "subtitles"])
def test_a_narration_says_its_name_and_its_formats(missing: str) -> None:
    """There are tasks for them already: no default may take their place."""
    content = json.loads(STORED["a text"][0])
    del content[missing]
    with pytest.raises(InvalidInput, match=missing):
        read_message(json.dumps(content), output_root=ROOT)
