"""The service of narrations over a store in memory, with links to files that are not there."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sayso.storage import LinkSigner, LocalStorage, Root, SignedFiles, Storages
from sayso.stories.following import Following
from sayso.stories.narrations import Describer, Narrations
from sayso.testing import FakeSpeechEngine
from sayso.tts.source import LocalSpeech

if TYPE_CHECKING:
    from sayso.jobs.narrations import NarrationStore

LINK_SECONDS = 60


def fake_describer() -> Describer:
    """Links to files below ``file:///data``."""
    files = SignedFiles(root=Root(Path("/data")), signer=LinkSigner(b"a secret"))
    return Describer(Storages({"file": LocalStorage(files)}), link_seconds=LINK_SECONDS)


def fake_narrations(store: NarrationStore, *, following: Following | None = None) -> Narrations:
    """The service, for an engine that hums; it looks for changes all the time."""
    engine = FakeSpeechEngine()
    return Narrations(
        store,
        fake_describer(),
        sources=[LocalSpeech("fake", lambda: engine)],
        following=following or Following(store, poll_seconds=0.01, rest_seconds=0.0),
    )
