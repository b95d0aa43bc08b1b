"""``sayso run cards`` as a process, on the tables of an application and with the fault server as the provider."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from support.stories.process import StoriesProcess

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from sayso.testing.openai_server import OpenAIServer

BASE_URL = "https://cards.example.com/tts"


class CardsProcess(StoriesProcess):
    """A worker of cards; see `StoriesProcess`.

    Args:
        directory: of its data and its log, and of the MP3 files in ``tts``, which several workers may share.
        database_url: of the application, and of Sayso.
        server: the provider; None to speak with the local engines.
        settings: environment variables.
        command: after ``sayso``.
    """

    def __init__(
        self,
        directory: Path,
        database_url: str,
        *,
        server: OpenAIServer | None = None,
        settings: Mapping[str, str] | None = None,
        command: tuple[str, ...] = ("run", "cards"),
    ) -> None:
        self.files = directory / "tts"
        provider = {"PRIMARY_SERVICE": "local"}
        if server is not None:
            provider = {
                "OPENAI_API_KEY": server.key,
                "OPENAI_BASE_URL": server.base_url,
                "SAYSO_OPENAI_CHECK_SECONDS": "0",  # tests count the requests
                "PRIMARY_SERVICE": "openai",
                "FALLBACK_TO_LOCAL": "false",
                "SAYSO_OPENAI_MIN_INTERVAL_MS": "0",
            }
        own = {
            "DATABASE_URL": database_url,
            "LOCAL_STORAGE_PATH": str(self.files),
            "STORAGE_TYPE": "local",
            "PUBLIC_BASE_URL": BASE_URL,
            "POLL_INTERVAL_MS": "200",
            "SAYSO_LOG_FORMAT": "json",
        }
        super().__init__(directory, {**own, **provider, **(settings or {})}, command=command)

    def content(self, url: str) -> bytes:
        """The file at a URL of a card."""
        assert url.startswith(f"{BASE_URL}/"), url
        name = unquote(url.removeprefix(f"{BASE_URL}/").partition("?")[0])
        return (self.files / name).read_bytes()

    @property
    def events(self) -> list[dict[str, Any]]:
        """Its log messages."""
        return [json.loads(line) for line in self.log.splitlines() if line.startswith("{")]
