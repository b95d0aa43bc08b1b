"""One pull: try the places of a model in order until no file is missing."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from sayso.errors import ModelMissing, OutputFailed, SourceFailed
from sayso.models.model_types import File

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sayso.models.model_types import Model, Part
    from sayso.models.progress import PullProgress
    from sayso.models.sources.base import Source
    from sayso.models.staging import DownloadStaging


class Pull:
    """Tries sources for models, one model after the other.

    A kind of source that failed for a model is not tried again for that model: where one package of a registry cannot
    be downloaded, the next one would only take the same time to fail.
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
            mirrors: places that hold whole files of any model, tried before those of the catalogue.
            progress: receives the events.
            offline: skip every source that needs the network.
        """
        self._openers = sources
        self._opened: dict[str, Source] = {}
        self._mirrors = mirrors
        self._progress = progress
        self._offline = offline

    def complete(self, model: Model, staging: DownloadStaging) -> None:
        """Obtain the missing files of a model.

        Raises:
            SourceFailed: no place could deliver some file; the message names each place with its reason.
            ModelMissing: the same, while offline.
            OutputFailed: the files cannot be written.
        """
        refusals: dict[str, str] = {}
        failed_kinds: set[str] = set()
        for place in (*self._mirrors, *model.all_places):
            kind, _, address = place.partition(":")
            expected = self._expected(model, place, staging)
            if not expected or kind in failed_kinds:
                continue
            source = self._source(kind)
            if self._offline and source.needs_network:
                continue
            _require_space(staging)
            self._progress.trying(model, place)
            try:
                source.fetch(address, model.name, staging)
            except SourceFailed as error:
                failed_kinds.add(kind)
                reason = error.message
            else:
                reason = f"no valid copy of {_names(expected)}"
            staging.arriving(0)
            if any(blob in staging.wanted for blob in expected):
                refusals[place] = reason
                self._progress.source_failed(model, place, reason)
        if staging.missing:
            raise self._failure(model, staging, refusals)

    def _expected(self, model: Model, place: str, staging: DownloadStaging) -> list[File | Part]:
        """The missing files that a place should hold."""
        if place in self._mirrors:
            return [blob for blob in staging.wanted if isinstance(blob, File)]
        return [blob for blob in staging.wanted if model.expects(place, blob)]

    def _source(self, kind: str) -> Source:
        if kind not in self._opened:
            self._opened[kind] = self._openers[kind]()
        return self._opened[kind]

    def _failure(
        self, model: Model, staging: DownloadStaging, refusals: Mapping[str, str]
    ) -> SourceFailed | ModelMissing:
        files = _names(staging.missing)
        answers = "".join(f"\n  {place}: {reason}" for place, reason in refusals.items())
        carry = "`sayso models import DIR` takes files carried from another machine."
        if self._offline:
            message = f"{model.name} is not complete and the network is not to be used: {files}.{answers}"
            return ModelMissing(message, hint=f"Pull without --offline and SAYSO_OFFLINE, or: {carry}")
        return SourceFailed(
            f"No source could deliver {files} of {model.name}:{answers}",
            hint=f"Check the network and pull again: what has arrived is kept. Without a network: {carry}",
        )


def _require_space(staging: DownloadStaging) -> None:
    """Check first that the missing bytes fit on the disk."""
    free_bytes = shutil.disk_usage(staging.directory).free
    if free_bytes < staging.bytes_wanted:
        raise OutputFailed(
            f"{staging.home} needs {staging.bytes_wanted:,} more bytes; its disk has {free_bytes:,} free.",
            hint="Free some space, or set MODELS_BASE_PATH to a directory on another disk.",
        )


def _names(blobs: Sequence[File | Part]) -> str:
    """At most three names of files, for a message."""
    names = [blob.path if isinstance(blob, File) else f"the part with SHA-256 {blob.sha256[:8]}…" for blob in blobs]
    rest = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + rest
