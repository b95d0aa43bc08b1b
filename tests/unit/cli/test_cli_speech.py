"""`sayso narrate`, `say`, `voices` and `doctor`, from arguments to exit codes."""

from __future__ import annotations

import json
from itertools import chain
from typing import TYPE_CHECKING, Any

import pytest

from sayso import narration
from sayso.audio import AudioFormat, decode
from sayso.bootstrap import engines
from sayso.narration import NarrationSpec
from sayso.narration import narrate as narrate_document
from sayso.testing import FakeSpeechEngine
from sayso.types import Voice

if TYPE_CHECKING:
    from pathlib import Path

    from sayso.narration import Document
    from sayso.tts.base import SpeechEngine
    from support.command_line import RunSayso


@pytest.fixture
def story(tmp_path: Path) -> Path:
    path = tmp_path / "story.md"
    path.write_text("# A story\n\nIt was late. Nobody came.\n")
    return path


def test_narrate_writes_and_reports(sayso: RunSayso, story: Path, tmp_path: Path) -> None:
    """By default there are MP3, SRT, WebVTT and JSON, and standard output names them."""
    done = sayso("narrate", story, "--out", tmp_path / "out")
    assert done.code == 0
    names = {f"story.{suffix}" for suffix in ("mp3", "srt", "vtt", "json")}
    assert {path.name for path in (tmp_path / "out").iterdir()} == names
    assert all(str(tmp_path / "out" / name) in done.out for name in names)
    assert "× real time" in done.out


def test_narrate_for_machines(sayso: RunSayso, story: Path, tmp_path: Path) -> None:
    """--json prints one document and nothing else."""
    done = sayso("narrate", story, "--out", tmp_path / "out", "--json", "--audio", "wav", "--subtitles", "none")
    (report,) = json.loads(done.out)["narrations"]
    assert report["files"] == [str(tmp_path / "out" / "story.wav")]
    assert report["segments"] > report["cached_segments"] == 0
    assert done.err == ""


def test_narrate_quietly(sayso: RunSayso, story: Path, tmp_path: Path) -> None:
    """--quiet prints nothing when all is well."""
    done = sayso("narrate", story, "--out", tmp_path / "out", "--quiet")
    assert (done.code, done.out, done.err) == (0, "", "")


def test_narrate_without_the_cache(sayso: RunSayso, story: Path, tmp_path: Path, fake_engine: FakeSpeechEngine) -> None:
    """--no-cache speaks everything anew, and keeps nothing."""
    sayso("narrate", story, "--out", tmp_path / "out", "--no-cache")
    calls = fake_engine.calls
    sayso("narrate", story, "--out", tmp_path / "out", "--no-cache")
    assert fake_engine.calls == 2 * calls
    assert not (tmp_path / "cache").exists()


def test_narrate_follows_a_lexicon(sayso: RunSayso, tmp_path: Path, fake_engine: FakeSpeechEngine) -> None:
    """A word of the lexicon is spoken its way: another sound, so another entry of the cache."""
    (tmp_path / "text.txt").write_text("It was SQL.")
    (tmp_path / "words.txt").write_text("SQL = sequel\n")
    sayso("narrate", tmp_path / "text.txt", "--out", tmp_path, "--audio", "none")
    assert sayso("narrate", tmp_path / "text.txt", "--out", tmp_path, "--lexicon", tmp_path / "words.txt").code == 0
    assert fake_engine.calls == 2


def test_narrate_asks_for_what_its_options_say(
    sayso: RunSayso, story: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The spec, whose defaults are those of the command."""
    specs = []

    def narrate(
        document: Document, engine: SpeechEngine, cache: Any, spec: NarrationSpec, *args: Any, **more: Any
    ) -> Any:
        specs.append(spec)
        return narrate_document(document, engine, cache, spec, *args, **more)

    monkeypatch.setattr(narration, "narrate", narrate)
    options = {
        "--speed": "1.5",
        "--language": "fr-fr",
        "--audio": "flac,wav",
        "--subtitles": "ass",
        "--style": "kids",
        "--loudness": "off",
        "--emoji": "name",
    }
    sayso("narrate", story, "--out", tmp_path / "out")
    sayso("narrate", story, "--out", tmp_path / "out", "--keep-speed", *chain.from_iterable(options.items()))
    assert specs == [
        NarrationSpec(voice="fake_en"),
        NarrationSpec(
            voice="fake_en",
            speed=1.5,
            language="fr-fr",
            audio=(AudioFormat.FLAC, AudioFormat.WAV),
            subtitles=("ass",),
            style="kids",
            loudness_lufs=None,
            emoji="name",
            keep_speed=True,
        ),
    ]


def test_two_files_of_one_name_are_refused(sayso: RunSayso, story: Path, tmp_path: Path) -> None:
    """Files that would replace each other's output are refused before anything is spoken."""
    (tmp_path / "story.txt").write_text("Another.")
    done = sayso("narrate", story, tmp_path / "story.txt", "--out", tmp_path / "out")
    assert done.code == 2
    assert "replace each other's output" in done.err


def test_a_mistake_in_the_last_file_is_found_first(
    sayso: RunSayso, story: Path, tmp_path: Path, fake_engine: FakeSpeechEngine
) -> None:
    """All files are read before the first is spoken."""
    assert sayso("narrate", story, tmp_path / "missing.txt", "--out", tmp_path / "out").code == 2
    assert fake_engine.calls == 0


@pytest.mark.parametrize(
    ("option", "value", "hint"),
    [
        ("--audio", "mp3,ogg", "mp3, wav, flac, opus, aac, m4a"),
        ("--subtitles", "txt", "srt, vtt, ass, ttml, json"),
        ("--style", "disney", "netflix, bbc, kids"),
        ("--loudness", "loud", "-16"),
        ("--loudness", "3", "-16"),
        ("--emoji", "maybe", "name"),
        ("--engine", "flite", "fake"),
        ("--voice", "fake_enn", "fake_en"),
        ("--speed", "9", "4"),
        ("--lexicon", "/no/such/file", "/no/such/file"),
    ],
)
def test_a_wrong_value_is_answered_with_the_right_ones(
    sayso: RunSayso, story: Path, tmp_path: Path, option: str, value: str, hint: str
) -> None:
    """Wrong use is exit code 2 and says what would be right."""
    done = sayso("narrate", story, "--out", tmp_path / "out", option, value)
    assert done.code == 2
    assert hint in done.err
    assert not (tmp_path / "out").exists()


def test_a_failed_narration_is_exit_code_1(sayso: RunSayso, story: Path, tmp_path: Path) -> None:
    """Work that fails, unlike wrong use, is 1."""
    (tmp_path / "out").write_text("a file")
    assert sayso("narrate", story, "--out", tmp_path / "out").code == 1


@pytest.mark.parametrize("suffix", ["mp3", "wav", "flac", "opus", "m4a"])
def test_say_writes_what_the_suffix_asks_for(sayso: RunSayso, tmp_path: Path, suffix: str) -> None:
    """The file's suffix is its format."""
    target = tmp_path / f"hello.{suffix}"
    assert sayso("say", "Hello there.", "-o", target).code == 0
    assert decode(target, sample_rate_hz=24_000).duration_seconds > 0.5


@pytest.mark.parametrize("arguments", [(), ("--engine", "kokoro")])
def test_openais_voices_and_speeds_are_spoken(
    sayso: RunSayso, monkeypatch: pytest.MonkeyPatch, story: Path, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    """The command line takes OpenAI's voice names and speeds from 0.25 to 4, as the API does."""
    kokoro = FakeSpeechEngine(voices=[Voice(name="af_alloy", language="en-us", engine="kokoro")])
    monkeypatch.setattr(engines, "ENGINES", {"kokoro": lambda _settings: kokoro})
    seconds = {}
    for speed in ("0.25", "1", "4"):
        target = tmp_path / f"at-{speed}.wav"
        assert sayso("say", "Hello there.", "-o", target, "--voice", "alloy", "--speed", speed, *arguments).code == 0
        seconds[speed] = decode(target, sample_rate_hz=24_000).duration_seconds
    assert seconds["0.25"] > 2 * seconds["1"] > 4 * seconds["4"]
    narrated = sayso("narrate", story, "-o", tmp_path / "out", "--voice", "alloy", "--speed", "3", *arguments)
    assert narrated.code == 0
    timeline = json.loads((tmp_path / "out" / "story.json").read_text())
    assert timeline["voice"] == "af_alloy"


def test_an_engine_that_was_named_has_to_have_the_voice(sayso: RunSayso, tmp_path: Path) -> None:
    """--engine asks no other engine."""
    done = sayso("say", "Hello.", "-o", tmp_path / "hello.wav", "--engine", "fake", "--voice", "alloy")
    assert done.code == 2
    assert "There is no fake voice 'alloy'" in done.err


def test_say_refuses_an_unknown_suffix(sayso: RunSayso, tmp_path: Path) -> None:
    """A suffix that names no format is wrong use."""
    done = sayso("say", "Hello.", "-o", tmp_path / "hello.xyz")
    assert done.code == 2
    assert ".mp3" in done.err


def test_voices_are_listed(sayso: RunSayso) -> None:
    """Each voice stands with its language and engine; a language selects."""
    assert sayso("voices").out.splitlines() == [
        "fake_en              en-us    fake",
        "fake_fr              fr-fr    fake",
    ]
    assert json.loads(sayso("voices", "--language", "fr", "--json").out)["voices"] == [
        {"name": "fake_fr", "language": "fr-fr", "engine": "fake"}
    ]


def test_doctor_says_what_is_missing_and_how_to_mend_it(sayso: RunSayso) -> None:
    """Without models the doctor ends with 1, and names the command for each."""
    done = sayso("doctor")
    assert done.code == 1
    assert "fix: sayso models pull kokoro-82m-int8" in done.out


def test_doctor_keeps_secrets(sayso: RunSayso, monkeypatch: pytest.MonkeyPatch) -> None:
    """A secret setting is shown as set, never by its value."""
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "do-not-show-me")
    done = sayso("doctor", "--json")
    assert "do-not-show-me" not in done.out + done.err
    settings = [finding["what"] for finding in json.loads(done.out)["findings"] if finding["area"] == "settings"]
    assert "AWS_SECRET_ACCESS_KEY=(set, not shown)" in settings


def test_a_setting_that_cannot_be_used_is_named(sayso: RunSayso, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bad environment variable is wrong use, and named."""
    monkeypatch.setenv("SAYSO_CACHE_MAX_BYTES", "lots")
    done = sayso("voices")
    assert done.code == 2
    assert "SAYSO_CACHE_MAX_BYTES" in done.err


def test_the_version_is_printed(sayso: RunSayso) -> None:
    """--version prints the version and nothing else."""
    assert sayso("--version").out == "0.1.0\n"


@pytest.mark.parametrize(
    "command", [[], ["narrate"], ["say"], ["transcribe"], ["lint"], ["voices"], ["doctor"], ["models", "pull"]]
)
def test_help_teaches(sayso: RunSayso, command: list[str]) -> None:
    """Every command explains itself."""
    done = sayso(*command, "--help")
    assert done.code == 0
    assert "Usage: sayso" in done.out
