"""The catalogue is consistent in itself."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

import pytest

from sayso.models import CATALOGUE, File, Model, Part
from sayso.models.sources.registry import source_openers
from sayso.settings import Settings

every_model = pytest.mark.parametrize("model", CATALOGUE.values(), ids=lambda model: model.name)


@every_model
def test_checksums_and_sizes_are_given_for_every_file_and_part(model: Model) -> None:
    """Every file, and every part of one, can be checked."""
    for file in model.files:
        blobs: list[File | Part] = [file, *file.parts]
        for blob in blobs:
            assert re.fullmatch(r"[0-9a-f]{64}", blob.sha256)
            assert blob.size_bytes > 0


@every_model
def test_parts_add_up_to_their_file(model: Model) -> None:
    """The parts of a file, joined, have the file's size."""
    for file in model.files:
        if file.parts:
            assert sum(part.size_bytes for part in file.parts) == file.size_bytes


@every_model
def test_files_stay_in_the_model_directory(model: Model) -> None:
    """No file of the catalogue can be written outside its model's directory, and no two are one."""
    for file in model.files:
        path = PurePosixPath(file.path)
        assert not path.is_absolute()
        assert ".." not in path.parts
    assert len({file.path for file in model.files}) == len(model.files)


@every_model
def test_every_file_can_be_had_from_a_known_kind_of_source(model: Model) -> None:
    """Each file has a place for the whole or for all of its parts, and each place names a source that exists."""
    assert {place.partition(":")[0] for place in model.all_places} <= set(source_openers(Settings()))
    for file in model.files:
        assert file.parts or any(model.expects(place, file) for place in model.places)


def test_all_voices_of_kokoro_are_listed() -> None:
    """The 54 voices are all there, each as 510 style vectors of 256 float32."""
    files = CATALOGUE["kokoro-voices"].files
    assert len(files) == 54
    assert {"af_heart.bin", "ff_siwis.bin", "bm_george.bin"} <= {file.path for file in files}
    assert {file.size_bytes for file in files} == {522_240}
