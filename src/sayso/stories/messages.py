"""What a message asks for: the three forms that stories come in, bare or in envelopes of SNS and EventBridge.

CONTRACTS.md calls the first two by number: tasks, whose files have their place in the output bucket, and files that
the message names. The third is a narration of ``/v1/narrations``.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from sayso.audio import AudioFormat
from sayso.aws.envelopes import unwrap
from sayso.errors import InvalidInput
from sayso.narration import MAXIMUM_BYTES, SUBTITLE_FORMATS, SubtitleFormat
from sayso.narrations.files import join, narration_uri
from sayso.net import MAXIMUM_URL_CHARACTERS
from sayso.storage import canonical
from sayso.subtitles import STYLES
from sayso.tts.base import MAXIMUM_SPEED, MINIMUM_SPEED

if TYPE_CHECKING:
    from collections.abc import Callable

_DEFAULT_STYLE = next(iter(STYLES))
_TITLE_OF_FILES = "story"

_LARGEST_OF_SQS = 2**20
"""Bytes of the largest message of SQS: what is larger is a narration, whose store knows its tasks."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Output:
    """A file that a story becomes.

    Attributes:
        uri: where it goes.
        format: of the file.
        task_id: the task that it completes; None where nobody keeps its status.
    """

    uri: str
    format: AudioFormat | SubtitleFormat
    task_id: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Story:
    """What is to be narrated, how, and where it goes.

    Attributes:
        text: what to say; None when it is to be fetched.
        url: where the text is; None when it is there.
        title: what the files say they are, unless the text has chapters; None for nothing in particular.
        markdown: whether the text is Markdown; None for what the URL's suffix says.
        voice: the voice; None for the default.
        speed: 1 is the voice's own pace.
        language: BCP 47; None for the voice's own.
        style: the name of the subtitles' rules.
        exact: whether words are to have the times at which they are heard, or a share of their sentence.
        parent_id: whose tasks these are; None where nobody keeps a status.
        owner: the name of the API key that it came with; None or empty for none.
        outputs: the files, audio first.
    """

    text: str | None
    url: str | None = None
    title: str | None = None
    markdown: bool | None = False
    voice: str | None = None
    speed: float = 1.0
    language: str | None = None
    style: str = _DEFAULT_STYLE
    exact: bool = True
    parent_id: str | None = None
    owner: str | None = None
    outputs: tuple[Output, ...]

    @property
    def task_ids(self) -> tuple[str, ...]:
        """The tasks that it completes."""
        return tuple(output.task_id for output in self.outputs if output.task_id is not None)


def read_message(body: str, *, output_root: str | None) -> Story:
    """The story that a message asks for.

    Args:
        body: the message.
        output_root: the URI below which files go that the message does not name, as ``s3://bucket`` or
            ``file:///directory``; None where there is no such place.

    Raises:
        InvalidInput: it cannot be understood; the error says why and does not repeat the text.
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
    """The parent and the tasks that a message names, whatever else is wrong with it; None where it names none.

    Of a narration the tasks are its own, which the store knows: none are named here.
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
Speed = Annotated[float, Field(ge=MINIMUM_SPEED, le=MAXIMUM_SPEED)]
Name = Annotated[str, Field(min_length=1, max_length=512)]

_NAME: TypeAdapter[str] = TypeAdapter(Name, config=ConfigDict(coerce_numbers_to_str=True))


class _Message(BaseModel):
    """What all forms have in common; what is not known is left aside, as the systems before did."""

    model_config = ConfigDict(extra="ignore", coerce_numbers_to_str=True, hide_input_in_errors=True)

    text: Text | None = None
    voice: Name | None = None
    speed: Speed | None = None

    @model_validator(mode="after")
    def _is_text(self) -> _Message:
        if len((self.text or "").encode()) > MAXIMUM_BYTES:
            raise ValueError(f"the text is larger than {MAXIMUM_BYTES // 2**20} MiB")
        if "\0" in (self.text or ""):
            raise ValueError("the text holds NUL characters")
        return self

    def story(self, output_root: str | None) -> Story:
        """What the message asks for."""
        raise NotImplementedError


class _StoryMessage(_Message):
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
        audio = self.audio_out or join(output_root, f"{self.parent_id}/{self.tts_task_id}.wav")
        subtitles = self.subs_out or join(output_root, f"{self.parent_id}/{self.srt_task_id}.srt")
        return Story(
            text=self.text,
            title=_TITLE_OF_FILES,
            voice=self.voice,
            speed=1.0 if self.speed is None else self.speed,
            exact=self.use_alignment is not False,
            parent_id=self.parent_id,
            outputs=(
                Output(uri=audio, format=_format(audio, _audio_format, AudioFormat.WAV), task_id=self.tts_task_id),
                Output(uri=subtitles, format=_format(subtitles, _subtitle_format, "srt"), task_id=self.srt_task_id),
            ),
        )


class _NarrationMessage(_Message):
    narration_id: Name
    owner: str | None = None  # an earlier version says nothing of it
    name: Name
    url: Annotated[str, Field(min_length=1, max_length=MAXIMUM_URL_CHARACTERS)] | None = None
    markdown: bool | None = None
    language: Name | None = None
    style: Literal[tuple(STYLES)] = _DEFAULT_STYLE  # type: ignore[valid-type]
    audio: tuple[AudioFormat, ...]
    subtitles: tuple[SubtitleFormat, ...]

    @model_validator(mode="after")
    def _has_a_text_and_a_result(self) -> _NarrationMessage:
        if (self.text is None) == (self.url is None):
            raise ValueError("there must be either a text or a url")
        if not self.audio and not self.subtitles:
            raise ValueError("there is nothing to make: neither audio nor subtitles")
        return self

    def story(self, output_root: str | None) -> Story:
        return Story(
            text=self.text,
            url=self.url,
            title=self.name,
            markdown=self.markdown,
            voice=self.voice,
            speed=1.0 if self.speed is None else self.speed,
            language=self.language,
            style=self.style,
            parent_id=self.narration_id,
            owner=self.owner,
            outputs=tuple(
                Output(uri=narration_uri(output_root, self.narration_id, form), format=form, task_id=str(form))
                for form in (*self.audio, *self.subtitles)
            ),
        )


def _format(
    uri: str, known: Callable[[str], AudioFormat | SubtitleFormat | None], default: AudioFormat | SubtitleFormat
) -> AudioFormat | SubtitleFormat:
    return known(PurePosixPath(uri).suffix.lower().removeprefix(".")) or default


def _audio_format(suffix: str) -> AudioFormat | None:
    return AudioFormat(suffix) if suffix in set(AudioFormat) else None


def _subtitle_format(suffix: str) -> SubtitleFormat | None:
    return next((form for form in SUBTITLE_FORMATS if form == suffix), None)
