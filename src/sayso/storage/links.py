"""Links to files of the local storage, which anybody who has one may follow until it expires."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from sayso.storage.root import Root

FILES_PATH = "/files"
"""Where the service has the files."""


class LinkSigner:
    """Signs names of files, and checks the signatures; any thread may ask.

    Args:
        keys: which nothing else is signed with. The first one signs; a link that any of them signed is good.
        clock: Unix time in seconds.
    """

    def __init__(self, keys: Sequence[bytes], *, clock: Callable[[], float] = time.time) -> None:
        self._keys = tuple(keys)
        self._clock = clock

    def signed_path(self, names: str, *, seconds: int, file_name: str) -> str:
        """The path and query at which the service gives a file.

        Args:
            names: of the file below the root, joined by ``/``.
            seconds: how long the link works.
            file_name: under which it is saved.
        """
        expires = str(int(self._clock()) + seconds)
        signature = _signature(self._keys[0], names, expires, file_name)
        query = urlencode({"expires": expires, "name": file_name, "signature": signature}, quote_via=quote)
        return f"{FILES_PATH}/{quote(names)}?{query}"

    def verify(self, names: str, *, expires: str, file_name: str, signature: str) -> bool:
        """Whether a link is one of `signed_path`, unaltered, and has not expired."""
        given = signature.encode(errors="replace")
        expected = (_signature(key, names, expires, file_name).encode() for key in self._keys)
        if not any(hmac.compare_digest(each, given) for each in expected):
            return False
        return self._clock() < int(expires)  # it is ours, and so a number


def _signature(key: bytes, names: str, expires: str, file_name: str) -> str:
    # JSON keeps the three apart, whatever is in them.
    return hmac.new(key, json.dumps([names, expires, file_name]).encode(), hashlib.sha256).hexdigest()


@dataclass(frozen=True, kw_only=True, slots=True)
class SignedFiles:
    """The files of the local storage as the service gives them out.

    Attributes:
        root: where they are.
        signer: whose links open them.
        base_url: how others reach the service; empty for links that are relative to it.
    """

    root: Root
    signer: LinkSigner
    base_url: str = ""

    def url(self, path: Path, *, seconds: int, file_name: str) -> str:
        """A link to a file that the root gave; see `LinkSigner.signed_path`."""
        names = self.root.names_of(path)
        return self.base_url.rstrip("/") + self.signer.signed_path(names, seconds=seconds, file_name=file_name)

    def opened_by(self, names: str, *, expires: str, file_name: str, signature: str) -> Path | None:
        """The file that a link opens, which may be gone; None for a link that opens nothing (any more).

        Raises:
            InvalidInput: the names lead out of the root by now.
        """
        if not self.signer.verify(names, expires=expires, file_name=file_name, signature=signature):
            return None
        return self.root.of_names(names)
