"""Opening an audio file: its container, with what it may make libav do."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import av
from av.codec.codec import UnknownCodecError

from sayso.errors import NotAudio

if TYPE_CHECKING:
    from collections.abc import Iterator

    from av.container.input import InputContainer

# A playlist names other files and addresses; decoding one file must not open any. No protocol has this name.
_NO_OTHER_FILE = {"protocol_whitelist": "none"}

_TAGS: dict[str, Any] = {"metadata_errors": "replace"} if int(av.__version__.partition(".")[0]) < 19 else {}
"""Tags in another encoding than UTF-8 are no reason to refuse a file; PyAV 19 takes them as they are, and no option."""


@cache
def _audio_decoders() -> str:
    """The decoders that a file may use: those of a film's pictures would take memory for each of them."""
    names = set()
    for name in av.codecs_available:
        with suppress(UnknownCodecError):  # some can only be written
            codec = av.Codec(name, "r")
            if codec.type == "audio":
                names.add(codec.name)
    return ",".join(sorted(names))


@contextmanager
def opened(source: Path | BinaryIO) -> Iterator[InputContainer]:
    """A file, opened for the length of the block; of one that others sent, see `sayso.audio.trial` first.

    Raises:
        NotAudio: it cannot be read or holds no audio.
    """
    with ExitStack() as stack:
        try:
            file = stack.enter_context(source.open("rb")) if isinstance(source, Path) else source
            container = stack.enter_context(
                av.open(
                    file,
                    "r",
                    container_options=_NO_OTHER_FILE | {"codec_whitelist": _audio_decoders()},
                    **_TAGS,
                )
            )
            if not container.streams.audio:
                raise NotAudio(f"{name_of(source)} holds no audio stream.")
            yield container
        except (av.error.InvalidDataError, av.error.EOFError) as error:
            raise NotAudio(f"{name_of(source)} is not an audio file, or is damaged.") from error
        except (OSError, av.FFmpegError) as error:
            raise NotAudio(f"{name_of(source)} cannot be read: {error.strerror or 'it cannot be opened'}.") from error


def name_of(source: Path | BinaryIO) -> str:
    """What errors call it."""
    return str(source) if isinstance(source, Path) else "The input"
