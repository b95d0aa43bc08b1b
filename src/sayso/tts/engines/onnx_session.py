"""Loads a prepared ONNX graph; errors of onnxruntime become errors of Sayso."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sayso.errors import EngineFailed, ModelCorrupt

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from onnxruntime import SessionOptions


def open_session(graph: bytes, options: SessionOptions, *, model_file: Path, hint: str) -> Any:
    """A session that runs ``graph``, which was made of ``model_file``.

    Raises:
        ModelCorrupt: onnxruntime does not load it; ``hint`` says how to get a sound file.
    """
    # Importing onnxruntime takes longer than reading a short story from the cache.
    import onnxruntime

    try:
        return onnxruntime.InferenceSession(graph, options)
    except Exception as error:  # onnxruntime's exceptions have no common base
        raise ModelCorrupt(f"onnxruntime does not load {model_file}: {error}", hint=hint) from error


def run_session(session: Any, outputs: Sequence[str], feed: Mapping[str, Any]) -> Any:
    """The outputs of a session, computed on the calling thread.

    Raises:
        EngineFailed: onnxruntime failed.
    """
    try:
        return session.run(outputs, feed)
    except Exception as error:  # onnxruntime's exceptions have no common base
        raise EngineFailed(f"onnxruntime failed: {error}") from error
