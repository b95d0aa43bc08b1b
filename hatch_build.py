"""A step of the build of the wheel: compiles the native kernels, where there is a C++ compiler.

Without one, the wheel is built all the same, and Sayso makes speech with the ONNX graph alone. `SAYSO_BUILD_KERNELS`
set to ``require`` makes that a failure, and ``off`` leaves the kernels out.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from packaging.tags import platform_tags

LIBRARY = Path("src/sayso/tts/engines/kokoro/sayso_kernels.so")


class KernelsHook(BuildHookInterface[Any]):
    """See the module."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 - given by the interface
        """Compile into the source tree, and make the library a part of the wheel."""
        library = Path(self.root, LIBRARY)
        with contextlib.suppress(OSError):  # of a source tree that cannot be written
            library.unlink(missing_ok=True)
        wanted = os.environ.get("SAYSO_BUILD_KERNELS", "auto")
        if wanted == "off":
            return
        native = _native_build(Path(self.root, "native/build.py"))
        try:
            found = native.build(library)
        except native.NoCompiler as problem:
            if wanted == "require":
                raise SystemExit(f"The native kernels are not compiled: {problem}") from problem
            self.app.display_warning(f"The native kernels are not compiled: {problem}")
            return
        self.app.display_info(f"The native kernels are compiled for {', '.join(found)}.")
        build_data["artifacts"].append(f"/{LIBRARY}")
        build_data["pure_python"] = False
        # It uses Python's interpreter in no way, so any of version 3 will do; the C library must be as new as here.
        tag = next(tag for tag in platform_tags() if not tag.startswith(("manylinux", "musllinux")))
        build_data["tag"] = f"py3-none-{tag}"


def _native_build(path: Path) -> Any:
    specification = importlib.util.spec_from_file_location("sayso_native_build", path)
    if specification is None or specification.loader is None:
        sys.exit(f"{path} is not there.")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module
