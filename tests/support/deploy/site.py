"""An installation on a server of this machine, and scripts/deploy.sh as an operator runs it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from support.deploy.clients import Request, answer
from support.deploy.images import REPOSITORY, engine_command
from support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Mapping

    from support.deploy.machine import ServerMachine

ROOT = Path(__file__).parents[3]
SCRIPT = ROOT / "scripts/deploy.sh"
PORT = 8000
DEPLOY_SECONDS = 1500.0
"""For a deployment on a busy machine."""


@dataclass(kw_only=True)
class Site:
    """An installation.

    Attributes:
        machine: the server.
        environment_file: what deploy.sh sends.
        notifications: where it notifies, as URLs of apprise.
    """

    machine: ServerMachine
    environment_file: Path
    notifications: str = ""
    settings: dict[str, str] = field(default_factory=dict)

    @property
    def host(self) -> str:
        """The server's address."""
        return self.machine.address.server

    def environment(self, settings: Mapping[str, str]) -> dict[str, str]:
        """The environment of deploy.sh."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("SAYSO_", "OPENAI_"))}
        return kept | {
            "SERVER_HOST": self.host,
            "SERVER_USER": "root",
            "SERVER_KNOWN_HOSTS": self.machine.known_hosts,
            "CI_SSH_KEY": self.machine.client_key,
            "PROJECT_PATH": str(self.machine.project),
            "SAYSO_ENGINE": "podman",
            "SAYSO_LOCAL_ENGINE": " ".join(engine_command()),
            "SAYSO_IMAGE": REPOSITORY,
            "SAYSO_DEPLOY_ENV_FILE": str(self.environment_file),
            "SAYSO_NOTIFY_URLS": self.notifications,
            "SAYSO_GATE_SECONDS": "600",
            "SAYSO_WATCH_SECONDS": "3",
            "SAYSO_LOCK_SECONDS": "5",
            **self.settings,
            **settings,
        }

    def begin(self, *arguments: str, version: str = "v1", **settings: str) -> subprocess.Popen[str]:
        """Start deploy.sh."""
        return subprocess.Popen(
            [str(SCRIPT), "production", *arguments],
            env=self.environment({"SAYSO_VERSION": version, **settings}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def deploy(self, *arguments: str, version: str = "v1", code: int = 0, **settings: str) -> str:
        """Run deploy.sh to its end, and return its output.

        Raises:
            AssertionError: it ends with another exit code; with the end of its log.
        """
        return self.ended(self.begin(*arguments, version=version, **settings), code=code)

    def export(self, backup: str) -> bytes:
        """The archive of a back-up."""
        done = subprocess.run(
            [str(SCRIPT), "production", "--export", backup],
            env=self.environment({}),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def ended(self, process: subprocess.Popen[str], *, code: int = 0) -> str:
        """The output of deploy.sh, once it has ended with a code."""
        output, _ = process.communicate(timeout=DEPLOY_SECONDS)
        assert process.returncode == code, f"{process.returncode}\n{output}\n{self.log()[-8000:]}"
        return output

    def log(self) -> str:
        """The newest log on the server."""
        logs = sorted((self.machine.project / "logs").glob("deployment-*.log"))
        return logs[-1].read_text() if logs else ""

    def chosen(self) -> str:
        """The slot that has the requests; empty if there is none."""
        slots = self.machine.project / "deploy/compose/slots"
        return next((name for name in ("green", "blue") if (slots / name).exists()), "")

    def wait_for_phase(self, phase: str) -> None:
        """Wait until the journal of the running deployment has a phase."""
        journal = self.machine.project / ".deploy/journal"
        wait_until(lambda: journal.exists() and f"phase={phase}\n" in journal.read_text(), seconds=DEPLOY_SECONDS)

    def kill_deployment(self) -> None:
        """Kill what runs on the server for the deployment, as a crash would."""
        holder = (self.machine.project / ".deploy/lock.holder").read_text()
        os.kill(int(holder.rpartition("process ")[2]), signal.SIGKILL)

    def get(self, path: str) -> Any:
        """The JSON of an address of the service."""
        status, body = answer(self.host, PORT, Request(method="GET", path=path))
        assert status == 200, body
        return json.loads(body)

    def sql(self, statement: str) -> str:
        """What the database answers."""
        container = self.machine.shell("podman ps -q --filter label=com.docker.compose.service=postgres").strip()
        return self.machine.shell(
            f'podman exec {container} psql -U sayso -d sayso --tuples-only --no-align --command "{statement}"'
        ).strip()
