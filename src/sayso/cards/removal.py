"""Clean-up: jobs that ended long ago, and files that neither a card nor a job names any more.

Only files whose names are those of cards or jobs are looked at, and of these only those that Sayso published or that
the removed jobs name, unless others are asked for: a name alone does not say whose file it is. The store of speech
stays: what was bought once is never bought again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import unquote

from sayso.cards.file_names import is_file_of_cards
from sayso.storage import uri_within

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Collection, Sequence
    from typing import Protocol

    from sayso.storage import ListedFile, Storages

    class OldJobs(Protocol):
        """The jobs of an application."""

        async def old(self, *, older_than_seconds: float) -> Sequence[str]:
            """The ids of the jobs that ended so long ago."""
            ...

        async def delete(self, job_ids: Sequence[str]) -> int:
            """Delete jobs that have ended, and return how many there were."""
            ...

    class FilesInUse(Protocol):
        """Where URLs of files are kept."""

        def urls(self, *, without_jobs: Collection[str] = ()) -> AsyncIterator[str]:
            """Every URL of a card, and in the results of a job that is not one of these."""
            ...

        def urls_of(self, job_ids: Collection[str]) -> AsyncIterator[str]:
            """Every URL in the results of these jobs."""
            ...

        async def recorded(self, names: Collection[str]) -> set[str]:
            """Those of these files that Sayso published."""
            ...

        async def recent(self, names: Collection[str], *, seconds: float) -> set[str]:
            """Those of these files that were published in the last so many seconds."""
            ...


_AT_ONCE = 500


@dataclass(frozen=True, kw_only=True, slots=True)
class Leftovers:
    """What may be removed.

    Attributes:
        job_ids: the jobs that ended long ago.
        files: those that only such jobs name, or none does.
        older_than_seconds: how long ago all of that was written.
    """

    job_ids: Sequence[str]
    files: Sequence[ListedFile]
    older_than_seconds: float

    @property
    def size_bytes(self) -> int:
        """Of the files."""
        return sum(file.size_bytes for file in self.files)


@dataclass(frozen=True, kw_only=True, slots=True)
class Removed:
    """What was removed.

    Attributes:
        jobs: how many.
        files: how many, at most.
    """

    jobs: int
    files: int


class Cleaning:
    """See the module; belongs to the event loop of its parts.

    Args:
        jobs: of the application.
        in_use: the URLs in use.
        storages: of the files.
        root: the URI below which they are.
        clock: the present, in UTC.
    """

    def __init__(
        self,
        jobs: OldJobs,
        in_use: FilesInUse,
        storages: Storages,
        root: str,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._jobs = jobs
        self._in_use = in_use
        self._storages = storages
        self._root = root
        self._clock = clock

    async def find(self, *, older_than_seconds: float, without_record: bool = False) -> Leftovers:
        """What may be removed; nothing is changed.

        Args:
            older_than_seconds: how long ago it ended, or was written.
            without_record: whether files of cards count, too, that Sayso did not publish and none of the jobs names.

        Raises:
            InvalidInput: the table of jobs does not say when they ended, or policies may hide rows from this user.
            ResourceMissing, ServiceUnavailable: a database or the storage does not answer.
        """
        job_ids = await self._jobs.old(older_than_seconds=older_than_seconds)
        latest = self._clock() - timedelta(seconds=older_than_seconds)
        files = {
            file.name: file
            async for file in self._storages.of(self._root).files_in(self._root)
            if is_file_of_cards(file.name) and file.modified_at < latest
        }
        # A job that runs now may have found its file, and its row does not name it yet.
        for name in await self._in_use.recent(list(files), seconds=older_than_seconds):
            files.pop(name, None)
        async for url in self._in_use.urls(without_jobs=frozenset(job_ids)):
            files.pop(name_in(url), None)
        if not without_record:
            known = await self._in_use.recorded(list(files))
            known |= {name_in(url) async for url in self._in_use.urls_of(frozenset(job_ids))}
            files = {name: file for name, file in files.items() if name in known}
        return Leftovers(job_ids=job_ids, files=list(files.values()), older_than_seconds=older_than_seconds)

    async def remove(self, leftovers: Leftovers) -> Removed:
        """Remove what was found, except for files that were published again meanwhile.

        Raises:
            OutputFailed: a file cannot be removed; the others may be gone.
            ResourceMissing, ServiceUnavailable: a database or the storage does not answer.
        """
        jobs = await self._jobs.delete(leftovers.job_ids)
        removed = 0
        for start in range(0, len(leftovers.files), _AT_ONCE):
            names = [file.name for file in leftovers.files[start : start + _AT_ONCE]]
            recent = await self._in_use.recent(names, seconds=leftovers.older_than_seconds)
            uris = [uri_within(self._root, name) for name in names if name not in recent]
            removed += await self._storages.of(self._root).delete(*uris)
        return Removed(jobs=jobs, files=removed)


def name_in(url: str) -> str:
    """The name of the file at a URL, whatever the public address was when it was stored."""
    return unquote(url.partition("?")[0].partition("#")[0].rpartition("/")[2])
