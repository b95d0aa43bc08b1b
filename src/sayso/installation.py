"""Where this Sayso was installed from, and the command that adds a part to it. It is not on PyPI."""

from __future__ import annotations

import importlib.metadata
import json
import shlex
import shutil
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from sayso.errors import LanguageNotInstalled

if TYPE_CHECKING:
    from collections.abc import Sequence

_NAME = "sayso"


def install_hint(extra: str) -> str:
    """A hint with the command that installs an extra into the Python that runs."""
    return f"Run: {install_command(extra)}"


def language_not_installed(language: str, *, extra: str) -> LanguageNotInstalled:
    """The error of a language whose dictionary is not installed."""
    message = f"{language} needs the dictionary of the extra `{extra}`, which is not installed"
    return LanguageNotInstalled(message, hint=install_hint(extra))


def install_command(*extras: str) -> str:
    """The command that installs extras into the Python that runs, from where Sayso itself came.

    Where that is not known any more, the packages of the extras are named themselves.
    """
    own = _from_origin(extras)
    if own:
        return f"{_installer()} {' '.join(own)}"
    return install_packages_command(*(each for extra in extras for each in packages_of(extra)))


def install_packages_command(*packages: str) -> str:
    """The command that installs packages of an index into the Python that runs."""
    return f"{_installer()} {' '.join(shlex.quote(package) for package in packages)}"


def packages_of(extra: str) -> Sequence[str]:
    """The requirements of an extra, as in the metadata of the installed Sayso."""
    found = []
    for line in importlib.metadata.requires(_NAME) or ():
        requirement, _, marker = line.partition(";")
        if marker.replace('"', "'").strip() == f"extra == '{extra}'":
            found.append(requirement.strip())
    return found


def _installer() -> str:
    """The program that installs into this Python; environments of uv have no pip."""
    python = shlex.quote(sys.executable)
    if find_spec("pip") is None and shutil.which("uv") is not None:
        return f"uv pip install --python {python}"
    return f"{python} -m pip install"


def _direct_url() -> str | None:
    return importlib.metadata.distribution(_NAME).read_text("direct_url.json")


def _from_origin(extras: Sequence[str]) -> list[str]:
    """The arguments that install Sayso with extras from where it came; none if that is gone.

    PEP 610: ``direct_url.json`` has the address, unless an index delivered the package.
    """
    try:
        origin = json.loads(_direct_url() or "{}")
    except ValueError:
        return []
    address = urlsplit(str(origin.get("url", "")))
    path = Path(unquote(address.path))
    if address.scheme != "file" or not path.exists():
        return []
    if "dir_info" not in origin:  # a wheel
        return [shlex.quote(f"{path}[{','.join(extras)}]")]
    editable = ["--editable"] if origin["dir_info"].get("editable") else []
    return [*editable, shlex.quote(f"{path}[{','.join(extras)}]")]
