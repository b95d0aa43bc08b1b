"""No library reports its use to its vendor."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def test_onnxruntime_makes_no_identifier_of_this_machine(tmp_path: Path) -> None:
    """Its reports carry one, which it keeps in the user's home or complains about; without reports it has none."""
    environment = {name: value for name, value in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"}
    environment |= {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path)}
    code = "import sayso, onnxruntime; onnxruntime.SessionOptions(); onnxruntime.get_available_providers()"
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert "telemetry" not in (done.stdout + done.stderr).lower()
    assert list(tmp_path.rglob("*")) == []
