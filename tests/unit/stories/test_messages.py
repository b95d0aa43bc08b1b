"""Messages are understood in every form that production sends, and refused with a reason when they are not."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sayso.errors import InvalidInput
from sayso.narrations.files import join
from sayso.stories import Output, Story, read_message
from sayso.stories.messages import tasks_of

ROOT = "s3://stories"
TASKS = {"text": "It was late.", "parent_id": "p", "tts_task_id": "a", "srt_task_id": "b"}
FILES = {"text": "It was late.", "audio_out": "s3://other/k.wav", "subs_out": "s3://other/k.srt"}
NARRATION = {"narration_id": "nar_1", "name": "tale", "text": "It was late.", "audio": ["mp3"], "subtitles": ["vtt"]}


def read(message: object) -> Story:
    return read_message(message if isinstance(message, str) else json.dumps(message), output_root=ROOT)


def notification(message: object) -> dict[str, Any]:
    return {"Type": "Notification", "MessageId": "1", "TopicArn": "arn:aws:sns:x", "Message": json.dumps(message)}


def event(detail: object) -> dict[str, Any]:
    return {"version": "0", "id": "1", "detail-type": "StoryWritten", "source": "app.stories", "detail": detail}


def uris(story: Story) -> list[tuple[str, str]]:
    return [(output.uri, str(output.format)) for output in story.outputs]


def test_tasks_have_their_files_in_the_output_bucket() -> None:
    """Form 1 becomes a WAV and an SRT under the parent's name, one for each task."""
    story = read(TASKS)
    assert story.parent_id == "p"
    assert story.task_ids == ("a", "b")
    assert story.outputs == (
        Output(uri="s3://stories/p/a.wav", format=story.outputs[0].format, task_id="a"),
        Output(uri="s3://stories/p/b.srt", format="srt", task_id="b"),
    )
    assert (story.spec.voice, story.spec.speed, story.spec.timing) == (None, 1.0, "exact")


def test_files_go_where_the_message_says() -> None:
    """Form 2 names both files, and has no tasks."""
    story = read(FILES)
    assert story.parent_id is None
    assert story.task_ids == ()
    assert uris(story) == [("s3://other/k.wav", "wav"), ("s3://other/k.srt", "srt")]


def test_both_forms_together_are_files_with_tasks() -> None:
    """A message with tasks and files writes the files and completes the tasks."""
    story = read(TASKS | FILES)
    assert uris(story) == [("s3://other/k.wav", "wav"), ("s3://other/k.srt", "srt")]
    assert story.task_ids == ("a", "b")


@pytest.mark.parametrize("message", [TASKS, FILES, NARRATION])
def test_a_notification_is_its_message(message: dict[str, Any]) -> None:
    """What comes by way of SNS is the same as what comes bare, even by way of two topics."""
    assert read(notification(message)) == read(notification(notification(message))) == read(message)


@pytest.mark.parametrize("message", [TASKS, FILES, NARRATION])
def test_an_event_is_its_detail(message: dict[str, Any]) -> None:
    """What a rule of EventBridge sends is the same as what comes bare, also by way of a topic."""
    assert read(event(message)) == read(notification(event(message))) == read(event(notification(message)))
    assert read(event(message)) == read(message)


@pytest.mark.parametrize(
    ("audio", "subtitles", "formats"),
    [
        ("s3://b/k.mp3", "s3://b/k.vtt", ["mp3", "vtt"]),
        ("s3://b/k.FLAC", "s3://b/k.json", ["flac", "json"]),
        ("s3://b/k.opus", "s3://b/k.ass", ["opus", "ass"]),
        ("s3://b/k.aac", "s3://b/k", ["aac", "srt"]),
        ("s3://b/k", "s3://b/k.txt", ["wav", "srt"]),
    ],
)
def test_suffixes_decide_the_formats(audio: str, subtitles: str, formats: list[str]) -> None:
    """A suffix that is known says which format is written; any other means WAV and SRT."""
    story = read(FILES | {"audio_out": audio, "subs_out": subtitles})
    assert [str(output.format) for output in story.outputs] == formats


def test_what_is_optional_is_heeded() -> None:
    """Voice, speed and alignment are taken from the message; null is as good as nothing."""
    story = read(TASKS | {"voice": "bm_george", "speed": "1.25", "use_alignment": False})
    assert (story.spec.voice, story.spec.speed, story.spec.timing) == ("bm_george", 1.25, "naive")
    assert read(TASKS | {"voice": None, "speed": None, "use_alignment": None}) == read(TASKS)


def test_what_is_not_known_is_left_aside() -> None:
    """Producers may send more than is read here, as they always did; ids that are numbers are their digits."""
    assert read(TASKS | {"trace": {"a": 1}}) == read(TASKS)
    assert read(TASKS | {"parent_id": 7}).parent_id == "7"


def test_a_narration_has_a_file_for_each_format() -> None:
    """A narration's tasks are its formats, and its files lie together."""
    story = read(NARRATION | {"style": "bbc", "markdown": True})
    assert uris(story) == [
        ("s3://stories/narrations/nar_1/narration.mp3", "mp3"),
        ("s3://stories/narrations/nar_1/narration.vtt", "vtt"),
    ]
    assert story.task_ids == ("mp3", "vtt")
    assert (story.spec.name, story.spec.style, story.spec.markdown) == ("tale", "bbc", True)


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("", "not JSON"),
        ("hello", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[]", "not an object"),
        ("null", "not an object"),
        ({}, "text"),
        ({"text": "Hello."}, "neither parent_id"),
        (TASKS | {"text": ""}, "text"),
        (TASKS | {"text": None}, "text"),
        (TASKS | {"text": ["a"]}, "text"),
        (TASKS | {"text": "a\ud800"}, "valid string"),
        (TASKS | {"text": "a\0"}, "NUL"),
        ({"text": "Hello.", "parent_id": "p", "tts_task_id": "a"}, "no srt_task_id"),
        ({"text": "Hello.", "audio_out": "s3://b/k"}, "no subs_out"),
        (TASKS | {"srt_task_id": "a"}, "same"),
        (TASKS | {"speed": 0}, "speed"),
        (TASKS | {"speed": 17}, "speed"),
        (TASKS | {"speed": "fast"}, "speed"),
        (TASKS | {"speed": float("nan")}, "speed"),
        (TASKS | {"voice": ""}, "voice"),
        (TASKS | {"voice": {"id": "x"}}, "voice"),
        (TASKS | {"use_alignment": "perhaps"}, "use_alignment"),
        (NARRATION | {"audio": [], "subtitles": []}, "nothing to make"),
        (NARRATION | {"url": "https://host/text.txt"}, "either"),
        (NARRATION | {"style": "baroque"}, "style"),
        (notification("x"), "not an object"),
        ({"Type": "Notification", "Message": "x"}, "not JSON"),
        (notification(notification(notification(TASKS))), "notification"),
        (notification(event(notification(TASKS))), "a notification in an event in a notification"),
        (event("text"), "text"),
    ],
)
def test_what_cannot_be_understood_is_refused_with_a_reason(message: object, reason: str) -> None:
    """Each message that lacks something, or has it wrong, gives an error that names it."""
    with pytest.raises(InvalidInput, match=reason):
        read(message)


def test_a_refusal_does_not_repeat_the_text() -> None:
    """The reason goes to logs and queues; the text, which is somebody's, does not."""
    with pytest.raises(InvalidInput) as caught:
        read({"text": "secret words", "speed": "secret words", "parent_id": "p"})
    assert "secret" not in str(caught.value)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@pytest.mark.parametrize(
    ("audio", "subtitles"),
    [
        ("s3://other/k", "s3://other/k"),
        ("s3://other/k", "s3://Other//k"),
        ("file:///out/k", "file:///out/%6B"),
    ],
)
def test_one_file_for_sound_and_subtitles_is_refused(audio: str, subtitles: str) -> None:
    """In whatever spelling: the second would replace the first."""
    with pytest.raises(InvalidInput, match="the same"):
        read(FILES | {"audio_out": audio, "subs_out": subtitles})


def test_a_byte_order_mark_is_no_part_of_a_message() -> None:
    """Programs on Windows write one before JSON, and before what is in an envelope."""
    assert read("\ufeff" + json.dumps(TASKS)) == read(TASKS)
    assert read("\ufeff" + json.dumps(notification(TASKS) | {"Message": "\ufeff" + json.dumps(TASKS)})) == read(TASKS)


@pytest.mark.parametrize(
    ("message", "tasks"),
    [
        (TASKS, ("p", ("a", "b"))),
        (TASKS | {"speed": 0}, ("p", ("a", "b"))),
        (TASKS | {"text": None, "voice": {"id": "x"}}, ("p", ("a", "b"))),
        (notification(TASKS | {"use_alignment": "maybe"}), ("p", ("a", "b"))),
        (event(TASKS | {"use_alignment": "maybe"}), ("p", ("a", "b"))),
        (TASKS | {"parent_id": 7}, ("7", ("a", "b"))),
        (TASKS | {"srt_task_id": "a"}, ("p", ("a",))),
        (TASKS | {"srt_task_id": None}, ("p", ("a",))),
        (TASKS | {"parent_id": ["p"]}, None),
        (FILES, None),
        (NARRATION, ("nar_1", ())),
        (NARRATION | {"audio": ["smell"], "style": 3}, ("nar_1", ())),
        ({"narration_id": {}}, None),
        (json.dumps(TASKS).replace('"text"', '"speed": ' + "9" * 5000 + ', "text"'), ("p", ("a", "b"))),
        (json.dumps(TASKS).replace('"text"', '"more": [' + "[]," * 100_000 + '[]], "text"'), ("p", ("a", "b"))),
        ("no JSON", None),
        ([], None),
    ],
)
def test_tasks_are_known_of_a_message_that_is_not_understood(message: object, tasks: object) -> None:
    """Whatever else is wrong with it, those who wait for the tasks that it names can be told."""
    assert tasks_of(message if isinstance(message, str) else json.dumps(message)) == tasks


@given(st.text() | JSON.map(json.dumps))
def test_no_message_breaks_the_reader(body: str) -> None:
    """Whatever a message is, it is a story or a refusal."""
    try:
        read_message(body, output_root=ROOT)
    except InvalidInput:
        return


def test_keys_of_files_are_quoted_and_those_of_s3_are_not() -> None:
    """A key with spaces, a sharp or a percent sign names the same file in either storage."""
    assert join("s3://b", "p #1/100%.wav") == "s3://b/p #1/100%.wav"
    assert join("file:///out/", "p #1/100%.wav") == "file:///out/p%20%231/100%25.wav"


def test_tasks_need_a_place_for_their_files() -> None:
    """Without an output bucket, only messages that name their files can be done."""
    assert read_message(json.dumps(FILES), output_root=None) == read(FILES)
    with pytest.raises(InvalidInput, match="OUTPUT_BUCKET"):
        read_message(json.dumps(TASKS), output_root=None)


def test_a_narration_has_an_owner_and_other_stories_have_none() -> None:
    """The owner is the narration's, and nobody's in what an earlier version sent; a message of SQS cannot claim one."""
    assert read(NARRATION | {"owner": "ann"}).owner == "ann"
    assert not read(NARRATION).owner
    assert read({"text": "t", "audio_out": "s3://b/a.wav", "subs_out": "s3://b/a.srt", "owner": "ann"}).owner is None


def test_an_address_that_the_api_takes_is_taken() -> None:
    """A signed URL of thousands of characters is accepted by the API, and so must be by the worker."""
    url = "https://host/text.txt?signature=" + "s" * 5000
    message = {"narration_id": "nar_1", "name": "n", "url": url, "audio": ["mp3"], "subtitles": []}
    assert read_message(json.dumps(message), output_root="s3://bucket").url == url


def test_a_number_of_any_length_is_a_number() -> None:
    """What is not known is left aside, whatever it is; where a number is meant, it is out of range."""
    body = json.dumps(TASKS)
    assert read_message(body[:-1] + ', "more": ' + "9" * 5000 + "}", output_root=ROOT) == read(TASKS)
    with pytest.raises(InvalidInput, match="speed"):
        read_message(body[:-1] + ', "speed": ' + "9" * 5000 + "}", output_root=ROOT)


def test_a_flood_of_values_is_no_story() -> None:
    """JSON that is small to send and large to parse is refused before it is parsed."""
    body = json.dumps(TASKS).replace('"text"', '"more": [' + "[]," * 100_000 + '[]], "text"', 1)
    with pytest.raises(InvalidInput, match="more fields"):
        read_message(body, output_root="s3://bucket")
