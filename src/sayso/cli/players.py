"""The programs of this platform that play sound, and playing with the first of them that works."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sayso.errors import NotInstalled, OutputFailed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sayso.types import FloatArray

FILE, RATE = "{file}", "{rate}"
"""The places of the file and of the sample rate in the arguments of a player."""

_KEPT_SECONDS = 10.0
"""How much is kept to begin again with another player: one that does not work says so at once."""

_REASON_CHARACTERS = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class Player:
    """A program that plays sound.

    Attributes:
        program: its name.
        arguments: after the name. With `FILE` in them it plays a finished WAV file; otherwise its standard input, while
            it is made: 16-bit little-endian mono samples at the rate `RATE`.
    """

    program: str
    arguments: Sequence[str]

    @property
    def needs_file(self) -> bool:
        """Whether it plays a finished file only."""
        return any(FILE in argument for argument in self.arguments)


_PAPLAY = Player(program="paplay", arguments=("--raw", "--format=s16le", f"--rate={RATE}", "--channels=1"))
_APLAY = Player(program="aplay", arguments=("-q", "-t", "raw", "-f", "S16_LE", "-r", RATE, "-c", "1", "-"))
_FFPLAY = Player(
    program="ffplay",
    arguments=("-nodisp", "-autoexit", "-loglevel", "error", "-f", "s16le", "-sample_rate", RATE, "-i", "-"),
)
_MPV = Player(
    program="mpv",
    arguments=(
        *("--no-config", "--no-video", "--really-quiet", "--demuxer=rawaudio", "--demuxer-rawaudio-format=s16le"),
        *("--demuxer-rawaudio-channels=1", f"--demuxer-rawaudio-rate={RATE}", "-"),
    ),
)
_SOX = Player(program="play", arguments=("-q", "-t", "raw", "-r", RATE, "-e", "signed", "-b", "16", "-c", "1", "-"))
_POWERSHELL = Player(
    program="powershell.exe",
    arguments=("-NoProfile", "-NonInteractive", "-Command", f"(New-Object Media.SoundPlayer '{FILE}').PlaySync()"),
)

PLAYERS: Sequence[Player] = (
    _PAPLAY,
    Player(program="pw-play", arguments=(FILE,)),
    _APLAY,
    _FFPLAY,
    _MPV,
    _SOX,
    _POWERSHELL,  # in the Windows Subsystem for Linux
)
"""In the order in which they are tried: what speaks to the desktop's sound server first."""

PLAYERS_OF_MAC: Sequence[Player] = (_FFPLAY, _MPV, _SOX, Player(program="afplay", arguments=(FILE,)))
"""Every Mac has afplay, which begins when everything is spoken; the others begin with the first words."""


def installed_players() -> Sequence[Player]:
    """The players of this machine, in the order in which they are tried."""
    players = PLAYERS_OF_MAC if sys.platform == "darwin" else PLAYERS
    return [player for player in players if shutil.which(player.program) is not None]


def require_player() -> None:
    """Make sure that there is a player, before anything is synthesised.

    Raises:
        NotInstalled: there is none.
    """
    if not installed_players():
        known = PLAYERS_OF_MAC if sys.platform == "darwin" else PLAYERS
        names = ", ".join(player.program for player in known)
        raise NotInstalled(f"There is no program here that plays sound: {names}", hint=_HINT)


def play(blocks: Iterator[FloatArray], *, sample_rate_hz: int, players: Sequence[Player] | None = None) -> None:
    """Play audio as it comes, with the first player that works. Blocks until all of it was heard.

    Args:
        blocks: samples from -1 to 1.
        sample_rate_hz: of the samples.
        players: to try, in order; None for those of this machine.

    Raises:
        OutputFailed: none can play, as where there is no sound device; the message has the reason of each.
    """
    found = installed_players() if players is None else players
    source = _Replayed(blocks, kept_samples=int(_KEPT_SECONDS * sample_rate_hz))
    reasons = []
    for player in found:
        problem = (_play_file if player.needs_file else _play_pipe)(player, source, sample_rate_hz)
        if problem is None:
            return
        reasons.append(f"{player.program}: {problem}")
        if not source.can_begin_again:
            break
    raise OutputFailed(f"Nothing here could play it. {'; '.join(reasons)}", hint=_HINT)


_HINT = "Write a file: sayso say … -o hello.wav; or pipe it to a machine that plays: sayso say … -o - | ssh HOST aplay"


class _Replayed:
    """Blocks that can be read again from their beginning, as long as not too many were read."""

    def __init__(self, blocks: Iterator[FloatArray], *, kept_samples: int) -> None:
        self._blocks = blocks
        self._left = kept_samples
        self._kept: list[FloatArray] = []

    @property
    def can_begin_again(self) -> bool:
        """Whether all blocks that were read are kept."""
        return self._left >= 0

    def __iter__(self) -> Iterator[FloatArray]:
        yield from list(self._kept)
        for block in self._blocks:
            self._left -= len(block)
            if self._left >= 0:
                self._kept.append(block)
            yield block


def _play_pipe(player: Player, source: _Replayed, sample_rate_hz: int) -> str | None:
    """Play while it is made; why the player failed, or None."""
    from sayso.audio.streaming import pcm

    arguments = [argument.replace(RATE, str(sample_rate_hz)) for argument in player.arguments]
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            [player.program, *arguments], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=errors
        )
        assert process.stdin is not None  # noqa: S101 -- it is a pipe
        try:
            for block in source:
                process.stdin.write(pcm(block))
                process.stdin.flush()
            process.stdin.close()
        except BrokenPipeError:  # it has ended, and says why
            with suppress(BrokenPipeError):
                process.stdin.close()
        except BaseException:
            process.kill()
            raise
        finally:
            code = process.wait()
        errors.seek(0)
        return None if code == 0 else _reason(code, errors.read())


def _play_file(player: Player, source: _Replayed, sample_rate_hz: int) -> str | None:
    """Play once all of it is made; why the player failed, or None."""
    from sayso.audio import AudioFormat, AudioWriter

    with tempfile.TemporaryDirectory(prefix="sayso-") as directory:
        path = Path(directory, "speech.wav")
        with AudioWriter(path, AudioFormat.WAV, sample_rate_hz=sample_rate_hz) as writer:
            for block in source:
                writer.write(block)
        arguments = [argument.replace(FILE, _path_for(player, path)) for argument in player.arguments]
        done = subprocess.run([player.program, *arguments], stdin=subprocess.DEVNULL, capture_output=True, check=False)
        return None if done.returncode == 0 else _reason(done.returncode, done.stderr or done.stdout)


def _path_for(player: Player, path: Path) -> str:
    """The path as the player names it: PowerShell runs on the Windows around Linux."""
    if player is not _POWERSHELL or os.name == "nt":
        return str(path)
    named = subprocess.run(["wslpath", "-w", str(path)], capture_output=True, text=True, check=False)  # noqa: S607
    return named.stdout.strip() or str(path)


def _reason(code: int, output: bytes) -> str:
    """The last line that a player wrote, where programs say what ended them."""
    lines = [line for line in output.decode(errors="replace").splitlines() if line.strip()]
    return " ".join(lines[-1].split())[:_REASON_CHARACTERS] if lines else f"it ended with {code}"
