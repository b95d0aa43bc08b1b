"""What a newcomer asks the command line first: voices, completion, the doctor, an address, and missing models."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Literal

import pytest

import sayso.models
from sayso.api.auth.keys import Scope, new_key
from sayso.bootstrap import engines
from sayso.bootstrap.alignment import open_aligner
from sayso.cli.doctor import Finding, _print
from sayso.cli.missing_models import pulling
from sayso.cli.options import complete_voice
from sayso.cli.up import keys_hint, reachable, shared
from sayso.cli.voices import complete_language
from sayso.errors import ModelMissing
from sayso.models import ModelStore, installed_models
from sayso.models.sources.directory import DirectorySource
from sayso.settings import Settings
from sayso.testing import FakeSpeechEngine
from sayso.types import Voice
from support.models.toy import put, toy_file, toy_model

if TYPE_CHECKING:
    from pathlib import Path

    from support.command_line import RunSayso

TAGS = ("en-us", "en-gb", "fr-fr", "cmn", "pt-br", "ja")


@pytest.fixture
def speaking(sayso: RunSayso, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ARG001 -- after its engine
    """An engine with a voice for each language."""
    fake = FakeSpeechEngine(voices=[Voice(name=f"voice_{tag}", language=tag, engine="fake") for tag in TAGS])
    monkeypatch.setattr(engines, "ENGINES", {"fake": lambda _settings: fake})


@pytest.mark.usefixtures("speaking")
@pytest.mark.parametrize(
    ("wanted", "tags"),
    [
        ("en", ["en-us", "en-gb"]),
        ("EN_GB", ["en-gb"]),
        ("french", ["fr-fr"]),
        ("zh", ["cmn"]),
        ("zh-CN", ["cmn"]),
        ("Japanese", ["ja"]),
        ("ja-jp", ["ja"]),
        ("pt", ["pt-br"]),
    ],
)
def test_voices_of_a_language_by_any_of_its_names(sayso: RunSayso, wanted: str, tags: list[str]) -> None:
    """A tag, a part of it, another code or the English name."""
    done = sayso("voices", "--language", wanted)
    assert [line.split()[1] for line in done.out.splitlines()] == tags


@pytest.mark.usefixtures("speaking")
@pytest.mark.parametrize("wanted", ["xx", "fr-ca", "e", ""])
def test_a_language_that_no_voice_speaks_is_named(sayso: RunSayso, wanted: str) -> None:
    """With those that there are; for a program the list is empty."""
    done = sayso("voices", "--language", wanted)
    assert done.code == 2
    assert "cmn, en-gb, en-us, fr-fr, ja, pt-br" in done.err
    assert json.loads(sayso("voices", "--language", wanted, "--json").out) == {"voices": []}


def test_voices_and_languages_are_completed() -> None:
    """Those that there are or will be, without a model; in a blend the last one."""
    assert complete_voice("ff_") == ["ff_siwis"]
    assert "alloy" in complete_voice("al")
    assert complete_voice("af_heart:0.6+bm_g") == ["af_heart:0.6+bm_george"]
    assert complete_voice("zz") == []
    assert complete_language("en") == ["en-gb", "en-us"]


@pytest.mark.parametrize("command", ["say hi --voice ff_", "narrate a.md --voice ff_"])
def test_the_shell_completes_voices(command: str) -> None:
    """As bash asks the program itself."""
    words = f"sayso {command}"
    environment = os.environ | {
        "_SAYSO_COMPLETE": "complete_bash",
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(words.split()) - 1),
    }
    program = "import sys; sys.argv = ['sayso']; from sayso.cli import main; main()"
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["ff_siwis"]


@pytest.mark.parametrize(
    ("address", "here"),
    [
        ("http://0.0.0.0:8000", "http://127.0.0.1:8000"),
        ("http://[::]:9000", "http://[::1]:9000"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("http://192.168.1.5:8000", "http://192.168.1.5:8000"),
        ("http://[fe80::1]:8000", "http://[fe80::1]:8000"),
    ],
)
def test_the_address_that_is_printed_can_be_opened(address: str, here: str) -> None:
    """“Every address” is none that a browser opens."""
    assert reachable(address) == here


def test_the_keys_are_named_and_not_shown() -> None:
    """By their names alone, each once; others are given a name that the server accepts."""
    keys = [new_key(name, [Scope.SPEECH]) for name in ("website", "ops", "website")]
    hint = keys_hint([key.entry for key in keys])
    assert "website, ops;" in hint
    assert not any(secret in hint for key in keys for secret in (key.key, key.entry.rpartition(":")[2]))
    assert shared("http://0.0.0.0:80", ["speech.example.com"]) == "http://speech.example.com:80"


PULL = "sayso models pull"


def missing(area: Literal["software", "models"], what: str, mend: str) -> Finding:
    return Finding(area=area, what=what, state="missing", detail="not here", mend=mend)


FINDINGS = [
    Finding(area="software", what="av", state="ok", detail="1.0"),
    missing("software", "extra espeak", "python -m pip install x"),
    missing("models", "kokoro-voices", f"{PULL} kokoro-voices"),
    missing("models", "kokoro-82m-int8", f"{PULL} kokoro-82m-int8"),
    Finding(area="models", what="whisper-tiny.en", state="optional", detail="not here", mend=f"{PULL} x"),
]


def test_the_doctor_shows_problems_first(capsys: pytest.CaptureFixture[str]) -> None:
    """Then one line that fixes all of them, and the rest."""
    _print(FINDINGS)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "problems:"
    assert [line.split()[1:3] for line in lines[1:7:2]] == [
        ["software:", "extra"],
        ["models:", "kokoro-voices:"],
        ["models:", "kokoro-82m-int8:"],
    ]
    assert lines[7] == (
        "To fix all of them: python -m pip install x && sayso models pull kokoro-voices kokoro-82m-int8"
    )
    assert lines[8] == "3 things are missing."
    assert lines[9] == "software:"


def test_the_doctor_is_short_where_all_is_well(capsys: pytest.CaptureFixture[str]) -> None:
    """The first line says so."""
    _print(FINDINGS[:1])
    assert capsys.readouterr().out.splitlines() == [
        "Everything that is required is installed.",
        "software:",
        "  ok       av: 1.0",
    ]


def test_models_that_cannot_be_written_to_are_no_problem(
    sayso: RunSayso, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """As in an image, which has all of them; where one is missing they are one."""
    monkeypatch.setattr(os, "access", lambda path, mode: "models" not in str(path) and mode == os.W_OK)
    empty = tmp_path / "models"
    empty.mkdir()
    assert "directories: models" in sayso("doctor").out.partition("software:\n")[0]
    monkeypatch.setenv("MODELS_BASE_PATH", str(installed_models(Settings()).root))
    monkeypatch.delenv("MODELS_BASE_PATH")
    done = sayso("doctor")
    assert "it cannot be written to, and nothing is to be pulled there" in done.out
    assert "directories: models" not in done.out


TOY = toy_model(toy_file("a", b"weights"))


def test_a_command_pulls_what_it_needs(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Once, with its progress on standard error; a quiet one shows nothing, and a setting forbids it."""
    mirror = put(tmp_path / "mirror", {"a": b"weights"})

    def open_toy_store(_settings: object) -> ModelStore:
        return ModelStore(
            tmp_path / "store",
            sources={"directory": DirectorySource},
            mirrors=[f"directory:{mirror}"],
            catalogue={"toy": TOY},
        )

    monkeypatch.setattr(sayso.models, "open_store", open_toy_store)
    obtain = pulling(Settings(pull_models=True))
    assert obtain is not None
    obtain(["toy"])
    printed = capsys.readouterr()
    assert "Not here yet, and pulled once into" in printed.err
    assert "toy: complete" in printed.err
    assert printed.out == ""
    obtain(["toy"])
    assert capsys.readouterr().err == ""
    (tmp_path / "store/toy/a").unlink()
    quiet = pulling(Settings(pull_models=True), quiet=True)
    assert quiet is not None
    quiet(["toy"])
    assert capsys.readouterr().err == ""
    assert pulling(Settings(pull_models=False)) is None


def test_a_voice_pulls_its_own_engine_only(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A name that no model has pulls nothing, and is refused as before."""
    pulled: list[str] = []

    def obtain(names: object) -> None:
        assert isinstance(names, tuple)
        pulled.extend(names)
        raise ModelMissing("It is pulled.")

    settings = Settings(models_base_path=tmp_path / "none")
    monkeypatch.setattr(engines, "require_packages", lambda: None)
    sources = engines.speech_sources(settings, obtain=obtain)
    for name in ("af_hart", "nobody", "af_heart+nobody"):
        with pytest.raises(ModelMissing, match="not complete"):
            sources["kokoro"].voice(name)
    assert pulled == []
    for name in ("alloy", "af_heart", "af_heart:0.6+bm_george:0.4", "af_bella(2)+af_sky(1)"):
        with pytest.raises(ModelMissing, match="It is pulled"):
            sources["kokoro"].voice(name)
    assert set(pulled) == {"kokoro-82m-int8", "kokoro-voices"}
    with pytest.raises(ModelMissing, match="It is pulled"):
        sources["piper"].voice("en_US-joe-medium")
    assert pulled[-1] == "piper-en_US-joe-medium"
    assert len(sources["kokoro"].voices()) == 54


def test_an_alignment_pulls_its_model(tmp_path: Path) -> None:
    """When it is missing; with none named there is nothing to pull."""
    asked: list[object] = []

    def obtain(names: object) -> None:
        asked.append(names)
        raise ModelMissing("It is pulled.")

    settings = Settings(models_base_path=tmp_path / "none")
    with pytest.raises(ModelMissing, match="It is pulled"):
        open_aligner(settings, obtain=obtain)
    with pytest.raises(ModelMissing, match="is none"):
        open_aligner(settings.model_copy(update={"alignment_model": "none"}), obtain=obtain)
    assert asked == [("hama-phonemes",)]
