"""``sayso say``: speak a sentence at once."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from sayso.bootstrap import open_speech_cache
from sayso.cli.options import (
    EngineOption,
    LanguageOption,
    LexiconOption,
    NoCacheOption,
    SpeedOption,
    VoiceOption,
    read_lexicon,
    select_engine,
)
from sayso.cli.players import play, require_player
from sayso.errors import InvalidInput
from sayso.files import decode_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sayso.audio import AudioFormat
    from sayso.types import FloatArray

STANDARD_STREAM = "-"


def say(
    text: Annotated[str, typer.Argument(metavar="TEXT", help="The text; - reads standard input.")],
    *,
    out: Annotated[
        str | None,
        typer.Option(
            "--out",
            "-o",
            metavar="FILE",
            help="For example hello.mp3, .wav, .flac …; - writes WAV to standard output; without it, it is played.",
        ),
    ] = None,
    voice: VoiceOption = None,
    speed: SpeedOption = 1.0,
    language: LanguageOption = None,
    engine: EngineOption = None,
    lexicon: LexiconOption = None,
    no_cache: NoCacheOption = False,
) -> None:
    """Speak a text: play it, or write it into a file or a pipe; it starts as soon as the first words are synthesised.

    It is played by the first of paplay, pw-play, aplay, ffplay, mpv, play, afplay and PowerShell that works here.
    """
    from sayso.narration import Document, NarrationSpec, stream, to_script
    from sayso.settings import load_settings

    settings = load_settings()
    target = None if out is None else _target(out)
    if target is None:
        require_player()
    document = Document(text=_text(text), name="text", markdown=False)
    speaker, own_voice = select_engine(engine, voice or settings.kokoro_voice, settings)
    spec = NarrationSpec(speed=speed, language=language or None, lexicon=read_lexicon(lexicon))
    script = to_script(document, speaker, voice=own_voice, spec=spec)
    with open_speech_cache(settings, use=not no_cache) as cache:
        blocks = stream(script, speaker, cache, speed=spec.speed)
        if target is None:
            play(blocks, sample_rate_hz=speaker.sample_rate_hz)
        else:
            _write(blocks, *target, speaker.sample_rate_hz)


def _target(out: str) -> tuple[Path | BinaryIO, AudioFormat]:
    from sayso.audio import AudioFormat

    if out != STANDARD_STREAM:
        return Path(out), AudioFormat.of(Path(out))
    if sys.stdout.isatty():
        raise InvalidInput("Sound is not written to a terminal", hint="Pipe it: sayso say Hello -o - | aplay")
    return sys.stdout.buffer, AudioFormat.WAV


def _text(text: str) -> str:
    return decode_text(sys.stdin.buffer.read(), "standard input") if text == STANDARD_STREAM else text


def _write(
    blocks: Iterator[FloatArray], target: Path | BinaryIO, audio_format: AudioFormat, sample_rate_hz: int
) -> None:
    from sayso.audio import AudioWriter

    with AudioWriter(target, audio_format, sample_rate_hz=sample_rate_hz) as writer:
        for block in blocks:
            writer.write(block)
