"""``sayso up``: one process with a database of its own, of which either may be killed."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from bench.server import free_port
from chaos.crew import Crew
from chaos.narration_api import NarrationClient
from chaos.postgres_scene import PostgresScene
from chaos.storm import Trouble

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from chaos.evidence import Evidence


class UpScene(PostgresScene):
    """See `PostgresScene`; the database is that of the process which is put to the test, as is the API."""

    name = "sayso up"
    command = ("up",)

    def __init__(self, directory: Path, chance: random.Random, settings: Mapping[str, str]) -> None:
        super().__init__(directory, chance, settings)
        self._database = self._data / "postgres"
        self._port = free_port()

    def environment(self, name: str) -> Mapping[str, str]:
        """What an operator would set, which is next to nothing."""
        settings = {name: value for name, value in super().environment(name).items() if name != "DATABASE_URL"}
        return {**settings, "PORT": str(self._port)}

    def trouble(
        self, trouble: Trouble, chance: random.Random, crew: Crew
    ) -> Sequence[tuple[float, Callable[[], None]]]:
        """See `storm.Place`."""
        if trouble is Trouble.POSTMASTER:
            with suppress(FileNotFoundError, ProcessLookupError, ValueError):
                number = (self._database / "postmaster.pid").read_text().split("\n", 1)[0]
                os.kill(int(number), signal.SIGKILL)
            return []
        return super().trouble(trouble, chance, crew)

    def evidence(self) -> Evidence:
        """All that is there, by another process that is started for it: the database ended with the last."""
        work = self._data / "work"
        long_ago = time.time() - 24 * 3600
        for directory in work.glob("*"):
            os.utime(directory, (long_ago, long_ago))
        with Crew(1, self._directory / "logs", self.environment, prefix="asked", command=self.command) as crew:
            crew.await_health()
            evidence = super().evidence()
            crew.close()
        return replace(evidence, left=[*evidence.left, *(str(path) for path in work.glob("*"))])

    def _left_at_work(self) -> list[str]:
        """Nothing yet: it is swept up by the process that is asked."""
        return []

    def _open_api(self) -> NarrationClient:
        self._server.stop()  # it was started to have its tables; the process starts it anew
        return NarrationClient(self._port)
