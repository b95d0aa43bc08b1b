"""The parts of Kokoro's generator: constants, and the names of what goes in and comes out in the vocoder's graph."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Convolution:
    """A convolution with the norm, the snake and the quantiser before it.

    Attributes:
        weights: int8 of shape (taps * channels, channels), inputs of the first tap first.
        weights_scale: what one step of ``weights`` is worth.
        bias: float32 of shape (channels,).
        reciprocal: float32 of shape (channels,), 1 / a of the snake.
        epsilon: of the norm.
        dilation: how many frames lie between one tap and the next.
        scale: names the norm's scales, multiplied by a, in the graph.
        shift: names the norm's shifts, multiplied by a.
    """

    weights: NDArray[np.int8]
    weights_scale: float
    bias: NDArray[np.float32]
    reciprocal: NDArray[np.float32]
    epsilon: float
    dilation: int
    scale: str
    shift: str

    @property
    def channels(self) -> int:
        """How many values a frame has."""
        return int(self.weights.shape[1])

    @property
    def taps(self) -> int:
        """How many frames an output is made of."""
        return int(self.weights.shape[0]) // self.channels


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Block:
    """Three times ``x + conv(conv(x))``: the convolutions in order, and the names of what goes in and comes out."""

    convolutions: Sequence[Convolution]
    source: str
    result: str


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Stage:
    """``x = upsampled + noise(source)``, then the mean of three blocks of x.

    Attributes:
        blocks: the noise's, then the three.
        source: names a value of shape (1, frames, channels).
        upsampled: names a value of shape (1, channels, frames).
        result: names a value of shape (1, channels, frames).
    """

    blocks: Sequence[Block]
    source: str
    upsampled: str
    result: str

    @property
    def channels(self) -> int:
        """How many values a frame has."""
        return self.blocks[0].convolutions[0].channels

    @property
    def style_names(self) -> list[str]:
        """Names the norms' scales and shifts, for each block and convolution, each of shape (channels,)."""
        convolutions = [each for block in self.blocks for each in block.convolutions]
        return [name for each in convolutions for name in (each.scale, each.shift)]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class FloatConvolution:
    """A convolution of floats, after a leaky rectifier.

    Attributes:
        weights: float32 of shape (taps, channels of a frame that goes in, of one that comes out).
        bias: float32 of shape (channels that come out,).
        slope: of the rectifier, below 0.
        before: how many frames before its own the first tap reads.
        source: names what goes in, of shape (1, channels, frames).
        result: names what comes out, of shape (1, channels, frames).
    """

    weights: NDArray[np.float32]
    bias: NDArray[np.float32]
    slope: float
    before: int
    source: str
    result: str


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Upsampling:
    """A transposed convolution by a factor, as a convolution that makes so many frames at once.

    Attributes:
        convolution: its result is that of the upsampling, mirrored frame included.
        factor: how many frames come out for one.
        cut: how many of the frames that come out are cut off at either end.
        mirrored: how many frames are added before the first, as in a mirror that it is.
    """

    convolution: FloatConvolution
    factor: int
    cut: int
    mirrored: int
