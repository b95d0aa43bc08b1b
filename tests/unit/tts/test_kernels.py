"""The native kernels: they compute what numpy does, on every instruction set, and touch no other memory."""

from __future__ import annotations

import os
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
from sayso.tts.engines.kokoro.native import WorkspacePool
from support.kernels import (
    compiled,
    computed_by_numpy,
    convolved_by_numpy,
    native_build,
    random_convolution,
    random_inputs,
    random_stage,
)
from support.missing_parts import missing

if TYPE_CHECKING:
    from sayso.tts.engines.kokoro.kernels import InstructionSet, Kernels

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


def fastest(kernels: Kernels) -> InstructionSet:
    """The one that is chosen here."""
    return next(each for each in kernels.instruction_sets() if each.is_supported)


def test_the_sound_of_a_stage_is_that_of_the_formulas(kernels: Kernels) -> None:
    """For lengths around every size in which the kernels work; what differs is the rounding of single bytes."""
    stage = random_stage()
    native = kernels.stage(stage, fastest(kernels), WorkspacePool())
    assert native is not None
    for frames in FRAMES:
        inputs = random_inputs(frames)
        wanted = computed_by_numpy(stage, *inputs)
        source, upsampled, styles = inputs
        found = native.run(source, upsampled.copy(), styles)
        difference = np.linalg.norm(found - wanted, axis=1) / np.linalg.norm(wanted, axis=1)
        assert difference.max() < 0.05, frames


def test_every_instruction_set_makes_the_same_sound(kernels: Kernels) -> None:
    """Bit by bit: they differ in how much they do at once, not in what."""
    stage = random_stage(128)
    made = [
        native.run(*random_inputs(401, 128))
        for each in kernels.instruction_sets()
        if each.is_supported and (native := kernels.stage(stage, each, WorkspacePool())) is not None
    ]
    assert made
    assert all(np.array_equal(each, made[0]) for each in made)


def test_threads_share_a_stage(kernels: Kernels) -> None:
    """Each call has buffers of its own."""
    native = kernels.stage(random_stage(), fastest(kernels), WorkspacePool())
    assert native is not None
    numbers = range(6)
    alone = [native.run(*random_inputs(100 + 50 * each, seed=each)) for each in numbers]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda each: native.run(*random_inputs(100 + 50 * each, seed=each)), [*numbers] * 3))
    assert all(np.array_equal(one, other) for one, other in zip(together, alone * 3, strict=True))


def test_silence_and_constants_are_computed(kernels: Kernels) -> None:
    """Where no value differs from another, nothing is divided by zero."""
    native = kernels.stage(random_stage(), fastest(kernels), WorkspacePool())
    assert native is not None
    source, upsampled, styles = random_inputs(50)
    assert np.isfinite(native.run(source * 0, upsampled * 0, styles * 0)).all()
    assert np.isfinite(native.run(source * 0 + 7, upsampled * 0 - 7, styles)).all()
    assert np.isfinite(native.run(source * 1e15, upsampled * 1e15, styles)).all()


@pytest.mark.parametrize("channels", [32, 100, 576])
def test_other_sizes_are_refused(kernels: Kernels, channels: int) -> None:
    """The graph computes them."""
    assert kernels.stage(random_stage(channels), fastest(kernels), WorkspacePool()) is None


@pytest.mark.parametrize(("inputs", "outputs", "taps"), [(16, 1, 1), (48, 22, 7), (64, 130, 2), (512, 64, 3)])
def test_convolutions_of_floats_are_those_of_numpy(kernels: Kernels, inputs: int, outputs: int, taps: int) -> None:
    """For lengths around those of the kernels, on every instruction set, bit by bit the same on all of them."""
    convolution = random_convolution(inputs, outputs, taps)
    for frames in (1, 5, 6, 95, 96, 97, 200):
        x = np.random.default_rng(4).standard_normal((frames, inputs), np.float32)
        made = []
        for each in kernels.instruction_sets():
            if each.is_supported:
                native = kernels.convolution(convolution, each, WorkspacePool())
                assert native is not None
                made.append(native.run(x, frames + 1, 0.5))
        wanted = convolved_by_numpy(convolution, x, frames + 1, 0.5)
        assert all(np.array_equal(each, made[0]) for each in made)
        assert np.abs(made[0] - wanted).max() < 1e-4 * np.abs(wanted).max()


def test_convolutions_of_other_sizes_are_refused(kernels: Kernels) -> None:
    """When they are made, and when they run."""
    for inputs, outputs, taps in ((20, 4, 3), (16, 5000, 1), (16, 4, 17), (2048, 4, 1)):
        assert kernels.convolution(random_convolution(inputs, outputs, taps), fastest(kernels), WorkspacePool()) is None
    native = kernels.convolution(random_convolution(16, 4, 3), fastest(kernels), WorkspacePool())
    assert native is not None
    x = np.zeros((5, 16), np.float32)
    for given, rows, factor in ((x[:, 1:], 5, 1.0), (x, 0, 1.0), (x, -1, 1.0), (x[:0], 5, 1.0), (x, 5, -1.0)):
        with pytest.raises(EngineFailed, match="kernels"):
            native.run(given, rows, factor)


def test_numbers_that_are_none_stay_where_they_are(kernels: Kernels) -> None:
    """They make no number of what they reach, and nothing is read or written outside of the arrays."""
    native = kernels.stage(random_stage(), fastest(kernels), WorkspacePool())
    assert native is not None
    for wrong in (np.nan, np.inf, -np.inf):
        source, upsampled, styles = random_inputs(60)
        upsampled[30, 5] = wrong
        assert native.run(source, upsampled, styles).shape == (60, 64)


def test_arrays_of_other_sizes_are_refused(kernels: Kernels) -> None:
    """Before the kernels read beyond an array."""
    native = kernels.stage(random_stage(), fastest(kernels), WorkspacePool())
    assert native is not None
    source, upsampled, styles = random_inputs(50)
    for given in (
        (source[1:], upsampled, styles),
        (source, upsampled, styles[1:]),
        (source[:, :-1], upsampled[:, :-1], styles),
        (source[:0], upsampled[:0], styles),
        (source.astype(np.float64), upsampled, styles),
        (source, np.asfortranarray(upsampled), styles),
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
import numpy as np
from sayso.tts.engines.kokoro.kernels import load_kernels
from sayso.tts.engines.kokoro.native import WorkspacePool
from support.kernels import random_convolution, random_inputs, random_stage
kernels = load_kernels(Path(sys.argv[1]))
for each in kernels.instruction_sets():
    if each.is_supported:
        for channels in (64, 192):
            native = kernels.stage(random_stage(channels), each, WorkspacePool())
            for frames in (1, 47, 192, 250):
                native.run(*random_inputs(frames, channels))
        assert kernels.stage(random_stage(100), each, WorkspacePool()) is None
        for inputs, outputs, taps in ((16, 1, 1), (48, 22, 7), (64, 130, 2)):
            native = kernels.convolution(random_convolution(inputs, outputs, taps), each, WorkspacePool())
            for frames in (1, 6, 97):
                native.run(np.ones((frames, inputs), np.float32), frames + 1)
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
    compiler = native_build().find_compiler()
    found = subprocess.run(
        [*compiler, "-print-file-name=libasan.so"], check=False, capture_output=True, text=True, timeout=60
    ).stdout.strip()
    if not Path(found).is_absolute():
        missing("The compiler comes without an address sanitizer.")
    return found
