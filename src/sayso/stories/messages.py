"""Parse the messages of the stories queue: three forms, bare or in envelopes of SNS and EventBridge.

The first two are those of other systems: tasks, whose files have their place in the output bucket, and files that
the message names. The third is a narration of ``/v1/narrations``.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, create_model, model_validator

from sayso.audio import AudioFormat
from sayso.aws.envelopes import unwrap
from sayso.errors import InvalidInput
from sayso.narration import (
    MAXIMUM_BYTES,
    MAXIMUM_NAME_CHARACTERS,
    SUBTITLE_FORMATS,
    VERSION,
    NarrationSpec,
    SubtitleFormat,
    offered_options,
    takes_none,
)
from sayso.narrations.files import join, narration_uri
from sayso.net import MAXIMUM_URL_CHARACTERS
from sayso.storage import canonical

if TYPE_CHECKING:
    from sayso.narration import FileFormat

_TITLE_OF_FILES = "story"

_REQUIRED = ("name", "audio", "subtitles")
"""The options that the message of a narration always has, because its tasks are those formats."""

_LARGEST_OF_SQS = 2**20
"""Bytes of the largest message of SQS: a larger one is a narration, whose store knows its tasks."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Output:
    """An output file of a story.

    Attributes:
        uri: of the file.
        format: of the file.
        task_id: the task that it completes; None without a status.
    """

    uri: str
    format: FileFormat
    task_id: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Story:
    """A text to narrate, its options and its outputs.

    Attributes:
        spec: the options.
        text: the text; None if it is fetched from a URL.
        url: of the text; None if the text is given.
        parent_id: of the tasks; None without a status.
        owner: the name of the submitter's API key; None or empty for none.
        outputs: the files, one for each format of the spec.
    """

    spec: NarrationSpec
    text: str | None = None
    url: str | None = None
    parent_id: str | None = None
    owner: str | None = None
    outputs: tuple[Output, ...]

    @property
    def task_ids(self) -> tuple[str, ...]:
        """The tasks that it completes."""
        return tuple(output.task_id for output in self.outputs if output.task_id is not None)


def read_message(body: str, *, output_root: str | None) -> Story:
    """Parse a message.

    Args:
        body: the message.
        output_root: the URI below which files go that the message does not name, as ``s3://bucket`` or
            ``file:///directory``; None without one.

    Raises:
        InvalidInput: it is invalid; the error says why and does not repeat the text.
    """
    content = unwrap(body, subject="a story").content
    kind: type[_Message] = _NarrationMessage if "narration_id" in content else _StoryMessage
    try:
        story = kind.model_validate(content).story(output_root)
    except ValidationError as error:
        problems = (
            f"{'.'.join(map(str, problem['loc'])) or 'message'}: {problem['msg']}"
            for problem in error.errors(include_input=False, include_url=False)
        )
        raise InvalidInput(f"The message cannot be understood: {'; '.join(problems)}.") from None
    if len({canonical(output.uri) for output in story.outputs}) < len(story.outputs):
        raise InvalidInput("The message cannot be understood: two of its files are the same.")
    return story


def tasks_of(body: str) -> tuple[str, tuple[str, ...]] | None:
    """The parent and the tasks that a message names, even if it is invalid otherwise; None if it names none.

    The tasks of a narration are known to its store: none are named here.
    """
    if len(body) > _LARGEST_OF_SQS:
        return None
    try:
        content = unwrap(body, subject="a story", is_bounded=False).content
    except InvalidInput:
        return None
    if "narration_id" in content:
        narration_id = _name_in(content, "narration_id")
        return None if narration_id is None else (narration_id, ())
    parent_id = _name_in(content, "parent_id")
    named = (_name_in(content, field) for field in ("tts_task_id", "srt_task_id"))
    task_ids = tuple(dict.fromkeys(task_id for task_id in named if task_id is not None))
    return None if parent_id is None or not task_ids else (parent_id, task_ids)


def _name_in(content: dict[str, Any], field: str) -> str | None:
    try:
        return _NAME.validate_python(content.get(field))
    except ValidationError:
        return None


Text = Annotated[str, Field(min_length=1)]
Name = Annotated[str, Field(min_length=1, max_length=MAXIMUM_NAME_CHARACTERS)]

_NAME: TypeAdapter[str] = TypeAdapter(Name, config=ConfigDict(coerce_numbers_to_str=True))


class _Message(BaseModel):
    """The fields of all forms; unknown fields are ignored, as in the systems before."""

    model_config = ConfigDict(extra="ignore", coerce_numbers_to_str=True, hide_input_in_errors=True)

    text: Text | None = None

    @model_validator(mode="after")
    def _is_text(self) -> _Message:
        if len((self.text or "").encode()) > MAXIMUM_BYTES:
            raise ValueError(f"the text is larger than {MAXIMUM_BYTES // 2**20} MiB")
        if "\0" in (self.text or ""):
            raise ValueError("the text holds NUL characters")
        return self

    def story(self, output_root: str | None) -> Story:
        """The story of the message."""
        raise NotImplementedError

    def options(self) -> dict[str, Any]:
        """The options in the message; null counts as missing for options that are never None."""
        values = {name: getattr(self, name) for name in offered_options() if name in self.model_fields_set}
        return {name: value for name, value in values.items() if value is not None or takes_none(name)}


if TYPE_CHECKING:
    _MessageOfOthers = _Message
    _MessageOfNarration = _Message
else:

    def _with_options(name: str, options: dict[str, tuple[Any, Any]]) -> type[_Message]:
        return create_model(
            name, __base__=_Message, **{each: (kind | None, None) for each, (kind, _) in options.items()}
        )

    _MessageOfOthers = _with_options("_MessageOfOthers", offered_options(in_stories=True))
    _MessageOfNarration = _with_options("_MessageOfNarration", offered_options())


class _StoryMessage(_MessageOfOthers):
    text: Text
    parent_id: Name | None = None
    tts_task_id: Name | None = None
    srt_task_id: Name | None = None
    audio_out: Name | None = None
    subs_out: Name | None = None
    use_alignment: bool | None = None

    @model_validator(mode="after")
    def _is_whole(self) -> _StoryMessage:
        tasks = {"parent_id": self.parent_id, "tts_task_id": self.tts_task_id, "srt_task_id": self.srt_task_id}
        files = {"audio_out": self.audio_out, "subs_out": self.subs_out}
        given = [group for group in (tasks, files) if any(group.values())]
        missing = [name for group in given for name, value in group.items() if value is None]
        if not given:
            raise ValueError("there are neither parent_id, tts_task_id and srt_task_id nor audio_out and subs_out")
        if missing:
            raise ValueError(f"there is no {' and no '.join(missing)}")
        if self.tts_task_id is not None and self.tts_task_id == self.srt_task_id:
            raise ValueError("tts_task_id and srt_task_id are the same")
        return self

    def story(self, output_root: str | None) -> Story:
        audio_uri = self.audio_out or join(output_root, f"{self.parent_id}/{self.tts_task_id}.wav")
        subtitles_uri = self.subs_out or join(output_root, f"{self.parent_id}/{self.srt_task_id}.srt")
        audio, subtitles = _audio_format(audio_uri), _subtitle_format(subtitles_uri)
        own = {"audio": (audio,), "subtitles": (subtitles,)}
        timing = {"timing": "naive"} if self.use_alignment is False else {}
        return Story(
            spec=NarrationSpec(**{"name": _TITLE_OF_FILES} | self.options() | own | timing),
            text=self.text,
            parent_id=self.parent_id,
            outputs=(
                Output(uri=audio_uri, format=audio, task_id=self.tts_task_id),
                Output(uri=subtitles_uri, format=subtitles, task_id=self.srt_task_id),
            ),
        )


class _NarrationMessage(_MessageOfNarration):
    narration_id: Name
    owner: str | None = None  # an earlier version does not write it
    version: int = 1
    url: Annotated[str, Field(min_length=1, max_length=MAXIMUM_URL_CHARACTERS)] | None = None

    @model_validator(mode="after")
    def _is_whole(self) -> _NarrationMessage:
        options = self.options()
        missing = [name for name in _REQUIRED if options.get(name) is None]
        if self.version > VERSION:
            raise ValueError(f"it is of version {self.version}, and this worker reads versions up to {VERSION}")
        if missing:
            raise ValueError(f"there is no {' and no '.join(missing)}")
        if (self.text is None) == (self.url is None):
            raise ValueError("there must be either a text or a url")
        if not options["audio"] and not options["subtitles"]:
            raise ValueError("there is nothing to make: neither audio nor subtitles")
        return self

    def story(self, output_root: str | None) -> Story:
        spec = NarrationSpec(**self.options())
        return Story(
            spec=spec,
            text=self.text,
            url=self.url,
            parent_id=self.narration_id,
            owner=self.owner,
            outputs=tuple(
                Output(uri=narration_uri(output_root, self.narration_id, form), format=form, task_id=str(form))
                for form in spec.formats
            ),
        )


def _audio_format(uri: str) -> AudioFormat:
    suffix = _suffix(uri)
    return AudioFormat(suffix) if suffix in set(AudioFormat) else AudioFormat.WAV


def _subtitle_format(uri: str) -> SubtitleFormat:
    return next((form for form in SUBTITLE_FORMATS if form == _suffix(uri)), "srt")


def _suffix(uri: str) -> str:
    return PurePosixPath(uri).suffix.lower().removeprefix(".")
