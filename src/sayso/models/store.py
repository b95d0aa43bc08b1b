"""The models on this machine: where they are, whether they are sound, and how they get here."""

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

    from sayso.models.entries import Model
    from sayso.models.progress import PullProgress
    from sayso.models.sources.base import Source


@dataclass(frozen=True, kw_only=True, slots=True)
class PulledModel:
    """What a pull or an import did for one model.

    Attributes:
        model: the model.
        directory: where its files are.
        files: the files that were brought, none when all were sound already.
        missing: the files that are still missing, which only an import leaves.
        received_bytes: what was received, parts of files that still miss others included.
    """

    model: Model
    directory: Path
    files: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    received_bytes: int = 0


class ModelStore:
    """Model files below one directory, ``root/model/file``.

    It may be shared by threads and by processes: a pull holds the model's lock, and files appear complete or not
    at all, so `path` needs none.
    """

    def __init__(
        self,
        root: Path,
        *,
        sources: Mapping[str, Callable[[], Source]],
        mirrors: Sequence[str] = (),
        catalogue: Mapping[str, Model] = CATALOGUE,
    ) -> None:
        """Name the parts; nothing is read or written yet.

        Args:
            root: the directory of all models.
            sources: how to open each kind of source that the catalogue and ``mirrors`` name.
            mirrors: places that hold whole files of any model, asked before those of the catalogue.
            catalogue: the models, by name.
        """
        self.root = root
        self.catalogue = catalogue
        self._sources = sources
        self._mirrors = tuple(mirrors)

    def path(self, name: str) -> Path:
        """The directory with a model's files, all of which are there and have the right size.

        Raises:
            InvalidInput: the catalogue has no such model.
            ModelMissing: a file is absent, or was cut off.
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
            on_read: told the size of each piece that was read, in bytes.

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
        """Bring models here, complete and sound; what already is stays as it is.

        Args:
            names: the models.
            offline: use no source that needs the network.
            progress: told what happens.

        Raises:
            InvalidInput: the catalogue has no such model.
            SourceFailed: no source could deliver some file.
            ModelMissing: offline, and no local source has some file.
            OutputFailed: the files cannot be written.
        """
        models = [self.model(name) for name in names]
        progress = progress or SilentProgress()
        pull = Pull(self._sources, self._mirrors, progress, offline=offline)
        return tuple(self._bring(model, progress, pull.complete) for model in models)

    def import_from(self, directory: Path, *, progress: PullProgress | None = None) -> tuple[PulledModel, ...]:
        """Take model files from a directory tree, for a machine without a network.

        Files are recognised by their content, under any name, and inside packages of the registries as well.

        Returns:
            The models that were not complete before and of which something was found.

        Raises:
            InvalidInput: there is no such directory, or no file in it is wanted.
            SourceFailed: something in it cannot be read.
            OutputFailed: the files cannot be written.
        """
        if not directory.is_dir():
            raise InvalidInput(f"{directory} is not a directory.")

        def look(model: Model, inbox: DownloadStaging) -> None:
            DirectorySource().fetch(str(directory), model.name, inbox)

        progress = progress or SilentProgress()
        looked = [self._bring(model, progress, look) for model in self.catalogue.values()]
        found = tuple(pulled for pulled in looked if pulled.received_bytes)
        if not found and any(pulled.missing for pulled in looked):
            raise InvalidInput(
                f"No file below {directory} is one that a model here still needs.",
                hint="`sayso models list NAME` prints the files of a model with their checksums.",
            )
        return found

    def _bring(
        self, model: Model, progress: PullProgress, fill: Callable[[Model, DownloadStaging], None]
    ) -> PulledModel:
        """Fill what is unsound, alone with the model's directory; touch nothing when all is sound."""
        home = self.root / model.name
        if not self._unsound(model):
            return PulledModel(model=model, directory=home)
        with self._locked(model, progress):
            # Another process may have brought the model while this one waited.
            unsound = self._unsound(model)
            progress.started(model, unsound)
            files = [status.file for status in unsound]
            inbox = DownloadStaging(home, files, partial(progress.arrived, model))
            wanted_before = inbox.bytes_wanted
            try:
                fill(model, inbox)
            finally:
                inbox.close()
        if not inbox.missing:
            progress.finished(model)
        return PulledModel(
            model=model,
            directory=home,
            files=tuple(file.path for file in files if file not in inbox.missing),
            missing=tuple(file.path for file in inbox.missing),
            received_bytes=wanted_before - inbox.bytes_wanted,
        )

    @contextmanager
    def _locked(self, model: Model, progress: PullProgress) -> Iterator[None]:
        """Keep other processes and threads away from a model's directory; the system frees the lock of a dead one."""
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
