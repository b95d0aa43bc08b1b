"""Images for deployments: releases that are made from the images of this project by one more layer each."""

from __future__ import annotations

import os
import shlex
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

REPOSITORY = "deploy-test"

_MIGRATION = '''
"""A table more."""
from alembic import op
revision = "{version}"
down_revision = "{before}"
{mark}
def upgrade() -> None:
    op.execute("create table sayso.added_{version} (id int primary key)")
'''


def engine(*arguments: str) -> str:
    """Run the engine of this machine, which `CONTAINERS` names, and return what it prints.

    Raises:
        AssertionError: it fails.
    """
    return _run([*engine_command(), *arguments])


def engine_command() -> list[str]:
    """The engine of this machine, as a command."""
    return shlex.split(os.environ.get("CONTAINERS") or "podman")


def base_image(target: str) -> str:
    """An image that `make image` built."""
    return f"{os.environ.get('SAYSO_IMAGE', 'sayso')}:{target}-{os.environ.get('SAYSO_VERSION', 'latest')}"


def _run(command: Sequence[str]) -> str:
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, f"{shlex.join(command)}: {done.stdout[-1000:]} {done.stderr[-2000:]}"
    return done.stdout


def release(version: str, *, base: str, lines: str = "", files: dict[str, str] | None = None, directory: Path) -> str:
    """Build ``deploy-test:api-VERSION`` from an image, with lines of a Dockerfile more.

    Args:
        version: of the release.
        base: the image.
        lines: of the Dockerfile, as root.
        files: texts by name that the lines may copy.
        directory: for the build.
    """
    context = directory / version
    context.mkdir()
    for name, text in (files or {}).items():
        (context / name).write_text(text)
    (context / "Dockerfile").write_text(f'FROM {base}\nUSER 0\nLABEL release="{version}"\n{lines}\nUSER 1000:1000\n')
    tag = f"{REPOSITORY}:api-{version}"
    build = shlex.split(os.environ.get("IMAGE_BUILD") or "podman build --format docker")
    _run([*build, "--file", str(context / "Dockerfile"), "--tag", tag, str(context)])
    return tag


def migration(version: str, *, before: str, contracts: bool = False) -> str:
    """The file of a migration."""
    mark = "CONTRACTS = True\n" if contracts else ""
    return _MIGRATION.format(version=version, before=before, mark=mark)
