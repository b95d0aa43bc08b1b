"""The machine and the software that the figures belong to."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from pathlib import Path

from sayso.machine import processors

_PACKAGES = ("sayso", "onnxruntime", "numpy", "av", "faster-whisper", "kokoro-onnx")
_CPU_INFO = Path("/proc/cpuinfo")


def machine_facts() -> list[tuple[str, str]]:
    """Processor, system, versions and how busy the machine is already, as pairs of name and value."""
    facts = [
        ("processor", f"{_processor()}, {processors()} to be used by this process"),
        ("system", f"{platform.system()} {platform.release()}, Python {platform.python_version()}"),
        ("packages", ", ".join(f"{name} {version(name)}" for name in _PACKAGES)),
    ]
    load = os.getloadavg()[0]
    busy = " (busy: timings are worth little)" if load > processors() / 2 else ""
    return [*facts, ("load average", f"{load:.1f} over the last minute, before the start{busy}")]


def _processor() -> str:
    if _CPU_INFO.exists():
        for line in _CPU_INFO.read_text().splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return value.strip()
    return platform.processor() or platform.machine()
