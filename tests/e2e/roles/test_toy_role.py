"""A role that is added by one entry runs, is probed and measured, and drains, as those that come with Sayso."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import httpx2
import pytest

from bench.server import free_port
from sayso.bootstrap.roles import ROLES
from support.roles import toy
from support.waiting import WAIT_SECONDS, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Toys:
    """A process with the role ``toy``."""

    def __init__(self, directory: Path, *options: str) -> None:
        self.file = directory / "go"
        self.port = free_port()
        environment = os.environ | {"TOY_FILE": str(self.file), "SAYSO_DATA": str(directory / "data")}
        command = [sys.executable, toy.__file__, "run", "toy", "--port", str(self.port), *options]
        self.process = subprocess.Popen(command, env=environment)

    def get(self, path: str) -> httpx2.Response:
        return httpx2.get(f"http://127.0.0.1:{self.port}{path}", timeout=WAIT_SECONDS)

    def is_ready(self) -> bool:
        assert self.process.poll() is None
        return self.is_listening() and self.get("/ready").status_code == 200

    def is_listening(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


@pytest.fixture
def toys(tmp_path: Path) -> Iterator[Toys]:
    toys = Toys(tmp_path)
    try:
        yield toys
    finally:
        toys.process.kill()
        toys.process.wait(WAIT_SECONDS)


def test_a_role_of_ones_own_is_served_measured_and_drained(toys: Toys) -> None:
    """Everything that operators ask follows the entry; SIGTERM finishes what is in hand and begins nothing more."""
    wait_until(toys.is_ready)
    wait_until(lambda: toys.get("/backlog").json()["in_flight"] == 2)
    assert toys.get("/backlog").json()["waiting"] == 1
    assert toys.get("/healthz").json() == {"ok": True}
    health = toys.get("/health").json()
    assert (health["status"], health["engines"], health["toys"]) == ("ok", {}, 0)
    assert 'sayso_queue_jobs_in_flight{queue="toys"} 2.0' in toys.get("/metrics").text
    assert toys.get("/toys").json() == []

    toys.process.send_signal(signal.SIGTERM)
    wait_until(lambda: toys.process.poll() is not None or not toys.is_listening())
    toys.file.touch()
    assert toys.process.wait(WAIT_SECONDS) == 0
    assert sorted(toys.file.read_text().splitlines()) == ["a ball", "a doll"]


def test_its_jobs_are_counted(toys: Toys) -> None:
    """Attempts that end are in the metrics, under the name of the role's queue."""
    wait_until(toys.is_ready)
    toys.file.touch()
    wait_until(lambda: len(toys.get("/toys").json()) == 3)
    wait_until(lambda: 'sayso_jobs_total{outcome="done",queue="toys"} 3.0' in toys.get("/metrics").text)


def test_it_ends_by_itself_once_its_queue_is_empty(tmp_path: Path) -> None:
    """With --until-empty, as a job of Kubernetes: not while jobs are in hand, and with exit code 0."""
    toys = Toys(tmp_path, "--until-empty")
    try:
        wait_until(toys.is_ready)
        wait_until(lambda: toys.get("/backlog").json()["in_flight"] == 2)
        toys.file.touch()
        assert toys.process.wait(WAIT_SECONDS) == 0
    finally:
        toys.process.kill()
        toys.process.wait(WAIT_SECONDS)
    assert sorted(toys.file.read_text().splitlines()) == ["a ball", "a doll", "a kite"]


def test_without_a_queue_there_is_no_emptiness(tmp_path: Path) -> None:
    environment = os.environ | {"SAYSO_DATA": str(tmp_path / "data")}
    command = [sys.executable, "-m", "sayso", "run", "api", "--port", "0", "--until-empty"]
    refused = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)
    assert refused.returncode == 2
    assert "--until-empty needs a role that takes jobs from a queue" in refused.stderr


def test_the_command_line_knows_it(tmp_path: Path) -> None:
    """Its name and what it does are in the help, and among the names that there are."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        environment = os.environ | {"TOY_FILE": str(tmp_path / "go"), "COLUMNS": "200"}
        return subprocess.run(
            [sys.executable, toy.__file__, "run", *arguments],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    assert "toy: works on jobs in memory." in run("--help").stdout
    refused = run("toys")
    assert refused.returncode == 2
    assert ", ".join([*ROLES, "toy"]) in refused.stderr
