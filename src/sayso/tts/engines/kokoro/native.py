"""The parts of Kokoro's generator that native kernels compute, and the memory that they use."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from ctypes import c_void_p
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from sayso.errors import EngineFailed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from sayso.tts.engines.kokoro.generator_parts import FloatConvolution
    from sayso.types import FloatArray

_ALIGNMENT: Final = 64

_STYLES: Final = 12
"""Of each channel and block: scales and shifts of six norms."""


class WorkspacePool:
    """Memory that calls use one after the other, so that the system does not have to clear new pages for each.

    It holds as many buffers as calls ran at once, each as large as the longest utterance that it was used for, until it
    is collected. Threads may share it.
    """

    def __init__(self) -> None:
        self._free: list[NDArray[np.uint8]] = []
        self._lock = threading.Lock()

    @contextmanager
    def borrow(self, size: int) -> Iterator[int]:
        """The address of ``size`` bytes, on a multiple of 64, for the time of the context."""
        with self._lock:
            buffer = self._free.pop() if self._free else None
        if buffer is None or buffer.size < size + _ALIGNMENT:
            buffer = None  # before the larger one is made
            buffer = np.empty(size + _ALIGNMENT, np.uint8)
        try:
            yield buffer.ctypes.data + -buffer.ctypes.data % _ALIGNMENT
        finally:
            with self._lock:
                self._free.append(buffer)


class NativeStage:
    """One stage of the generator. Threads may share it: each call borrows buffers of its own.

    It owns the packed weights, until it is collected: as many bytes as the model's.

    Args:
        library: the loaded kernels.
        blocks: the addresses of its residual blocks, which it frees.
        channels: how many values a frame has.
        pool: of the workspaces of its calls.
    """

    def __init__(self, library: Any, blocks: list[int], channels: int, pool: WorkspacePool) -> None:
        self._library = library
        self._blocks = blocks
        self._channels = channels
        self._pool = pool

    def __del__(self) -> None:
        for block in self._blocks:
            self._library.sayso_block_free(block)

    def run(self, source: FloatArray, upsampled: FloatArray, styles: FloatArray) -> FloatArray:
        """Three times the stage's result, on the calling thread: the sum of its blocks.

        The workspace is twice as large as ``source``.

        Args:
            source: float32 of shape (frames, channels).
            upsampled: float32 of shape (frames, channels); is overwritten.
            styles: float32, for each block and convolution the norm's scales, then its shifts.

        Returns:
            float32 of shape (frames, channels).

        Raises:
            EngineFailed: the kernels do not compute arrays of these sizes.
        """
        shape = (len(upsampled), self._channels)
        given = (source, upsampled, styles)
        expected = (shape, shape, (len(self._blocks) * _STYLES * self._channels,))
        if tuple(values.shape for values in given) != expected or not all(map(_is_plain, given)):
            raise EngineFailed(
                f"The kernels were given arrays of {[values.shape for values in given]}, not {expected}."
            )
        result = np.empty(shape, np.float32)
        size = self._library.sayso_stage_workspace(self._channels, len(upsampled))
        blocks = (c_void_p * len(self._blocks))(*self._blocks)
        addresses = (values.ctypes.data for values in (styles, source, upsampled, result))
        with self._pool.borrow(size) as workspace:
            failed = size == 0 or self._library.sayso_stage(blocks, *addresses, len(upsampled), workspace, size)
        if failed:
            raise EngineFailed(f"The kernels refused {len(upsampled)} frames of {self._channels} channels.")
        return result


class NativeConvolution:
    """A convolution of floats. Threads may share it: each call borrows a buffer of its own.

    It owns the packed weights, until it is collected.

    Args:
        library: the loaded kernels.
        address: of the packed convolution, which it frees.
        convolution: what it was made of.
        pool: of the workspaces of its calls.
    """

    def __init__(self, library: Any, address: int, convolution: FloatConvolution, pool: WorkspacePool) -> None:
        self._library = library
        self._address = address
        self._pool = pool
        self._slope = convolution.slope
        self._before = convolution.before
        _, self._inputs, self._outputs = convolution.weights.shape

    def __del__(self) -> None:
        self._library.sayso_dense_free(self._address)

    def run(self, x: FloatArray, rows: int, factor: float = 1.0) -> FloatArray:
        """The convolution, on the calling thread.

        Args:
            x: float32 of shape (frames, channels that go in).
            rows: how many frames come out; where the input has ended, it is 0.
            factor: what ``x`` is multiplied by before.

        Returns:
            float32 of shape (rows, channels that come out).

        Raises:
            EngineFailed: the kernels do not compute arrays of these sizes.
        """
        if x.ndim != 2 or x.shape[1] != self._inputs or not _is_plain(x):
            raise EngineFailed(f"The kernels were given an array of {x.shape}, with {self._inputs} channels expected.")
        result = np.empty((max(rows, 0), self._outputs), np.float32)
        size = self._library.sayso_dense_workspace(self._address)
        arguments = (x.ctypes.data, factor, self._slope, len(x), self._before, rows, result.ctypes.data)
        with self._pool.borrow(size) as workspace:
            failed = self._library.sayso_dense_run(self._address, *arguments, workspace, size)
        if failed:
            raise EngineFailed(f"The kernels refused {len(x)} frames of {self._inputs} channels.")
        return result


def _is_plain(values: FloatArray) -> bool:
    return values.dtype == np.float32 and values.flags.c_contiguous
