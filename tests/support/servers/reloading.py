"""`make dev`: `sayso`, started again whenever its code changes.

    python -m support.servers.reloading [--watch DIR] [ARGUMENT…]

The arguments are those of `sayso`; without any it is `sayso up`. Uvicorn watches: by watchfiles where that is
installed, else by looking at the times of all modules.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import uvicorn
from uvicorn.supervisors import ChangeReload

from sayso.cli import main

if TYPE_CHECKING:
    from collections.abc import Sequence
    from socket import socket

SOURCE = Path(__file__).resolve().parents[3] / "src"

QUICK = {"SAYSO_SHUTDOWN_SECONDS": "1"}
"""Default settings: a developer does not want to wait for running requests."""

_PLAIN = {"version": 1, "disable_existing_loggers": False}


def sayso(arguments: Sequence[str], sockets: Sequence[socket]) -> None:  # noqa: ARG001 -- as uvicorn calls it
    """Run the command in a separate process."""
    sys.argv = ["sayso", *arguments]
    main()


def watch(arguments: Sequence[str], directory: Path) -> None:
    """Run the command until a signal stops it, and restart it after each change in the directory."""
    logging.basicConfig(level=logging.INFO, format="dev: %(message)s")
    for name, value in QUICK.items():
        os.environ.setdefault(name, value)
    config = uvicorn.Config("", reload=True, reload_dirs=[str(directory)], log_config=_PLAIN)
    ChangeReload(config, target=partial(sayso, arguments), sockets=[]).run()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--watch", type=Path, default=SOURCE, metavar="DIR")
    own, rest = parser.parse_known_args()
    watch(rest or ["up"], own.watch)
