"""The bill of materials of an image, as `make sbom` writes it."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sayso import __version__
from sayso.models.catalogue import CATALOGUE

if TYPE_CHECKING:
    from support.containers.engine import ContainerEngine

pytestmark = pytest.mark.containers

SCRIPT = Path(__file__).parents[3] / "deploy/docker/sbom.py"


@pytest.mark.parametrize(("target", "models"), [("slim", set()), ("full", {"kokoro-82m-int8", "whisper-base"})])
def test_every_part_of_an_image_is_named(
    engine: ContainerEngine, tmp_path: Path, target: str, models: set[str]
) -> None:
    """Debian's packages, Python and its packages, the models with their checksums; valid by the schema."""
    pytest.importorskip("cyclonedx", reason="make .venv/.sbom installs it")
    file = tmp_path / "sbom.json"
    done = subprocess.run(
        [sys.executable, str(SCRIPT), engine.image(target), str(file)],
        env={**os.environ, "CONTAINERS": shlex.join(engine.command)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(file.read_text())
    by_name = {component["name"]: component for component in found["components"]}
    assert found["metadata"]["component"]["type"] == "container"
    assert by_name["sayso"]["purl"] == f"pkg:pypi/sayso@{__version__}"
    assert by_name["libc6"]["purl"].startswith("pkg:deb/debian/libc6@")
    assert by_name["python"]["purl"].startswith("pkg:generic/python@3.")
    assert ("onnxruntime" in by_name) == (target == "full")
    assert models <= by_name.keys()
    for name in models:
        files = {part["name"]: part["hashes"][0]["content"] for part in by_name[name]["components"]}
        assert files == {part.path: part.sha256 for part in CATALOGUE[name].files}
