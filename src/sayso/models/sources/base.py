"""The interface of all sources."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from sayso.models.staging import DownloadStaging


class Source(Protocol):
    """A kind of place that holds model files.

    One object serves one pull, possibly of several models; it may remember that its place is down.
    """

    @property
    def needs_network(self) -> bool:
        """Whether it is skipped when offline."""
        ...

    def fetch(self, address: str, model_name: str, staging: DownloadStaging) -> None:
        """Deliver what the place has of ``staging.wanted``; staging checks it.

        Args:
            address: the place, in this source's notation.
            model_name: the model, for sources that keep files by model and path.
            staging: receives the files.

        Raises:
            SourceFailed: it cannot deliver; the message is the reason, and shows no credentials.
            OutputFailed: the staging directory cannot be written.
        """
        ...


def without_credentials(text: str) -> str:
    """A vendor's message, with user names and passwords in its URLs masked."""
    return re.sub(r"://\S+@", "://…@", text)
