"""What every source promises."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from sayso.models.staging import DownloadStaging


class Source(Protocol):
    """A kind of place that holds model files.

    One object serves one pull, whose models it may be asked for in turn; it may remember that its place is down.
    """

    @property
    def needs_network(self) -> bool:
        """Whether it is left out when working offline."""
        ...

    def fetch(self, address: str, model_name: str, inbox: DownloadStaging) -> None:
        """Put whatever it has of ``inbox.wanted`` into the inbox, which decides what is sound.

        Args:
            address: the place, in this source's notation.
            model_name: the model, for sources that keep files by model and path.
            inbox: where files go.

        Raises:
            SourceFailed: it cannot deliver; the message is the reason, and shows no credentials.
            OutputFailed: the inbox cannot write.
        """
        ...


def without_credentials(text: str) -> str:
    """A vendor's message with the user names and passwords in its URLs blotted out."""
    return re.sub(r"://\S+@", "://…@", text)
