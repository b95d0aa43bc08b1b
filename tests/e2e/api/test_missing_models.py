"""``sayso run api`` where no model is: it pulls what it needs, and is ready once it has loaded that."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx2
import pytest

from bench.server import ServerProcess
from sayso.models import installed_models
from sayso.settings import load_settings
from support.waiting import WAIT_SECONDS

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.engine
def test_a_server_without_models_pulls_them(tmp_path: Path) -> None:
    """From the places of the settings; it speaks and transcribes then, and /health says that nothing is missing."""
    settings = {
        "MODELS_BASE_PATH": str(tmp_path / "models"),
        "SAYSO_MODELS_DIR": str(installed_models(load_settings()).root),
        "SAYSO_OFFLINE": "true",
        "SAYSO_PULL_MODELS": "true",
    }
    with ServerProcess(tmp_path, settings) as server:
        assert {path.name for path in (tmp_path / "models").iterdir() if path.is_dir()} == {
            "kokoro-82m-int8",
            "kokoro-voices",
            "whisper-base",
        }
        assert "a model has arrived" in server.log
        assert "ready to listen" in server.log
        assert httpx2.get(f"{server.root_url}/health", timeout=WAIT_SECONDS).json()["status"] == "ok"
