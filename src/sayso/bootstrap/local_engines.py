"""Whether this installation has local engines; a slim image has none."""

from __future__ import annotations

from importlib.util import find_spec

from sayso.errors import ModelMissing

_PACKAGES = ("faster_whisper", "onnx", "onnxruntime")

INSTALL = "Use the image `full`, or install Sayso with all its dependencies."
"""What to do where there are none."""


def has_local_engines() -> bool:
    """Whether the packages of the local engines are installed; their models may be missing."""
    return all(find_spec(package) is not None for package in _PACKAGES)


def require_packages() -> None:
    """Make sure that the packages of the local engines are installed, before one is opened.

    Raises:
        ModelMissing: they are not, so no model can be used.
    """
    if not has_local_engines():
        raise ModelMissing("No local engines are installed here.", hint=INSTALL)
