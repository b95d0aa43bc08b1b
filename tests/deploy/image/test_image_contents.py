"""What the images contain and how they are configured, asked of the images themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sayso import __version__

if TYPE_CHECKING:
    from support.containers.engine import ContainerEngine

pytestmark = pytest.mark.containers

TARGETS = ("slim", "full", "api", "stories", "cards", "sync")
_MEGABYTE = 10**6

_SECOND = 10**9  # Docker counts in nanoseconds


@pytest.mark.parametrize(
    ("target", "port", "path"),
    [
        ("api", 8000, "/ready"),
        ("stories", 8000, "/healthz"),
        ("cards", 8000, "/healthz"),
        ("sync", 8080, "/healthz"),
    ],
)
def test_a_service_differs_by_its_command_and_its_port(
    engine: ContainerEngine, target: str, port: int, path: str
) -> None:
    """`docker run IMAGE` does what the service did; the health check has the times that were in use."""
    found = engine.inspect(target)
    config = found["Config"]
    assert config["Cmd"] == ["sayso", "run", target]
    assert f"{port}/tcp" in config["ExposedPorts"]
    assert config["User"] == "1000:1000"
    assert config["WorkingDir"] == "/app"
    check = config.get("Healthcheck") or found["Healthcheck"]
    assert check["Test"] == ["CMD", "sayso-probe", path, str(port)]
    times = (check["Interval"], check["Timeout"], check["StartPeriod"])
    assert times == (30 * _SECOND, 10 * _SECOND, 60 * _SECOND)
    assert check["Retries"] == 3


@pytest.mark.parametrize("target", TARGETS)
def test_labels_say_what_an_image_is(engine: ContainerEngine, target: str) -> None:
    """OCI's labels: version, revision, time, licence."""
    labels = engine.inspect(target)["Config"]["Labels"]
    prefix = "org.opencontainers.image."
    assert labels[f"{prefix}version"] == __version__
    assert labels[f"{prefix}licenses"] == "MIT"
    assert len(labels[f"{prefix}revision"]) == 40
    assert {f"{prefix}{name}" for name in ("title", "description", "created", "documentation")} <= labels.keys()


@pytest.mark.parametrize(("target", "megabytes"), [("slim", 500), ("full", 1000)])
def test_an_image_is_small(engine: ContainerEngine, target: str, megabytes: int) -> None:
    """Unpacked, with the system below it."""
    assert engine.inspect(target)["Size"] < megabytes * _MEGABYTE


_LOOK = """
for tool in gcc cc g++ c++ make ld as strip pip pip3 npm node git; do command -v $tool && echo "found $tool"; done
find / -xdev -type f -perm /6000 2>/dev/null | sed 's/^/setuid /'
find /opt /usr /etc -xdev -writable ! -type l 2>/dev/null | sed 's/^/writable /'
find / -xdev \\( -name '.env*' -o -name '*.key' -o -name id_rsa -o -name .netrc -o -name .npmrc -o -name pip.conf \\) \\
  2>/dev/null | sed 's/^/secret /'
find /opt/sayso -type d \\( -name tests -o -name test \\) | sed 's/^/tests /'
python -c 'import pip' 2>/dev/null && echo 'found pip in the environment'
for python in /usr/bin/python3 /usr/local/bin/python3; do
  [ ! -x $python ] || ! $python -c 'import pip' 2>/dev/null || echo "found pip of $python"
done
"""


@pytest.mark.parametrize("target", ["slim", "full"])
def test_nothing_is_there_that_only_builds_or_leaks(engine: ContainerEngine, target: str) -> None:
    """No compiler, no pip or npm, no setuid program, no file to overwrite, no secret, no test of a library."""
    done = engine.run(target, "sh", "-c", _LOOK)
    assert done.output == ""


@pytest.mark.parametrize("target", ["slim", "full"])
def test_the_tools_that_operators_call_are_there(engine: ContainerEngine, target: str) -> None:
    """For health checks and for looking around: curl, env, df, and a shell; models only in `full`."""
    done = engine.run(target, "sh", "-euc", "curl --version && env && df /app && sayso --version && sayso models list")
    assert done.code == 0, done.errors
    assert __version__ in done.output.splitlines()
    here = {line.split()[0] for line in done.output.splitlines() if " here " in line and " not here " not in line}
    spoken_and_heard = {"kokoro-82m-int8", "kokoro-voices", "whisper-base", "hama-phonemes"}
    assert here == (spoken_and_heard if target == "full" else set())


def test_every_module_of_slim_and_full_can_be_imported(engine: ContainerEngine) -> None:
    """Trimming took nothing that is needed: each library that was stripped is loaded."""
    code = (
        "import importlib.metadata as m, importlib, sys\n"
        "skip = {'cards', 'google'}\n"
        "names = {n for d in m.distributions() for n in (d.read_text('top_level.txt') or '').split()}\n"
        "bad = []\n"
        "for name in sorted(names - skip):\n"
        "    try: importlib.import_module(name)\n"
        "    except Exception as e: bad.append(f'{name}: {e!r}')\n"
        "print(len(names), *bad, sep='\\n')\n"
    )
    for target in ("slim", "full"):
        done = engine.run(target, "python", "-c", code)
        assert done.code == 0, done.errors
        count, *bad = done.output.splitlines()
        assert int(count) > 20
        assert bad == []
