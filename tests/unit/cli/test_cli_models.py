"""`sayso models` on a catalogue of its own."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

import sayso.cli.models as command
import sayso.models
from sayso.errors import InvalidInput, ModelCorrupt, ModelMissing
from sayso.models import ModelStore
from sayso.models.sources.directory import DirectorySource
from support.models.toy import put, toy_file, toy_model

if TYPE_CHECKING:
    from pathlib import Path

    from typer.testing import Result

TOY = toy_model(toy_file("model.bin", b"weights"), toy_file("config.json", b"{}"))
OTHER = toy_model(toy_file("other.bin", b"other"), name="other")


@pytest.fixture(autouse=True)
def toy_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let the commands work on a toy catalogue below the test's directory, with a mirror that holds it."""
    mirror = put(tmp_path / "mirror", {"a": b"weights", "b": b"{}", "c": b"other"})

    def open_toy_store(_settings: object) -> ModelStore:
        return ModelStore(
            tmp_path / "store",
            sources={"directory": DirectorySource},
            mirrors=[f"directory:{mirror}"],
            catalogue={"toy": TOY, "other": OTHER},
        )

    monkeypatch.setattr(sayso.models, "open_store", open_toy_store)
    return tmp_path / "store"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(command.app, arguments)


def test_pull_brings_everything_when_no_model_is_named(toy_store: Path) -> None:
    """Without a name all models are pulled; the lines say what came from where."""
    result = run("pull")
    assert result.exit_code == 0
    assert "toy: 2 of 2 files brought" in result.stdout
    assert "toy: pulling 2 files" in result.stderr
    assert (toy_store / "other/other.bin").exists()


def test_pull_brings_only_what_is_named(toy_store: Path) -> None:
    """With a name only that model is pulled."""
    assert run("pull", "toy").exit_code == 0
    assert not (toy_store / "other").exists()


def test_a_corrupt_file_is_named_while_it_is_pulled_again(toy_store: Path) -> None:
    """The pull says which file was corrupt and in what way."""
    run("pull")
    (toy_store / "toy/model.bin").write_bytes(b"weight")
    assert "toy: model.bin is corrupt (6 bytes instead of 7) and is pulled again" in run("pull").stderr


def test_verify_prints_every_file_and_fails_on_a_corrupt_one(toy_store: Path) -> None:
    """Sound, missing and corrupt files each get a line; a corrupt one is an error whose hint mends it."""
    run("pull", "toy")
    (toy_store / "toy/model.bin").write_bytes(b"Weights")
    result = run("verify")
    assert result.stdout.splitlines() == [
        "corrupt  toy/model.bin: the checksum differs",
        "ok       toy/config.json",
        "missing  other",
    ]
    assert isinstance(result.exception, ModelCorrupt)
    assert result.exception.hint == "Run: sayso models pull toy"


def test_verify_fails_on_a_missing_model_only_where_it_was_named() -> None:
    """Not every model has to be here, but one that is asked for has."""
    assert run("verify").exit_code == 0
    assert isinstance(run("verify", "toy").exception, ModelMissing)


def test_list_shows_what_is_here() -> None:
    """The list tells complete models from absent ones, and a named model's files with their checksums."""
    run("pull", "toy")
    lines = run("list").stdout.splitlines()
    assert " here " in lines[0]
    assert " not here " in lines[1]
    assert TOY.files[0].sha256 in run("list", "toy").stdout


def test_import_takes_files_from_a_directory(tmp_path: Path) -> None:
    """Files carried over are recognised and reported."""
    result = run("import", str(tmp_path / "mirror"))
    assert result.exit_code == 0
    assert "other: 1 of 1 files brought" in result.stdout


@pytest.mark.parametrize("arguments", [("list",), ("pull",), ("verify",), ("list", "toy")])
def test_json_is_one_document_and_nothing_else(arguments: tuple[str, ...]) -> None:
    """With --json standard output is one document, and standard error is empty."""
    result = run(*arguments, "--json")
    assert result.exit_code == 0
    assert isinstance(json.loads(result.stdout), list)
    assert not result.stderr


@pytest.mark.parametrize("arguments", [("pull",), ("verify",)])
def test_quiet_prints_nothing_when_all_is_well(arguments: tuple[str, ...]) -> None:
    """With --quiet only errors are printed."""
    result = run(*arguments, "--quiet")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "")


@pytest.mark.parametrize("arguments", [("pull", "nonesuch"), ("verify", "nonesuch"), ("list", "nonesuch")])
def test_an_unknown_model_is_wrong_use(arguments: tuple[str, ...]) -> None:
    """A name that is not in the catalogue is refused."""
    assert isinstance(run(*arguments).exception, InvalidInput)
