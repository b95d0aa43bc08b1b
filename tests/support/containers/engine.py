"""Run the container images with Docker or podman.

`make test-containers` names the engine (CONTAINERS), the command that builds (IMAGE_BUILD) and the images.
"""

from __future__ import annotations

import itertools
import json
import os
import shlex
import shutil
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from support.waiting import WAIT_SECONDS, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HARDENED = ("--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--tmpfs", "/tmp")  # noqa: S108
"""How the images are meant to run: nothing can be written but a volume and the temporary directory."""

OFFLINE = ("--network", "none")

_RUN_SECONDS = 300.0

_numbers = itertools.count()


@dataclass(frozen=True, kw_only=True)
class Finished:
    """The end of a command: its exit code, and what it printed."""

    code: int
    output: str
    errors: str

    @property
    def text(self) -> str:
        """Everything that it printed."""
        return self.output + self.errors


@dataclass(frozen=True, kw_only=True)
class Container:
    """A running container."""

    engine: ContainerEngine
    name: str

    def execute(self, *command: str, options: tuple[str, ...] = ()) -> Finished:
        """Run a command in it."""
        return self.engine.call("exec", *options, self.name, *command)

    def logs(self) -> str:
        """What it has printed."""
        return self.engine.call("logs", self.name).text

    def wait_for(self, path: str, *, port: int = 8000) -> None:
        """Wait until it answers a path with success.

        Raises:
            AssertionError: it ended before, or does not.
        """

        def answers() -> bool:
            assert self.is_running(), self.logs()
            return self.execute("sayso-probe", path, str(port)).code == 0

        wait_until(answers, seconds=2 * WAIT_SECONDS)

    def get(self, path: str, *options: str, port: int = 8000) -> tuple[int, str]:
        """The status and the body of an answer, asked for within the container."""
        url = f"http://127.0.0.1:{port}{path}"
        done = self.execute("curl", "-s", "-w", "\n%{http_code}", *options, url)
        body, _, status = done.output.rpartition("\n")
        return int(status), body

    def is_running(self) -> bool:
        """Whether it has not ended."""
        return bool(self._state()["Running"])

    def stop(self, *, seconds: float = WAIT_SECONDS) -> int:
        """End it by SIGTERM; its exit code, 137 if it had to be killed after so many seconds."""
        self.engine.call("stop", "--time", str(round(seconds)), self.name)
        return int(self._state()["ExitCode"])

    def _state(self) -> dict[str, Any]:
        state: dict[str, Any] = json.loads(self.engine.call("inspect", self.name).output)[0]["State"]
        return state


@dataclass(frozen=True, kw_only=True)
class ContainerEngine:
    """Docker, podman, or a command that is called like them.

    Attributes:
        command: the engine.
        build: builds an image; takes the arguments of ``docker build``.
        repository: of the images.
        version: the end of their tags.
    """

    command: tuple[str, ...]
    build: tuple[str, ...]
    repository: str
    version: str

    @classmethod
    def of_environment(cls) -> ContainerEngine:
        """The one that `make test-containers` names; the test is skipped where there is none."""
        command = tuple(shlex.split(os.environ.get("CONTAINERS", "docker")))
        if shutil.which(command[0]) is None:
            pytest.skip(f"{command[0]} is not installed; name another with CONTAINERS")
        return cls(
            command=command,
            build=tuple(shlex.split(os.environ.get("IMAGE_BUILD", "docker build"))),
            repository=os.environ.get("SAYSO_IMAGE", "sayso"),
            version=os.environ.get("SAYSO_VERSION", "latest"),
        )

    def image(self, target: str) -> str:
        """The name of an image that `make image` built."""
        return f"{self.repository}:{target}-{self.version}"

    def call(self, *arguments: str) -> Finished:
        """Call the engine."""
        done = subprocess.run(
            [*self.command, *arguments], capture_output=True, text=True, timeout=_RUN_SECONDS, check=False
        )
        return Finished(code=done.returncode, output=done.stdout, errors=done.stderr)

    def inspect(self, target: str) -> dict[str, Any]:
        """What is known of an image."""
        found = self.call("image", "inspect", self.image(target))
        assert found.code == 0, f"{found.errors}: build the images with `make image`"
        description: dict[str, Any] = json.loads(found.output)[0]
        return description

    def run(self, target: str, *command: str, options: tuple[str, ...] = OFFLINE) -> Finished:
        """Run a container to its end."""
        return self.call("run", "--rm", "--no-healthcheck", *HARDENED, *options, self.image(target), *command)

    @contextmanager
    def started(self, target: str, *command: str, options: tuple[str, ...] = OFFLINE) -> Iterator[Container]:
        """A container that runs during the block, and is removed at its end."""
        name = f"image-test-{os.getpid()}-{next(_numbers)}"
        begun = self.call(
            "run", "--detach", "--no-healthcheck", "--name", name, *HARDENED, *options, self.image(target), *command
        )
        try:
            assert begun.code == 0, begun.text
            yield Container(engine=self, name=name)
        finally:
            self.call("rm", "--force", name)

    def build_image(self, directory: Path, dockerfile: Path, tag: str) -> None:
        """Build an image from a directory.

        Raises:
            AssertionError: that failed; with its output.
        """
        command = [*self.build, "--file", str(dockerfile), "--tag", tag, str(directory)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=_RUN_SECONDS, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
