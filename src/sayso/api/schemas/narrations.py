"""What requests for narrations may say, and the narration that each asks for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BeforeValidator, ConfigDict, Field

from sayso.api.http.errors import Problem
from sayso.api.schemas.audio import Body, FormBody, LanguageTag, StyleName, VoiceName, VoiceText
from sayso.audio import AudioName
from sayso.errors import FetchRefused, NotText
from sayso.files import decode_prose
from sayso.narration import SubtitleFormat
from sayso.narrations import NarrationRequest, NarrationStatus
from sayso.net import MAXIMUM_URL_CHARACTERS, check_url
from sayso.tts.base import MAXIMUM_SPEED, MINIMUM_SPEED

if TYPE_CHECKING:
    from collections.abc import Collection

    from sayso.api.http.form_reader import Upload

LARGEST_PAGE = 100

_MARKDOWN_SUFFIXES = frozenset({".md", ".markdown"})
_SUFFIXES = _MARKDOWN_SUFFIXES | {".txt", ".text"}

_NAME_PATTERN = r"^[^\x00-\x1f\x7f]*\S[^\x00-\x1f\x7f]*$"
_LONGEST_NAME = 120
_NAMING_WORDS = 6
_ANY_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def _entries(value: Any) -> Any:
    """The entries of a list, or of a string with commas, each once; ``none`` stands for no entry."""
    values = [value] if isinstance(value, str) else value
    if not isinstance(values, list) or not all(isinstance(entry, str) for entry in values):
        return value
    names = [name.strip().lower() for entry in values for name in entry.split(",") if name.strip()]
    return [] if names == ["none"] else list(dict.fromkeys(names))


_Entries = BeforeValidator(_entries)


class NarrationBody(Body):
    """A text to narrate, and how."""

    text: str | None = Field(
        default=None, min_length=1, description="What to say.", examples=["# Evening\n\nThe lamp is lit."]
    )
    url: str | None = Field(
        default=None,
        min_length=1,
        max_length=MAXIMUM_URL_CHARACTERS,
        description="Where the text is, in place of it: UTF-8.",
    )
    name: str | None = Field(
        default=None,
        min_length=1,
        max_length=_LONGEST_NAME,
        pattern=_NAME_PATTERN,
        description="What the files are called; by default after the file, the URL or the first words.",
    )
    voice: VoiceText | VoiceName | None = Field(
        default=None, description="One of `GET /v1/audio/voices`, or a blend; the server's own by default."
    )
    speed: float = Field(default=1.0, ge=MINIMUM_SPEED, le=MAXIMUM_SPEED, description="1 is the voice's own pace.")
    audio: Annotated[list[AudioName], _Entries] = Field(
        default=["mp3"], description="Formats of audio: a list, or a string with commas; none for no audio."
    )
    subtitles: Annotated[list[SubtitleFormat], _Entries] = Field(
        default=["srt", "vtt", "json"], description="Formats of subtitles, likewise."
    )
    style: StyleName = Field(default="netflix", description="The rules that the subtitles keep.")
    language: LanguageTag | None = Field(
        default=None, description="How to pronounce the text, as en-us or fr-fr; the voice's own by default."
    )
    markdown: bool | None = Field(
        default=None,
        description="Whether the text is Markdown; by default what a file's or URL's suffix says, and not for `text`.",
    )
    callback_url: str | None = Field(
        default=None,
        min_length=1,
        max_length=MAXIMUM_URL_CHARACTERS,
        description="Where the narration object is sent when it has ended, signed.",
    )


class NarrationForm(NarrationBody):
    """The same as fields of a form, which are all text to begin with."""

    model_config = ConfigDict(strict=False)


class PageQuery(FormBody):
    """Which narrations to list."""

    status: NarrationStatus | None = Field(default=None, description="Only those that are so far.")
    limit: int = Field(default=20, ge=1, le=LARGEST_PAGE, description="How many at most.")
    after: str | None = Field(default=None, description="The id of the last narration of the page before.")


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """Where a text comes from.

    Attributes:
        text: the text; None when it is to be fetched.
        url: where it is; None when it is here.
        name: what it is called, where nobody says.
        is_markdown: whether it is Markdown, where nobody says; None for what the URL's suffix says when it is fetched.
    """

    text: str | None = None
    url: str | None = None
    name: str
    is_markdown: bool | None


def source_of_fields(fields: NarrationBody) -> Source:
    """The text of a request without a file.

    Raises:
        Problem: there is none, or two, or it is not text.
    """
    if (fields.text is None) == (fields.url is None):
        missing = fields.text is None
        raise Problem(
            status=400,
            message="Send one of: a text in 'text', its address in 'url', or a .txt or .md file in a form's 'file'.",
            param="text",
            code="missing_required_parameter" if missing else None,
        )
    if fields.url is not None:
        name = PurePath(fields.url.partition("?")[0].partition("#")[0].partition("://")[2]).stem
        return Source(url=fields.url, name=name, is_markdown=None)
    text = fields.text or ""
    if "\0" in text:
        raise Problem(status=400, message=f"Character {text.index(chr(0))} of the text is NUL.", param="text")
    words = re.findall(r"\w+", text[:500])[:_NAMING_WORDS]
    return Source(text=text, name="-".join(words).lower(), is_markdown=False)


def source_of_file(fields: NarrationBody, upload: Upload) -> Source:
    """The text of a file that was sent; reads it, so for a thread.

    Raises:
        Problem: there is another text beside it, or the file is none.
    """
    if upload.field != "file" or fields.text is not None or fields.url is not None:
        raise Problem(status=400, message="Send one text: the file, in the field 'file'.", param=upload.field)
    path = PurePath(_ANY_CONTROL.sub("", upload.name))
    suffix = path.suffix.lower()
    if suffix not in _SUFFIXES:
        raise Problem(
            status=400,
            message=f"A file with the suffix {suffix!r} is not narrated; .txt and .md are.",
            param="file",
            code="unsupported_file",
        )
    try:
        text = decode_prose(upload.path.read_bytes(), f"The file {path.name!r}")
    except NotText as error:
        message = f"{error.message}. {error.hint or ''}".strip()
        raise Problem(status=400, message=message, param="file", code="not_text") from None
    if not text.strip():
        raise Problem(status=400, message=f"The file {path.name!r} is empty.", param="file", code="empty_file")
    return Source(text=text, name=path.stem, is_markdown=suffix in _MARKDOWN_SUFFIXES)


def narration_request(
    fields: NarrationBody, source: Source, *, default_voice: str, private_hosts: Collection[str]
) -> NarrationRequest:
    """What is to be narrated.

    Args:
        fields: what was asked for.
        source: the text.
        default_voice: where no voice is named.
        private_hosts: as `check_url` takes them.

    Raises:
        Problem: nothing is to be made, or a URL cannot be called.
    """
    if not fields.audio and not fields.subtitles:
        raise Problem(status=400, message="There is nothing to make: neither audio nor subtitles.", param="audio")
    for param, url in (("url", fields.url), ("callback_url", fields.callback_url)):
        if url is not None:
            _check(param, url, private_hosts)
    voice = fields.voice.id if isinstance(fields.voice, VoiceName) else fields.voice
    return NarrationRequest(
        name=fields.name or source.name[:_LONGEST_NAME] or "narration",
        text=source.text,
        url=source.url,
        markdown=source.is_markdown if fields.markdown is None else fields.markdown,
        voice=voice or default_voice,
        speed=fields.speed,
        language=fields.language,
        style=fields.style,
        audio=tuple(fields.audio),
        subtitles=tuple(fields.subtitles),
        callback_url=fields.callback_url,
    )


def _check(param: str, url: str, private_hosts: Collection[str]) -> None:
    try:
        check_url(url, private_hosts=private_hosts)
    except FetchRefused as error:
        message = f"{error.message} {error.hint or ''}".strip()
        raise Problem(status=400, message=message, param=param, code=f"{param}_refused") from None
