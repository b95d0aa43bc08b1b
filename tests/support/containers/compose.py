"""A stack of containers for tests: the compose files of the project, with images that are there, and ports of its own.

The commands of the machine are settings: CONTAINERS (docker) and COMPOSE (docker compose), as shells
split them. `make test-containers` sets them, builds the images and runs the tests.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import socket
import subprocess
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from support.missing_parts import missing
from support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

ROOT = Path(__file__).resolve().parents[3]
START_SECONDS = 600.0
"""For a stack to be healthy on a busy machine."""

_IMAGES = ("SAYSO_IMAGE", "SAYSO_VERSION", "POSTGRES_IMAGE", "PROXY_IMAGE", "PROMETHEUS_IMAGE", "AWS_EMULATOR_IMAGE")


def engine(*arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run the container engine's command line.

    Raises:
        AssertionError: it failed, and `check` is set.
    """
    return _run([*_command("CONTAINERS", "docker"), *arguments], os.environ, check=check)


def _command(variable: str, default: str) -> list[str]:
    command = shlex.split(os.environ.get(variable) or default)
    if shutil.which(command[0]) is None:
        missing(f"{command[0]} is not installed: set CONTAINERS and COMPOSE")
    return command


def _run(command: Sequence[str], environment: Mapping[str, str], *, check: bool) -> subprocess.CompletedProcess[str]:
    ran = subprocess.run(
        command, cwd=ROOT, env=dict(environment), capture_output=True, text=True, check=False, timeout=900
    )
    assert not check or ran.returncode == 0, f"{' '.join(command)}: {ran.stdout}\n{ran.stderr}"
    return ran


def free_ports(count: int) -> list[int]:
    """Ports that no process listens on now."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [int(each.getsockname()[1]) for each in sockets]


@dataclass(kw_only=True)
class Stack:
    """A compose project of the tests.

    Attributes:
        file: the compose file, from the root of the project.
        name: of the compose project; all of its containers and volumes are removed at the end.
        env_file: what an operator would have as .env.
        profiles: that are active.
        ports: the published ports on 127.0.0.1, by the variable that sets them.
    """

    file: str
    name: str
    env_file: Path
    profiles: tuple[str, ...] = ()
    ports: dict[str, int] = field(default_factory=dict)

    def compose(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a command of compose for this project."""
        profiles = [part for profile in self.profiles for part in ("--profile", profile)]
        command = [*_command("COMPOSE", "docker compose"), "--env-file", str(self.env_file), "-f", self.file]
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("SAYSO_", "AWS_"))}
        environment |= {name: os.environ[name] for name in _IMAGES if os.environ.get(name)}
        environment |= {name: str(port) for name, port in self.ports.items()}
        environment |= {
            "SAYSO_ENV_FILE": str(self.env_file),
            "SAYSO_CONTAINER_PREFIX": f"{self.name}-",
            "SAYSO_PUBLISH": "127.0.0.1",
        }
        return _run([*command, *profiles, "-p", self.name, *arguments], environment, check=check)

    def inspected(self) -> dict[str, Any]:
        """The engine's facts about each service's container."""
        listed = engine(
            "ps", "--all", "--quiet", "--filter", f"label=com.docker.compose.project={self.name}"
        ).stdout.split()
        facts = json.loads(engine("inspect", *listed).stdout) if listed else []
        return {each["Config"]["Labels"]["com.docker.compose.service"]: each for each in facts}

    def containers(self) -> dict[str, str]:
        """The id of each service's container."""
        return {service: facts["Id"] for service, facts in self.inspected().items()}

    def execute(self, service: str, *command: str) -> str:
        """What a command prints that runs in a service's container."""
        return engine("exec", self.containers()[service], *command).stdout

    def is_healthy(self, service: str) -> bool:
        """Whether the container's own health check succeeds; podman runs it here, where nothing else would."""
        facts = self.inspected()[service]
        if "podman" in os.environ.get("CONTAINERS", ""):
            return engine("healthcheck", "run", facts["Id"], check=False).returncode == 0
        return bool(facts["State"]["Health"]["Status"] == "healthy")

    def wait_until_healthy(self, *services: str) -> None:
        """Wait until every one of these is healthy.

        Raises:
            AssertionError: one is not, after ten minutes; with the ends of all logs.
        """
        for service in services:
            try:
                wait_until(lambda service=service: self.is_healthy(service), seconds=START_SECONDS)  # type: ignore[misc]
            except AssertionError as error:
                raise AssertionError(f"{service} is not healthy.\n{self.logs()}") from error

    def logs(self) -> str:
        """The end of each container's log."""
        ends = []
        for service, identity in self.containers().items():
            ran = engine("logs", "--tail", "25", identity, check=False)
            ends.append(f"--- {service}\n{ran.stdout}{ran.stderr}")
        return "\n".join(ends)

    def url(self, variable: str, path: str = "") -> str:
        """The address of a published port."""
        return f"http://127.0.0.1:{self.ports[variable]}{path}"


@contextmanager
def running(stack: Stack, *services: str) -> Iterator[Stack]:
    """The stack, started and healthy; nothing of it is left at the end.

    Args:
        stack: the project.
        services: those to start, which have health checks; others that they depend on are started, too.
    """
    try:
        stack.compose("up", "--detach", "--no-build", *services)
        stack.wait_until_healthy(*services)
        yield stack
    finally:
        ended = stack.compose("down", "--volumes", "--timeout", "40", check=False)
        remove_left(stack)
    assert ended.returncode == 0, ended.stdout + ended.stderr


def remove_left(stack: Stack) -> None:
    """Remove what is left of a stack, when `down` has failed."""
    for _ in range(len(stack.containers())):  # podman keeps a container that others depend on
        engine("rm", "--force", "--volumes", *stack.containers().values(), check=False)
        if not stack.containers():
            break
    for kind in ("volume", "network"):
        left = engine(kind, "ls", "--quiet", "--filter", f"name={stack.name}_").stdout.split()
        for each in left:
            engine(kind, "rm", each, check=False)
