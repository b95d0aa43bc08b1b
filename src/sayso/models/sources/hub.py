"""The model hub, through huggingface_hub."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, NamedTuple

from sayso.errors import SourceFailed
from sayso.models.model_types import File
from sayso.models.sources.base import without_credentials

if TYPE_CHECKING:
    from collections.abc import Callable

    from sayso.models.staging import DownloadStaging

_REACH_TIMEOUT_SECONDS = 5.0


class _Folder(NamedTuple):
    """A folder of a repository, at one revision."""

    repository: str
    revision: str
    folder: str


class HubSource:
    """Repositories of the model hub; the address is ``owner/repository@revision`` with an optional ``/folder``."""

    needs_network = True

    def __init__(self) -> None:
        self._unreachable_because: str | None = None

    def fetch(self, address: str, model_name: str, staging: DownloadStaging) -> None:  # noqa: ARG002 -- the address says it all
        """Download each missing file from the folder that the address names.

        Raises:
            SourceFailed: the hub cannot be reached, or does not have a file.
            OutputFailed: the staging directory cannot be written.
        """
        place = _parse(address)
        self._reach()
        work = staging.work_directory("hub", resumable=True)
        for file in staging.wanted:
            if isinstance(file, File):
                staging.adopt(_download(place, file, work, staging.arriving))

    def _reach(self) -> None:
        """Fail early if the hub cannot be reached; the check runs once per pull.

        The hub's library retries for half a minute per file before it gives up.
        """
        from huggingface_hub import constants, get_session

        # The base class of the errors of the library's HTTP client, whichever client that is.
        from huggingface_hub.errors import HTTPError  # type: ignore[attr-defined]

        constants.HF_HUB_DISABLE_TELEMETRY = True
        if self._unreachable_because is None:
            try:
                get_session().head(constants.ENDPOINT, timeout=_REACH_TIMEOUT_SECONDS)
            except (HTTPError, OSError) as error:
                self._unreachable_because = f"the hub cannot be reached: {without_credentials(str(error))}"
        if self._unreachable_because is not None:
            raise SourceFailed(self._unreachable_because)


def _parse(address: str) -> _Folder:
    """The parts of ``owner/repository@revision/folder``."""
    repository, _, rest = address.partition("@")
    revision, _, folder = rest.partition("/")
    return _Folder(repository, revision, folder)


def _download(place: _Folder, file: File, work: Path, on_bytes: Callable[[int], None]) -> Path:
    """Download one file below ``work``, resuming an earlier attempt there."""
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import HTTPError  # type: ignore[attr-defined]
    from huggingface_hub.utils.tqdm import tqdm

    class Listener(tqdm):
        """A progress bar that is not drawn: it only passes the count on."""

        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **{**options, "disable": True})  # type: ignore[no-untyped-call]

        def update(self, n: float | None = 1) -> None:
            self.n += n or 0
            on_bytes(int(self.n))

    try:
        path = hf_hub_download(
            place.repository,
            str(PurePosixPath(place.folder, file.path)),
            revision=place.revision,
            local_dir=work,
            tqdm_class=Listener,
        )
    except (HTTPError, OSError) as error:
        raise SourceFailed(f"{file.path}: {without_credentials(str(error))}") from error
    return Path(path)
