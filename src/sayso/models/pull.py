"""One pull: the places of a model asked in order until nothing is missing."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from sayso.errors import ModelMissing, OutputFailed, SourceFailed
from sayso.models.entries import File

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sayso.models.entries import Model, Part
    from sayso.models.progress import PullProgress
    from sayso.models.sources.base import Source
    from sayso.models.staging import DownloadStaging


class Pull:
    """Asks sources for models, one model after the other.

    A kind of source that failed a model is not asked again for that model: where one package of a registry cannot
    be had, the next one would only cost the same wait.
    """

    def __init__(
        self,
        sources: Mapping[str, Callable[[], Source]],
        mirrors: Sequence[str],
        progress: PullProgress,
        *,
        offline: bool,
    ) -> None:
        """Prepare a pull.

        Args:
            sources: how to open each kind of source; one is opened when it is first needed.
            mirrors: places that hold whole files of any model, asked before those of the catalogue.
            progress: told what happens.
            offline: leave out every source that needs the network.
        """
        self._openers = sources
        self._opened: dict[str, Source] = {}
        self._mirrors = mirrors
        self._progress = progress
        self._offline = offline

    def complete(self, model: Model, inbox: DownloadStaging) -> None:
        """Fill a model's inbox.

        Raises:
            SourceFailed: no place could deliver some file; says what each answered.
            ModelMissing: the same, where offline work left the network's places out.
            OutputFailed: the files cannot be written.
        """
        refusals: dict[str, str] = {}
        failed_kinds: set[str] = set()
        for place in (*self._mirrors, *model.all_places):
            kind, _, address = place.partition(":")
            expected = self._expected(model, place, inbox)
            if not expected or kind in failed_kinds:
                continue
            source = self._source(kind)
            if self._offline and source.needs_network:
                continue
            _require_space(inbox)
            self._progress.asking(model, place)
            try:
                source.fetch(address, model.name, inbox)
            except SourceFailed as error:
                failed_kinds.add(kind)
                reason = error.message
            else:
                reason = f"no sound copy of {_names(expected)}"
            inbox.arriving(0)
            if any(blob in inbox.wanted for blob in expected):
                refusals[place] = reason
                self._progress.refused(model, place, reason)
        if inbox.missing:
            raise self._failure(model, inbox, refusals)

    def _expected(self, model: Model, place: str, inbox: DownloadStaging) -> list[File | Part]:
        """What is wanted and should be found at a place."""
        if place in self._mirrors:
            return [blob for blob in inbox.wanted if isinstance(blob, File)]
        return [blob for blob in inbox.wanted if model.expects(place, blob)]

    def _source(self, kind: str) -> Source:
        if kind not in self._opened:
            self._opened[kind] = self._openers[kind]()
        return self._opened[kind]

    def _failure(
        self, model: Model, inbox: DownloadStaging, refusals: Mapping[str, str]
    ) -> SourceFailed | ModelMissing:
        files = _names(inbox.missing)
        answers = "".join(f"\n  {place}: {reason}" for place, reason in refusals.items())
        carry = "`sayso models import DIR` takes files carried from another machine."
        if self._offline:
            message = f"{model.name} is not complete and the network is not to be used: {files}.{answers}"
            return ModelMissing(message, hint=f"Pull without --offline and SAYSO_OFFLINE, or: {carry}")
        return SourceFailed(
            f"No source could deliver {files} of {model.name}:{answers}",
            hint=f"Check the network and pull again: what has arrived is kept. Without a network: {carry}",
        )


def _require_space(inbox: DownloadStaging) -> None:
    """Refuse to begin what cannot end: the missing bytes must fit on the disk."""
    free_bytes = shutil.disk_usage(inbox.directory).free
    if free_bytes < inbox.bytes_wanted:
        raise OutputFailed(
            f"{inbox.home} needs {inbox.bytes_wanted:,} more bytes; its disk has {free_bytes:,} free.",
            hint="Free some space, or set MODELS_BASE_PATH to a directory on another disk.",
        )


def _names(blobs: Sequence[File | Part]) -> str:
    """At most three names of files, for a message."""
    names = [blob.path if isinstance(blob, File) else f"the part with SHA-256 {blob.sha256[:8]}…" for blob in blobs]
    rest = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + rest
