"""Whether a finished file is whole, and tells the story it should: looked at as any player or reader would."""

from __future__ import annotations

import io
import json
import struct
from typing import TYPE_CHECKING

import av

from sayso.errors import NotSubtitles
from sayso.subtitles import parse_subtitles

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

CHARACTERS_PER_SECOND = (4.0, 40.0)
"""Between these, whoever speaks: a voice says about fifteen, and the engine that hums somewhat more."""

_LONGEST_TAIL_SECONDS = 3.0
_ROUNDING_SECONDS = 0.15  # MP3, AAC and Opus come in blocks
_RIFF = struct.Struct("<4sI4s")


def problems_of(files: Mapping[str, bytes], text: str) -> Sequence[str]:
    """What is wrong with the files of one story, in sentences.

    Args:
        files: its audio and its subtitles, by URI.
        text: what is to be heard.
    """
    problems: list[str] = []
    lengths: list[float] = []
    ends: list[float] = []
    for uri, content in files.items():
        suffix = uri.rpartition(".")[2]
        try:
            if suffix in {"srt", "vtt", "json"}:
                ends.append(_last_word_seconds(content, suffix, text))
            else:
                lengths.append(_audio_seconds(content, suffix, text))
        except (ValueError, LookupError, struct.error, NotSubtitles, av.FFmpegError) as error:
            problems.append(f"{uri}: {type(error).__name__}: {error}")
    for seconds in lengths:
        problems += [
            f"{', '.join(files)}: {seconds:.2f} s of audio, and subtitles until {end:.2f} s"
            for end in ends
            if not -_ROUNDING_SECONDS <= seconds - end <= _LONGEST_TAIL_SECONDS
        ]
    return problems


def _audio_seconds(content: bytes, suffix: str, text: str) -> float:
    """The length of what can be decoded.

    Raises:
        ValueError, struct.error: it is cut off, or of another length than the text.
        av.FFmpegError: it cannot be decoded to its end.
    """
    if suffix == "wav":
        form, size_bytes, kind = _RIFF.unpack_from(content)
        if (form, kind) != (b"RIFF", b"WAVE") or size_bytes + 8 != len(content):
            raise ValueError(f"a WAV file of {len(content)} bytes says that it has {size_bytes + 8}")
    with av.open(io.BytesIO(content), mode="r") as container:
        stream = container.streams.audio[0]
        samples = sum([frame.samples for frame in container.decode(stream)])
        seconds = samples / stream.rate
    pace = len(text) / seconds if seconds else 0.0
    least, most = CHARACTERS_PER_SECOND
    if not least <= pace <= most:
        raise ValueError(f"{seconds:.2f} s of audio for {len(text)} characters")
    return seconds


def _last_word_seconds(content: bytes, suffix: str, text: str) -> float:
    """When the last word ends, where every word of the text is there in its order.

    Raises:
        ValueError, LookupError, NotSubtitles: otherwise.
    """
    if suffix == "json":
        document = json.loads(content)
        words = [word["text"] for word in document["words"]]
        end = float(document["words"][-1]["end"])
        wanted = [word.strip(".,") for word in text.split()]
        words = [word.strip(".,") for word in words]
    else:
        cues = parse_subtitles(content.decode())
        words = " ".join(line for cue in cues for line in cue.lines).split()
        wanted = text.split()
        end = cues[-1].end_ms / 1000 if cues else 0.0
    if words != wanted:
        raise ValueError(
            f"{len(words)} words, the last of them {words[-3:]}, where {wanted[-3:]} should end {len(wanted)}"
        )
    return end
