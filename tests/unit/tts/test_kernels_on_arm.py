"""The native kernels for 64-bit ARM, from a cross compiler and in an emulator: the same sound, bit by bit."""

from __future__ import annotations

import shutil
import struct
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from sayso.tts.engines.kokoro.kernels import load_kernels
from sayso.tts.engines.kokoro.native import WorkspacePool
from support.kernels import NATIVE, compiled, native_build, random_convolution, random_inputs, random_stage
from support.missing_parts import missing

if TYPE_CHECKING:
    from sayso.tts.engines.kokoro.generator_parts import FloatConvolution, Stage

COMPILER = "aarch64-linux-gnu-g++"
EMULATOR = "qemu-aarch64"
PROGRAM = Path(__file__).parents[2] / "support" / "kernels_stage.cpp"
CHANNELS, FRAMES = 64, 205


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A program that runs a stage and a convolution."""
    for tool in (COMPILER, EMULATOR):
        if shutil.which(tool) is None:
            missing(f"{tool} is not installed.")
    directory = tmp_path_factory.mktemp("arm")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CXX", COMPILER)
        assert native_build().build(directory / "libkernels.so", machine="aarch64") == ["neon_dot"]
    command = [COMPILER, "-O1", f"-I{NATIVE}", PROGRAM, f"-L{directory}", "-lkernels", "-o", directory / "stage"]
    subprocess.run(list(map(str, command)), check=True, capture_output=True, timeout=300)
    return directory / "stage"


def emulated(program: Path, numbers: bytes, *options: str) -> subprocess.CompletedProcess[bytes]:
    """The program, run by the emulator."""
    command = [EMULATOR, *options, "-L", "/usr/aarch64-linux-gnu", "-E", f"LD_LIBRARY_PATH={program.parent}", program]
    return subprocess.run(list(map(str, command)), check=False, input=numbers, capture_output=True, timeout=600)


def as_numbers(stage: Stage, convolution: FloatConvolution) -> bytes:
    """What the program reads."""
    parts = [struct.pack("=ii", CHANNELS, FRAMES)]
    for each in (each for block in stage.blocks for each in block.convolutions):
        parts.append(struct.pack("=iiff", each.taps, each.dilation, each.weights_scale, each.epsilon))
        parts += [values.tobytes() for values in (each.weights, each.bias, each.reciprocal)]
    source, upsampled, styles = random_inputs(FRAMES)
    parts += [values.tobytes() for values in (styles, source, upsampled)]
    taps, _, outputs = convolution.weights.shape
    parts += [struct.pack("=ii", outputs, taps), convolution.weights.tobytes(), convolution.bias.tobytes()]
    return b"".join(parts)


def test_the_sound_on_arm_is_that_of_this_machine(program: Path, tmp_path: Path) -> None:
    """A stage and a convolution of floats."""
    kernels = load_kernels(compiled(tmp_path))
    if kernels is None:
        missing("This processor has none of the instruction sets.")
    here = next(each for each in kernels.instruction_sets() if each.is_supported)
    stage, convolution = random_stage(CHANNELS), random_convolution(CHANNELS, 22, 7)
    done = emulated(program, as_numbers(stage, convolution))
    assert done.returncode == 0, done.stderr
    source, upsampled, styles = random_inputs(FRAMES)
    native, dense = kernels.stage(stage, here, WorkspacePool()), kernels.convolution(convolution, here, WorkspacePool())
    assert native is not None
    assert dense is not None
    wanted = native.run(source, upsampled, styles).tobytes() + dense.run(source, FRAMES, 0.5).tobytes()
    assert np.array_equal(np.frombuffer(done.stdout, np.float32), np.frombuffer(wanted, np.float32))


def test_a_processor_without_dot_products_is_recognised(program: Path) -> None:
    """The program asks before it runs any of the instructions."""
    assert emulated(program, b"", "-cpu", "cortex-a53").returncode == 3
