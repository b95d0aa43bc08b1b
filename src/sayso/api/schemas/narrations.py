"""The fields of requests for narrations, and their conversion into a narration request."""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import TYPE_CHECKING, Annotated, Any, get_args, get_origin
from urllib.parse import unquote

from pydantic import BeforeValidator, ConfigDict, Field, StringConstraints, create_model

from sayso.api.http.errors import Problem
from sayso.api.schemas.audio import Body, FormBody, OptionalLanguage, VoiceName, VoiceText
from sayso.errors import FetchRefused, NotText
from sayso.files import decode_prose
from sayso.narration import DOCUMENT_SUFFIXES, MARKDOWN_SUFFIXES, NarrationSpec, offered_options
from sayso.narrations import NarrationRequest, NarrationStatus
from sayso.net import MAXIMUM_URL_CHARACTERS, check_url

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from sayso.api.http.form_reader import Upload

LARGEST_PAGE = 100

_NAME_PATTERN = r"^[^\x00-\x1f\x7f]*\S[^\x00-\x1f\x7f]*$"
_LONGEST_NAME = 120
_NAMING_WORDS = 6
_ANY_CONTROL = re.compile(r"[\x00-\x1f\x7f]")

_NARROWER: Mapping[str, Any] = {
    "name": Annotated[str, StringConstraints(min_length=1, max_length=_LONGEST_NAME, pattern=_NAME_PATTERN)] | None,
    "voice": VoiceText | VoiceName | None,
    "language": OptionalLanguage,
}
"""The types of options in HTTP that differ from the spec's."""


def _entries(value: Any) -> Any:
    """The entries of a list, or of a comma-separated string, without repetition; ``none`` means no entry."""
    values = [value] if isinstance(value, str) else value
    if not isinstance(values, list) or not all(isinstance(entry, str) for entry in values):
        return value
    names = [name.strip().lower() for entry in values for name in entry.split(",") if name.strip()]
    return [] if names == ["none"] else list(dict.fromkeys(names))


def _http_field(name: str, annotation: Any, default: Any) -> tuple[Any, Any]:
    """An option as ``create_model`` takes it: JSON's lists instead of tuples, and HTTP's narrower types."""
    kind, *facts = get_args(annotation)
    if get_origin(kind) is tuple:
        kind = list[get_args(kind)[0]]  # type: ignore[misc]  # known when this runs
        facts.append(BeforeValidator(_entries))
    return Annotated[_NARROWER.get(name, kind), *facts], default


class _TextFields(Body):
    text: str | None = Field(
        default=None, min_length=1, description="The text.", examples=["# Evening\n\nThe lamp is lit."]
    )
    url: str | None = Field(
        default=None,
        min_length=1,
        max_length=MAXIMUM_URL_CHARACTERS,
        description="The URL of the text, instead of it: UTF-8.",
    )


if TYPE_CHECKING:
    _OptionFields = _TextFields
else:
    _OptionFields = create_model(
        "_OptionFields",
        __base__=_TextFields,
        **{name: _http_field(name, *field) for name, field in offered_options().items()},
    )


class NarrationBody(_OptionFields):
    """A text to narrate, with its options."""

    callback_url: str | None = Field(
        default=None,
        min_length=1,
        max_length=MAXIMUM_URL_CHARACTERS,
        description="The URL to which the signed narration object is sent at the end.",
    )

    def options(self) -> dict[str, Any]:
        """The options of the narration, with the voice by its name."""
        options = {name: getattr(self, name) for name in offered_options()}
        if isinstance(options["voice"], VoiceName):
            options["voice"] = options["voice"].id
        return options


class NarrationForm(NarrationBody):
    """The same as fields of a form, which all arrive as text."""

    model_config = ConfigDict(strict=False)


class DeletionQuery(FormBody):
    """Whether a narration is only cancelled."""

    permanently: bool = Field(
        default=False, description="Whether the narration is deleted with its files, also when it has ended."
    )


class PageQuery(FormBody):
    """A page of the list of narrations."""

    status: NarrationStatus | None = Field(default=None, description="Only narrations with this status.")
    limit: int = Field(default=20, ge=1, le=LARGEST_PAGE, description="The largest number of narrations.")
    after: str | None = Field(default=None, description="The id of the last narration of the previous page.")


def request_of_fields(fields: NarrationBody, *, default_voice: str, private_hosts: Collection[str]) -> NarrationRequest:
    """The narration of a request without a file.

    Args:
        fields: of the request.
        default_voice: used if no voice is named.
        private_hosts: as `check_url` takes them.

    Raises:
        Problem: there is no text, or two, or it is not text; there are no outputs; or a URL cannot be called.
    """
    if (fields.text is None) == (fields.url is None):
        missing = fields.text is None
        raise Problem(
            status=400,
            message="Send one of: a text in 'text', its address in 'url', or a .txt or .md file in a form's 'file'.",
            param="text",
            code="missing_required_parameter" if missing else None,
        )
    text = fields.text
    if text is None:
        return _request(
            fields, name=_name_in(fields.url or ""), default_voice=default_voice, private_hosts=private_hosts
        )
    if "\0" in text:
        raise Problem(status=400, message=f"Character {text.index(chr(0))} of the text is NUL.", param="text")
    name = "-".join(re.findall(r"\w+", text[:500])[:_NAMING_WORDS]).lower()
    return _request(
        fields, text=text, name=name, is_markdown=False, default_voice=default_voice, private_hosts=private_hosts
    )


def _name_in(url: str) -> str:
    """The file name in a URL, decoded; empty if it has none."""
    quoted = PurePath(url.partition("?")[0].partition("#")[0].partition("://")[2]).name
    return PurePath(_ANY_CONTROL.sub("", unquote(quoted))).stem.strip()


def request_of_file(
    fields: NarrationBody, upload: Upload, *, default_voice: str, private_hosts: Collection[str]
) -> NarrationRequest:
    """The narration of a request with a file, which is read here, so call it on a thread.

    Args:
        fields: of the form.
        upload: the file.
        default_voice: used if no voice is named.
        private_hosts: as `check_url` takes them.

    Raises:
        Problem: there is another text besides the file, or the file is not text; there are no outputs; or a URL cannot
            be called.
    """
    if upload.field != "file" or fields.text is not None or fields.url is not None:
        raise Problem(status=400, message="Send one text: the file, in the field 'file'.", param=upload.field)
    path = PurePath(_ANY_CONTROL.sub("", upload.name))
    suffix = path.suffix.lower()
    if suffix not in DOCUMENT_SUFFIXES:
        raise Problem(
            status=400,
            message=f"A file with the suffix {suffix!r} cannot be narrated; .txt and .md can.",
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
    return _request(
        fields,
        text=text,
        name=path.stem,
        is_markdown=suffix in MARKDOWN_SUFFIXES,
        default_voice=default_voice,
        private_hosts=private_hosts,
    )


def _request(
    fields: NarrationBody,
    *,
    text: str | None = None,
    name: str,
    is_markdown: bool | None = None,
    default_voice: str,
    private_hosts: Collection[str],
) -> NarrationRequest:
    """The request with defaults for its name, its format and its voice."""
    options = fields.options()
    if not options["audio"] and not options["subtitles"]:
        raise Problem(status=400, message="The request asks for neither audio nor subtitles.", param="audio")
    for param, url in (("url", fields.url), ("callback_url", fields.callback_url)):
        if url is not None:
            _check(param, url, private_hosts)
    options["name"] = options["name"] or name[:_LONGEST_NAME] or "narration"
    options["voice"] = options["voice"] or default_voice
    if options["markdown"] is None:
        options["markdown"] = is_markdown
    spec = NarrationSpec(**options)
    return NarrationRequest(spec=spec, text=text, url=fields.url, callback_url=fields.callback_url)


def _check(param: str, url: str, private_hosts: Collection[str]) -> None:
    try:
        check_url(url, private_hosts=private_hosts)
    except FetchRefused as error:
        message = f"{error.message} {error.hint or ''}".strip()
        raise Problem(status=400, message=message, param=param, code=f"{param}_refused") from None
