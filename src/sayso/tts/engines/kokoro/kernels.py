"""Loads the native kernels: C++ for the residual blocks of Kokoro's generator, called through ctypes.

They are compiled from ``native/`` when Sayso is built, where there is a C++ compiler; without one, the ONNX graph does
the same work. Which instructions they use is chosen when they are loaded, among those that the processor has.
"""

from __future__ import annotations

import ctypes
from ctypes import POINTER, Structure, c_char_p, c_float, c_int32, c_int64, c_size_t, c_void_p
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import structlog

from sayso.tts.engines.kokoro.native import NativeConvolution, NativeStage, WorkspacePool

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sayso.tts.engines.kokoro.generator_parts import Block, FloatConvolution, Stage

_log = structlog.get_logger(__name__)

LIBRARY: Final = Path(__file__).with_name("sayso_kernels.so")
"""Where the build puts the compiled kernels, on every system."""

_INTERFACE: Final = 2
"""Of ``native/sayso_kernels.h``; a library with any other is not used."""


class _Convolution(Structure):
    """``sayso_convolution``."""

    _fields_ = (
        ("weights", c_void_p),
        ("bias", c_void_p),
        ("reciprocal", c_void_p),
        ("weights_scale", c_float),
        ("epsilon", c_float),
        ("taps", c_int32),
        ("dilation", c_int32),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class InstructionSet:
    """One that the library was compiled for.

    Attributes:
        number: within the library; lower ones are faster.
        name: such as ``avx512-vnni``.
        is_supported: whether this processor and operating system run it.
    """

    number: int
    name: str
    is_supported: bool


class Kernels:
    """The loaded library. It keeps no state between calls: threads may share it. No call holds the GIL."""

    def __init__(self, library: ctypes.CDLL) -> None:
        self._library = library
        library.sayso_instruction_set.restype = c_char_p
        library.sayso_instruction_set.argtypes = (c_int32,)
        library.sayso_is_supported.argtypes = (c_int32,)
        library.sayso_block_new.restype = c_void_p
        library.sayso_block_new.argtypes = (c_int32, c_int32, POINTER(_Convolution))
        library.sayso_block_free.restype = None
        library.sayso_block_free.argtypes = (c_void_p,)
        library.sayso_stage_workspace.restype = c_size_t
        library.sayso_stage_workspace.argtypes = (c_int32, c_int64)
        arrays = (c_void_p, c_void_p, c_void_p, c_void_p)
        library.sayso_stage.argtypes = (c_void_p, *arrays, c_int64, c_void_p, c_size_t)
        library.sayso_dense_new.restype = c_void_p
        library.sayso_dense_new.argtypes = (c_int32, c_int32, c_int32, c_int32, c_void_p, c_void_p)
        library.sayso_dense_free.restype = None
        library.sayso_dense_free.argtypes = (c_void_p,)
        library.sayso_dense_workspace.restype = c_size_t
        library.sayso_dense_workspace.argtypes = (c_void_p,)
        sizes = (c_int64, c_int64, c_int64)
        library.sayso_dense_run.argtypes = (c_void_p, c_void_p, c_float, c_float, *sizes, c_void_p, c_void_p, c_size_t)

    def instruction_sets(self) -> Sequence[InstructionSet]:
        """Those that the library was compiled for, the fastest first."""
        found: list[InstructionSet] = []
        while name := self._library.sayso_instruction_set(len(found)):
            supported = bool(self._library.sayso_is_supported(len(found)))
            found.append(InstructionSet(number=len(found), name=name.decode(), is_supported=supported))
        return found

    def stage(self, stage: Stage, instruction_set: InstructionSet, pool: WorkspacePool) -> NativeStage | None:
        """One stage of the generator, ready to run; None if it is of a shape that the kernels do not compute."""
        blocks: list[int] = []
        native = NativeStage(
            self._library, blocks, stage.channels, pool
        )  # which frees them, also when not all are made
        for block in stage.blocks:
            made = self._block(block, instruction_set, stage.channels)
            if made is None:
                return None
            blocks.append(made)
        return native

    def convolution(
        self, convolution: FloatConvolution, instruction_set: InstructionSet, pool: WorkspacePool
    ) -> NativeConvolution | None:
        """A convolution of floats, ready to run; None if it is of a shape that the kernels do not compute."""
        taps, inputs, outputs = convolution.weights.shape
        addresses = (convolution.weights.ctypes.data, convolution.bias.ctypes.data)
        made: int | None = self._library.sayso_dense_new(instruction_set.number, inputs, outputs, taps, *addresses)
        return None if made is None else NativeConvolution(self._library, made, convolution, pool)

    def _block(self, block: Block, instruction_set: InstructionSet, channels: int) -> int | None:
        arrays = [
            [np.ascontiguousarray(values) for values in (each.weights, each.bias, each.reciprocal)]
            for each in block.convolutions
        ]
        constants = [
            _Convolution(
                *(values.ctypes.data for values in given), each.weights_scale, each.epsilon, each.taps, each.dilation
            )
            for each, given in zip(block.convolutions, arrays, strict=True)
        ]
        array = (_Convolution * len(constants))(*constants)
        made: int | None = self._library.sayso_block_new(instruction_set.number, channels, array)
        return made


def load_kernels(path: Path = LIBRARY) -> Kernels | None:
    """The compiled kernels; None, with the reason in the log, if there are none that this machine can use."""
    reason = "they were not compiled when Sayso was built, for want of a C++ compiler"
    if path.exists():
        try:
            library = ctypes.CDLL(str(path))
        except OSError as error:
            reason = str(error)
        else:
            interface = getattr(library, "sayso_interface", None)
            if interface is not None and interface() == _INTERFACE:
                kernels = Kernels(library)
                if any(each.is_supported for each in kernels.instruction_sets()):
                    return kernels
                reason = "this processor has none of the instruction sets that they were compiled for"
            else:
                reason = "they were compiled from another version"
    _log.info("speech is made by the ONNX graph, not by native kernels", reason=reason)
    return None
