"""The native kernels: they compute what numpy does, on every instruction set, and touch no other memory."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from structlog.testing import capture_logs

from sayso.errors import EngineFailed
from sayso.tts.engines.kokoro.kernels import load_kernels
from support.kernels import compiled, computed_by_numpy, native_build, random_inputs, random_stage
from support.missing_parts import missing

if TYPE_CHECKING:
    from sayso.tts.engines.kokoro.kernels import Kernels

FRAMES = (1, 2, 5, 6, 47, 48, 49, 191, 192, 193, 401)

REASON = "speech is made by the ONNX graph, not by native kernels"


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The compiled library."""
    return compiled(tmp_path_factory.mktemp("kernels"))


@pytest.fixture(scope="module")
def kernels(library: Path) -> Kernels:
    """The loaded library."""
    loaded = load_kernels(library)
    if loaded is None:
        missing("This processor has none of the instruction sets.")
    return loaded


def test_the_sound_of_a_stage_is_that_of_the_formulas(kernels: Kernels) -> None:
    """For lengths around every size in which the kernels work; what differs is the rounding of single bytes."""
    stage = random_stage()
    native = kernels.stage(stage, kernels.instruction_sets()[0])
    assert native is not None
    for frames in FRAMES:
        inputs = random_inputs(frames)
        wanted = computed_by_numpy(stage, *inputs)
        difference = np.linalg.norm(native.run(*inputs) - wanted, axis=1) / np.linalg.norm(wanted, axis=1)
        assert difference.max() < 0.05, frames


def test_every_instruction_set_makes_the_same_sound(kernels: Kernels) -> None:
    """Bit by bit: they differ in how much they do at once, not in what."""
    stage, inputs = random_stage(128), random_inputs(401, 128)
    made = [
        native.run(*inputs)
        for each in kernels.instruction_sets()
        if each.is_supported and (native := kernels.stage(stage, each)) is not None
    ]
    assert made
    assert all(np.array_equal(each, made[0]) for each in made)


def test_threads_share_a_stage(kernels: Kernels) -> None:
    """Each call has buffers of its own."""
    native = kernels.stage(random_stage(), kernels.instruction_sets()[0])
    assert native is not None
    inputs = [random_inputs(100 + 50 * number, seed=number) for number in range(6)]
    alone = [native.run(*each) for each in inputs]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda each: native.run(*each), inputs * 3))
    assert all(np.array_equal(one, other) for one, other in zip(together, alone * 3, strict=True))


def test_silence_and_constants_are_computed(kernels: Kernels) -> None:
    """Where no value differs from another, nothing is divided by zero."""
    native = kernels.stage(random_stage(), kernels.instruction_sets()[0])
    assert native is not None
    source, upsampled, styles = random_inputs(50)
    assert np.isfinite(native.run(source * 0, upsampled * 0, styles * 0)).all()
    assert np.isfinite(native.run(source * 0 + 7, upsampled * 0 - 7, styles)).all()
    assert np.isfinite(native.run(source * 1e15, upsampled * 1e15, styles)).all()


@pytest.mark.parametrize("channels", [32, 100, 576])
def test_other_sizes_are_refused(kernels: Kernels, channels: int) -> None:
    """The graph computes them."""
    assert kernels.stage(random_stage(channels), kernels.instruction_sets()[0]) is None


def test_arrays_of_other_sizes_are_refused(kernels: Kernels) -> None:
    """Before the kernels read beyond an array."""
    native = kernels.stage(random_stage(), kernels.instruction_sets()[0])
    assert native is not None
    source, upsampled, styles = random_inputs(50)
    for given in (
        (source[:, 1:], upsampled, styles),
        (source, upsampled, styles[1:]),
        (source[:, :, :-1], upsampled[:, :-1], styles),
        (source[:, :0], upsampled[:, :, :0], styles),
    ):
        with pytest.raises(EngineFailed, match="kernels"):
            native.run(*given)


def test_a_missing_library_is_no_failure(tmp_path: Path) -> None:
    """Nor is a file that is none: the log says why the graph is used."""
    damaged = tmp_path / "damaged.so"
    damaged.write_bytes(b"no library")
    for path, word in ((tmp_path / "missing.so", "compiler"), (damaged, "damaged.so")):
        with capture_logs() as logs:
            assert load_kernels(path) is None
        assert [entry["event"] for entry in logs] == [REASON]
        assert word in logs[0]["reason"]


def test_without_a_compiler_the_reason_is_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And with one that fails."""
    build = native_build()
    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(build.NoCompiler, match="no C"):
        build.build(tmp_path / "kernels.so")
    monkeypatch.setenv("CXX", "false")
    with pytest.raises(build.NoCompiler, match="false"):
        build.build(tmp_path / "kernels.so")
    assert not list(tmp_path.iterdir())


RUN = """
import sys
from pathlib import Path
from sayso.tts.engines.kokoro.kernels import load_kernels
from support.kernels import random_inputs, random_stage
kernels = load_kernels(Path(sys.argv[1]))
for each in kernels.instruction_sets():
    if each.is_supported:
        for channels in (64, 192):
            native = kernels.stage(random_stage(channels), each)
            for frames in (1, 47, 192, 250):
                native.run(*random_inputs(frames, channels))
        assert kernels.stage(random_stage(100), each) is None
        print("ran", each.name)
"""


def test_no_sanitizer_complains(tmp_path: Path) -> None:
    """Addresses, leaks of bounds and undefined behaviour, on every instruction set of this processor."""
    library = compiled(tmp_path, "-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-g", "-O1")
    runtime = runtime_of_sanitizer()
    environment = os.environ | {
        "LD_PRELOAD": runtime,
        "ASAN_OPTIONS": "detect_leaks=0",  # Python itself keeps memory until its end
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        "PYTHONMALLOC": "malloc",
    }
    command = [sys.executable, "-c", RUN, str(library)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=environment, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
    assert "ran" in done.stdout


def runtime_of_sanitizer() -> str:
    """The address sanitizer's own library, which has to be loaded before Python."""
    (compiler,) = native_build().find_compiler()
    found = subprocess.run(
        [compiler, "-print-file-name=libasan.so"], check=False, capture_output=True, text=True, timeout=60
    ).stdout.strip()
    if not Path(found).is_absolute() or shutil.which(compiler) is None:
        missing("The compiler comes without an address sanitizer.")
    return found
