"""Compiles the native kernels for tests, and makes stages of a generator with random weights."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sayso.tts.engines.kokoro.generator_parts import Block, Convolution, FloatConvolution, Stage
from support.missing_parts import missing

if TYPE_CHECKING:
    from sayso.types import FloatArray

NATIVE = Path(__file__).parents[2] / "native"


def native_build() -> Any:
    """The module ``native/build.py``."""
    specification = importlib.util.spec_from_file_location("sayso_native_build", NATIVE / "build.py")
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def compiled(directory: Path, *flags: str) -> Path:
    """The library, compiled into a directory; the test is skipped where there is no compiler."""
    build = native_build()
    library = directory / "sayso_kernels.so"
    try:
        build.build(library, *flags)
    except build.NoCompiler as problem:
        missing(str(problem))
    return library


def random_stage(channels: int = 64, seed: int = 1) -> Stage:
    """A stage whose blocks have 3, 7, 11 and 1 taps, and distances as in Kokoro."""
    random = np.random.default_rng(seed)

    def convolution(taps: int, dilation: int) -> Convolution:
        return Convolution(
            weights=random.integers(-127, 128, (taps * channels, channels), np.int8),
            weights_scale=float(random.uniform(0.5, 1) / 40 / np.sqrt(taps * channels)),
            bias=random.standard_normal(channels).astype(np.float32),
            reciprocal=random.uniform(0.5, 2, channels).astype(np.float32),
            epsilon=1e-5,
            dilation=dilation,
            scale="",
            shift="",
        )

    blocks = [
        Block(
            convolutions=[convolution(taps, dilation) for each in (1, 3, 5) for dilation in (each, 1)],
            source="",
            result="",
        )
        for taps in (3, 7, 11, 1)
    ]
    return Stage(blocks=blocks, source="", upsampled="", result="")


def random_inputs(frames: int, channels: int = 64, seed: int = 2) -> tuple[FloatArray, FloatArray, FloatArray]:
    """A stage's source, its upsampled signal and its styles, each frame a row."""
    random = np.random.default_rng(seed)
    styles = random.standard_normal((24, 2, channels)).astype(np.float32)
    styles[:, 0] += 1  # some scales are negative
    return (
        random.standard_normal((frames, channels), np.float32),
        random.standard_normal((frames, channels), np.float32),
        styles.reshape(-1),
    )


def computed_by_numpy(stage: Stage, source: FloatArray, upsampled: FloatArray, styles: FloatArray) -> FloatArray:
    """What `NativeStage.run` computes, written down as plainly as can be."""
    of_convolutions = iter(styles.reshape(24, 2, -1))
    x = upsampled + _block(stage.blocks[0], source, of_convolutions)
    total: FloatArray = np.sum([_block(block, x, of_convolutions) for block in stage.blocks[1:]], axis=0)
    return total


def random_convolution(inputs: int, outputs: int, taps: int) -> FloatConvolution:
    """A convolution of floats with random weights."""
    random = np.random.default_rng(3)
    return FloatConvolution(
        weights=random.standard_normal((taps, inputs, outputs), np.float32),
        bias=random.standard_normal(outputs).astype(np.float32),
        slope=0.1,
        before=taps // 2,
        source="",
        result="",
    )


def convolved_by_numpy(convolution: FloatConvolution, x: FloatArray, rows: int, factor: float) -> FloatArray:
    """What `NativeConvolution.run` computes."""
    taps = len(convolution.weights)
    value = x.astype(np.float64) * factor
    padded = np.pad(np.where(value < 0, convolution.slope * value, value), ((convolution.before, rows + taps), (0, 0)))
    made: FloatArray = convolution.bias + sum(padded[tap:][:rows] @ convolution.weights[tap] for tap in range(taps))
    return made


def _block(block: Block, x: FloatArray, styles: Any) -> FloatArray:
    for first, second in zip(block.convolutions[::2], block.convolutions[1::2], strict=True):
        x = x + _convolution(second, _convolution(first, x, next(styles)), next(styles))
    return x


def _convolution(convolution: Convolution, x: FloatArray, style: FloatArray) -> FloatArray:
    normed = (x - x.mean(axis=0, dtype=np.float64)) / np.sqrt(x.var(axis=0, dtype=np.float64) + convolution.epsilon)
    v = normed * style[0] + style[1]
    h = (v + np.sin(v) ** 2) * convolution.reciprocal
    step = (max(h.max(), 0) - min(h.min(), 0)) / 255 or 1.0
    zero_point = np.clip(np.rint(-min(h.min(), 0) / step), 0, 255)
    quantised = np.clip(np.rint(h / step) + zero_point, 0, 255) - zero_point
    reach = (convolution.taps - 1) // 2 * convolution.dilation
    padded = np.pad(quantised, ((reach, reach), (0, 0)))
    weights = convolution.weights.reshape(convolution.taps, convolution.channels, convolution.channels)
    sums = sum(
        padded[tap * convolution.dilation :][: len(x)] @ weights[tap].astype(np.float64)
        for tap in range(convolution.taps)
    )
    made: FloatArray = sums * step * convolution.weights_scale + convolution.bias
    return made
