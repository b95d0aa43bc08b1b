"""`sayso say` without a file plays with what the platform has, or says how to hear it elsewhere."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from sayso.audio import decode
from sayso.cli import players
from sayso.cli.players import PLAYERS, PLAYERS_OF_MAC, installed_players, play
from sayso.errors import NotInstalled, OutputFailed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sayso.types import FloatArray
    from support.command_line import RunSayso

RATE_HZ = 24_000
SAMPLES = RATE_HZ // 10


class Programs:
    """Players that are scripts: each keeps what it was given beside it."""

    def __init__(self, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.directory = directory
        directory.mkdir()
        monkeypatch.setenv("PATH", str(directory))

    def add(self, name: str, *, fails: str | None = None) -> None:
        """A player that takes its standard input, or the file that its last argument names."""
        program = self.directory / name
        if fails is not None:
            body = f"sys.stderr.write({fails!r}); sys.exit(1)"
        else:
            body = (
                "file = sys.argv[-1]\n"
                "data = (open(file, 'rb') if file.endswith('.wav') else sys.stdin.buffer).read()\n"
                f"open({str(program)!r} + '.heard', 'wb').write(data)\n"
                f"open({str(program)!r} + '.arguments', 'w').write(' '.join(sys.argv[1:]))"
            )
        program.write_text(f"#!{sys.executable}\nimport sys\n{body}\n")
        program.chmod(0o755)

    def heard(self, name: str) -> bytes:
        return (self.directory / f"{name}.heard").read_bytes()

    def arguments(self, name: str) -> str:
        return (self.directory / f"{name}.arguments").read_text()


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Programs:
    monkeypatch.setattr(sys, "platform", "linux")
    return Programs(tmp_path / "bin", monkeypatch)


def blocks(count: int = 3) -> Iterator[FloatArray]:
    for number in range(count):
        yield np.full(SAMPLES, 0.1 * (number + 1), np.float32)


def pcm(count: int = 3) -> bytes:
    return b"".join(np.round(block * 32767).astype("<i2").tobytes() for block in blocks(count))


@pytest.mark.parametrize("name", [player.program for player in PLAYERS if not player.needs_file])
def test_a_player_gets_the_samples_as_they_come(programs: Programs, name: str) -> None:
    """Raw samples, with their rate in the player's own arguments."""
    programs.add(name)
    play(blocks(), sample_rate_hz=RATE_HZ)
    assert programs.heard(name) == pcm()
    assert str(RATE_HZ) in programs.arguments(name)
    assert "{" not in programs.arguments(name)


@pytest.mark.parametrize(("name", "platform"), [("pw-play", "linux"), ("afplay", "darwin")])
def test_a_player_of_files_gets_one(
    programs: Programs, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, platform: str
) -> None:
    """A WAV file, which is gone afterwards."""
    monkeypatch.setattr(sys, "platform", platform)
    programs.add(name)
    play(blocks(), sample_rate_hz=RATE_HZ)
    heard = tmp_path / "heard.wav"
    heard.write_bytes(programs.heard(name))
    assert decode(heard, sample_rate_hz=RATE_HZ).duration_seconds == pytest.approx(0.3)
    assert not Path(programs.arguments(name).split()[-1]).exists()


def test_a_player_that_fails_leaves_it_to_the_next(programs: Programs) -> None:
    """As where there is a sound server's client and no server: the next one begins at the beginning."""
    programs.add("paplay", fails="Connection refused")
    programs.add("pw-play", fails="no host")
    programs.add("aplay")
    play(blocks(), sample_rate_hz=RATE_HZ)
    assert programs.heard("aplay") == pcm()


def test_where_no_player_works_each_says_why(programs: Programs) -> None:
    """And the hint says how to hear it."""
    programs.add("paplay", fails="Connection refused")
    programs.add("aplay", fails="no such device")
    with pytest.raises(OutputFailed, match="paplay: Connection refused; aplay: no such device") as failed:
        play(blocks(), sample_rate_hz=RATE_HZ)
    assert "-o hello.wav" in (failed.value.hint or "")


def test_after_a_while_nothing_begins_again(programs: Programs) -> None:
    """A player that ends in the middle of a long text is not followed by one that begins it again."""
    programs.add("aplay", fails="unplugged")
    programs.add("mpv")
    long = (np.zeros(RATE_HZ, np.float32) for _ in range(30))
    with pytest.raises(OutputFailed, match="aplay: unplugged"):
        play(long, sample_rate_hz=RATE_HZ, players=[each for each in installed_players() if each.program == "aplay"])


def test_the_players_of_each_platform_are_tried_in_order(programs: Programs, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is not here is left out."""
    for name in ("mpv", "aplay", "afplay", "paplay"):
        programs.add(name)
    assert [player.program for player in installed_players()] == ["paplay", "aplay", "mpv"]
    monkeypatch.setattr(sys, "platform", "darwin")
    assert [player.program for player in installed_players()] == ["mpv", "afplay"]
    assert {player.program for player in (*PLAYERS, *PLAYERS_OF_MAC)} >= {"paplay", "pw-play", "aplay", "ffplay"}


def test_say_plays(sayso: RunSayso, programs: Programs) -> None:
    """Without -o."""
    programs.add("aplay")
    done = sayso("say", "Hello there.")
    assert (done.code, done.out) == (0, "")
    assert len(programs.heard("aplay")) > 2 * RATE_HZ // 2


def test_say_without_a_player_says_how(sayso: RunSayso, programs: Programs) -> None:
    """Before anything is synthesised."""
    assert programs.directory.is_dir()
    done = sayso("say", "Hello there.")
    assert done.code != 0
    assert "There is no program here that plays sound" in done.err
    assert "-o hello.wav" in done.err


def test_without_a_player_the_error_is_one_of_installation(programs: Programs) -> None:
    """With the names of those that would do."""
    assert programs.directory.is_dir()
    with pytest.raises(NotInstalled, match="paplay, pw-play, aplay, ffplay, mpv"):
        players.require_player()
