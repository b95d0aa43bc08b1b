"""The steps of a deployment, with stand-ins for the engine and for ssh that record what they are asked for."""

from __future__ import annotations

import fcntl
import json
import marshal
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).parents[3]
STAND_IN = ROOT / "tests/support/deploy/stand_in.py"
OLD, NEW = "a" * 64, "b" * 64

SSH = """#!/bin/sh
# The last word is the command line; -O is for the shared connection.
printf '%s\\n' "$*" >>"$STAND_IN/ssh"
for last; do :; done
case " $* " in *" -O "*) exit 0 ;; esac
STAND_IN_SERVER=1 exec bash -c "$last"
"""


@dataclass(kw_only=True)
class Server:
    """A server of stand-ins: `home` is theirs, `project` the installation."""

    home: Path
    project: Path
    environment: Path

    def run(self, *arguments: str, code: int = 0, **settings: str) -> str:
        """Run deploy.sh, and return all that it prints."""
        variables = {
            "PATH": f"{self.home / 'bin'}:{os.environ['PATH']}",
            "HOME": str(self.home),
            "STAND_IN": str(self.home),
            "STAND_IN_PROJECT": str(self.project),
            "SERVER_HOST": "server.example.com",
            "SERVER_USER": "deploy",
            "SERVER_KNOWN_HOSTS": "server.example.com ssh-ed25519 AAAA",
            "PROJECT_PATH": str(self.project),
            "SAYSO_VERSION": "new",
            "SAYSO_DEPLOY_ENV_FILE": str(self.environment),
            "SAYSO_WATCH_SECONDS": "0",
            "SAYSO_GATE_SECONDS": "3",
            "SAYSO_SPARE_MB": "1",
            **settings,
        }
        done = subprocess.run(
            [str(ROOT / "scripts/deploy.sh"), *(arguments or ("production",))],
            env=variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code, f"{done.returncode}\n{done.stdout}\n{done.stderr}\n{self.log()}"
        return done.stdout + done.stderr

    def log(self) -> str:
        logs = sorted((self.project / "logs").glob("*.log"))
        return logs[-1].read_text() if logs else ""

    def calls(self, word: str) -> list[list[str]]:
        """The arguments of the calls of the engine with a word in them."""
        lines = (self.home / "calls").read_text().splitlines()
        return [record["arguments"] for record in map(json.loads, lines) if word in record["arguments"]]

    def change(self, **entries: Any) -> None:
        """Change the engine's state."""
        state = json.loads((self.home / "state.json").read_text())
        for name, value in entries.items():
            state[name].update(value)
        (self.home / "state.json").write_text(json.dumps(state))

    def behave(self, behaviour: Mapping[str, Any]) -> None:
        """What the containers of an image answer."""
        (self.home / "behaviour").write_text(json.dumps(behaviour))

    def running(self) -> set[str]:
        state = json.loads((self.home / "state.json").read_text())
        return {each["service"] for each in state["containers"].values() if each["running"]}

    def slot(self) -> str:
        slots = self.project / "deploy/compose/slots"
        return next((name for name in ("green", "blue") if (slots / name).exists()), "")


@pytest.fixture
def server(tmp_path: Path) -> Server:
    """An empty server; this machine has the images `old` and `new` of the API and of sync."""
    home = tmp_path / "home"
    (home / "bin").mkdir(parents=True)
    compiled = home / "stand_in"
    compiled.write_bytes(marshal.dumps(compile(STAND_IN.read_text(), STAND_IN, "exec")))
    for name in ("docker", "podman", "podman-compose"):
        program = home / "bin" / name
        program.write_text(
            f"#!{sys.executable} -IS\nimport marshal\nexec(marshal.load(open({str(compiled)!r}, 'rb')))\n"
        )
        program.chmod(0o755)
    (home / "bin/ssh").write_text(SSH)
    (home / "bin/ssh").chmod(0o755)
    local = {"sayso:api-old": OLD, "sayso:api-new": NEW, "sayso:sync-old": f"{OLD}s", "sayso:sync-new": f"{NEW}s"}
    state = {"containers": {}, "images": {}, "local": local, "registry": {}}
    (home / "state.json").write_text(json.dumps(state))
    (home / "behaviour").write_text("{}")
    environment = tmp_path / "env.prod"
    environment.write_text("SAYSO_ALLOW_ANONYMOUS=true\nSECRET=of-the-file\nSAYSO_PROXY_PORT=1\nOPENAI_API_KEY=old\n")
    return Server(home=home, project=tmp_path / "project", environment=environment)


def test_two_releases_take_turns(server: Server) -> None:
    """The first gets the slot blue, the second green; the old containers stop after the switch, and stay."""
    assert "Outcome: deployed." in server.run(SAYSO_VERSION="old")
    assert (server.slot(), server.running()) == ("blue", {"whisper-api-blue", "proxy"})
    output = server.run()
    assert f"whisper-api: sayso:api-new, sha256:{NEW}" in output
    assert (server.slot(), server.running()) == ("green", {"whisper-api-green", "proxy"})
    assert server.run("production", "status").count("whisper-api") == 2
    assert "Outcome: rolled back to release" in server.run("production", "--rollback")
    assert (server.slot(), server.running()) == ("blue", {"whisper-api-blue", "proxy"})


def test_the_same_release_again_is_nothing_to_do(server: Server) -> None:
    """Unless its environment has changed."""
    server.run()
    assert "nothing to do" in server.run()
    server.environment.write_text(server.environment.read_text() + "MORE=1\n")
    assert "Outcome: deployed." in server.run()


def test_secrets_go_through_the_standard_input_into_private_files(server: Server) -> None:
    """The environment file, with the variables that are set here in the place of its own; they are in no argument."""
    output = server.run(OPENAI_API_KEY="sk-new")
    assert (server.project / ".env").read_text().splitlines()[1:] == [
        "SECRET=of-the-file",
        "SAYSO_PROXY_PORT=1",
        "OPENAI_API_KEY=sk-new",
    ]
    for path in server.project.rglob("*"):
        if path.is_file() and any(secret in path.read_text() for secret in ("of-the-file", "sk-new")):
            assert path.stat().st_mode & 0o077 == 0, path
    said = output + (server.home / "ssh").read_text() + (server.home / "calls").read_text() + server.log()
    assert "of-the-file" not in said
    assert "sk-new" not in said


def test_the_key_of_the_server_is_pinned(server: Server) -> None:
    """Every connection compares it with the known one, and none is made without."""
    server.run("production", "status")
    connections = [line for line in (server.home / "ssh").read_text().splitlines() if " -O " not in line]
    assert connections
    assert all("StrictHostKeyChecking=yes" in line and "UserKnownHostsFile=" in line for line in connections)
    assert "There is no key of the server" in server.run("production", "status", code=2, SERVER_KNOWN_HOSTS="")


def test_images_of_a_registry_are_pulled_by_the_server(server: Server) -> None:
    """And nothing is sent; one that is not there ends the deployment before anything is changed."""
    server.change(registry={"registry.example.com/sayso:api-new": NEW})
    server.run(SAYSO_IMAGE="registry.example.com/sayso")
    assert server.calls("pull") == [["pull", "registry.example.com/sayso:api-new"]]
    assert server.calls("save") == []
    output = server.run(SAYSO_IMAGE="registry.example.com/sayso", SAYSO_VERSION="none", code=1)
    assert "The image registry.example.com/sayso:api-none cannot be pulled" in output
    assert server.running() == {"whisper-api-blue", "proxy"}


def test_a_release_that_is_worse_is_removed(server: Server) -> None:
    """What ran has the requests all the time, and its environment file is back."""
    server.run(SAYSO_VERSION="old")
    before = (server.project / ".env").read_text()
    worse = {"status": "unhealthy", "engines": {"speech": []}}
    server.behave({NEW: {"health": worse}})
    server.environment.write_text("OTHER=1\nSAYSO_PROXY_PORT=1\n")
    output = server.run(code=1)
    assert "failed and rolled back: release" in output
    assert (server.slot(), server.running()) == ("blue", {"whisper-api-blue", "proxy"})
    assert (server.project / ".env").read_text() == before
    assert "Outcome: deployed." in server.run("production", "--allow-worse")


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [
        ({"crashes": True}, "whisper-api ends by itself"),
        ({"/ready": 503}, "whisper-api answers 503 at /ready after 3 s"),
        ({"proxy": 502}, "The candidate answers 502 at /ready through the proxy"),
    ],
)
def test_every_failure_gives_the_requests_back(server: Server, behaviour: dict[str, Any], reason: str) -> None:
    """Before the switch or after it."""
    server.run(SAYSO_VERSION="old")
    server.behave({NEW: behaviour})
    output = server.run(code=1)
    assert reason in output
    assert "failed and rolled back: release" in output
    assert (server.slot(), server.running()) == ("blue", {"whisper-api-blue", "proxy"})
    assert "Unfinished" not in server.run("production", "status")


def test_what_runs_may_be_as_bad(server: Server) -> None:
    """A dependency that is away for both does not keep a fix away."""
    server.run(SAYSO_VERSION="old")
    server.behave({OLD: {"/ready": 503}, NEW: {"/ready": 503}})
    output = server.run(SAYSO_GATE_SECONDS="12")
    assert "whisper-api answers 503 at /ready, and so does what runs (503): no worse." in output


def test_a_migration_that_takes_something_away_is_refused(server: Server) -> None:
    """Unless --contract is given."""
    server.run(SAYSO_VERSION="old")
    state = json.loads((server.home / "state.json").read_text())
    state["containers"]["id-whisper-api-blue"]["environment"] = ["DATABASE_URL=postgresql://u:secret@postgres/sayso"]
    (server.home / "state.json").write_text(json.dumps(state))
    found = {"version": "0005", "pending": ["0006", "0007"], "contracting": ["0007"]}
    (server.home / "migrations").write_text(json.dumps(found))
    assert "The migrations 0007 take away" in server.run(code=1)
    assert server.slot() == "blue"
    assert "Outcome: deployed." in server.run("production", "--contract")
    assert all("secret" not in word for call in server.calls("migrate") for word in call)


def test_a_configuration_that_compose_refuses_ends_it_before_anything_is_changed(server: Server) -> None:
    """With what compose says."""
    server.environment.write_text("REFUSED=1\n")
    output = server.run(code=1)
    assert "Compose refuses the configuration: required variable SAYSO_API_KEYS is missing a value" in output
    assert not (server.project / ".env").exists()
    assert not (server.project / "docker-compose.prod.yml").exists()


def test_a_lack_of_room_ends_it_before_anything_is_changed(server: Server) -> None:
    """With the figures."""
    output = server.run(code=1, SAYSO_SPARE_MB="999999999")
    assert "There is no room for the back-up" in output
    assert not (server.project / ".env").exists()
    assert server.running() == set()


def test_old_back_ups_and_images_are_removed(server: Server) -> None:
    """The newest stay, and the images of both slots."""
    for version in ("old", "new", "old"):
        server.run(SAYSO_VERSION=version, SAYSO_BACKUPS_KEPT="2")
    assert len(list((server.project / "backups").iterdir())) == 2
    images = json.loads((server.home / "state.json").read_text())["images"]
    assert sorted(images[tag] for tag in images if tag.startswith("sayso-slot:")) == [OLD, NEW]


def test_a_dry_run_changes_nothing(server: Server) -> None:
    """Neither on the server nor in its engine."""
    before = (server.home / "state.json").read_text()
    assert "release" in server.run("production", "--dry-run")
    assert (server.home / "state.json").read_text() == before
    assert not (server.project / "logs").exists()
    assert list((server.project / ".deploy/releases").iterdir()) == []


def test_podman_is_used_where_docker_does_not_answer(server: Server) -> None:
    """With podman-compose."""
    (server.home / "no-docker").touch()
    server.run()
    programs = {json.loads(line)["program"] for line in (server.home / "calls").read_text().splitlines()}
    assert "podman-compose" in programs


def test_sync_is_replaced_in_its_place(server: Server) -> None:
    """It has no slots; when the new image does not answer, the old one runs again."""
    services = "whisper-api sync"
    server.run(SAYSO_VERSION="old", SAYSO_SERVICES=services)
    assert "sync" in server.running()
    server.behave({f"{NEW}s": {"/health": 503}})
    output = server.run(SAYSO_SERVICES=services, code=1)
    assert "sync does not answer 200 at /health with its new image" in output
    state = json.loads((server.home / "state.json").read_text())
    assert state["containers"]["id-sync"]["image"] == f"{OLD}s"
    server.behave({})
    server.run(SAYSO_SERVICES=services)
    state = json.loads((server.home / "state.json").read_text())
    assert state["containers"]["id-sync"]["image"] == f"{NEW}s"


def test_a_second_deployment_waits_and_refuses(server: Server) -> None:
    """While another process has the lock; when that is gone, its name is only a note."""
    (server.project / ".deploy").mkdir(parents=True)
    (server.project / ".deploy/lock.holder").write_text("someone else\n")
    with (server.project / ".deploy/lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        output = server.run(code=4, SAYSO_LOCK_SECONDS="1")
        assert "Another deployment is running: someone else" in output
    assert "The lock was left by a run that was killed: someone else" in server.run()


@pytest.mark.parametrize(
    ("arguments", "settings", "reason"),
    [
        (["nowhere"], {}, "usage: scripts/deploy.sh production|staging"),
        (["production", "--nonsense"], {}, "There is no option '--nonsense'"),
        (["production"], {"SERVER_HOST": ""}, "SERVER_HOST is not set"),
        (["production"], {"SERVER_HOST": "-oProxyCommand=x"}, "SERVER_HOST is not the name of a host"),
        (["production"], {"PROJECT_PATH": "/a'b"}, "PROJECT_PATH must be an absolute path"),
        (["production"], {"SAYSO_GATE_SECONDS": "soon"}, "SAYSO_GATE_SECONDS must be a whole number"),
        (["production"], {"SAYSO_SERVICES": "stories"}, "SAYSO_SERVICES must include whisper-api"),
        (["production"], {"SAYSO_VERSION": "none"}, "There is no image sayso:api-none here"),
        (["production", "--restore", "none"], {}, "There is no back-up none on the server"),
    ],
)
def test_wrong_use_is_named(server: Server, arguments: list[str], settings: dict[str, str], reason: str) -> None:
    """With exit code 2, before anything is done."""
    assert reason in server.run(*arguments, code=2, **settings)


def evaluated(expression: str, *parts: str) -> str:
    """What a function of the server's part prints."""
    sources = "; ".join(f"source {ROOT}/deploy/scripts/server/{part}.sh" for part in parts)
    bash = shutil.which("bash")
    assert bash is not None
    done = subprocess.run([bash, "-c", f"{sources}; {expression}"], capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql://u:p@db:5432/name?schema=public&connection_limit=5", "postgresql://u:p@db:5432/name"),
        ("postgresql+asyncpg://u:p@db/name?sslmode=require", "postgresql://u:p@db/name?sslmode=require"),
        (
            "jdbc:postgresql://db/name?sslmode=verify-full&sslrootcert=system&x=1",
            "postgresql://db/name?sslmode=verify-full&sslrootcert=system",
        ),
        ("", ""),
    ],
)
def test_the_url_of_a_database_is_that_of_libpq(url: str, expected: str) -> None:
    """pg_dump refuses the parameters of other libraries."""
    assert evaluated(f"libpq_url '{url}'", "database") == expected


def test_addresses_are_found_in_the_tables_of_the_kernel() -> None:
    """They have the bytes of an address in reverse."""
    assert evaluated("hexadecimal 10.89.0.7", "drain") == "0700590A"
