"""Signed links to files of the local storage; anyone who has one may follow it until it expires."""

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
"""The path under which the service serves files."""


class LinkSigner:
    """Signs the names of files, and verifies the signatures; safe to use from any thread.

    Args:
        keys: used for links only. The first one signs; a signature by any of them is valid.
        clock: Unix time in seconds.
    """

    def __init__(self, keys: Sequence[bytes], *, clock: Callable[[], float] = time.time) -> None:
        self._keys = tuple(keys)
        self._clock = clock

    def signed_path(self, names: str, *, seconds: int, file_name: str) -> str:
        """The path and query at which the service serves a file.

        Args:
            names: of the file below the root, joined by ``/``.
            seconds: how long the link is valid.
            file_name: the name under which a browser saves it.
        """
        expires = str(int(self._clock()) + seconds)
        signature = _signature(self._keys[0], names, expires, file_name)
        query = urlencode({"expires": expires, "name": file_name, "signature": signature}, quote_via=quote)
        return f"{FILES_PATH}/{quote(names)}?{query}"

    def verify(self, names: str, *, expires: str, file_name: str, signature: str) -> bool:
        """Whether a link was made by `signed_path`, is unaltered, and has not expired."""
        given = signature.encode(errors="replace")
        expected = (_signature(key, names, expires, file_name).encode() for key in self._keys)
        if not any(hmac.compare_digest(each, given) for each in expected):
            return False
        return self._clock() < int(expires)  # a valid signature is ours, so this is a number


def _signature(key: bytes, names: str, expires: str, file_name: str) -> str:
    # JSON keeps the three fields apart, whatever they contain.
    return hmac.new(key, json.dumps([names, expires, file_name]).encode(), hashlib.sha256).hexdigest()


@dataclass(frozen=True, kw_only=True, slots=True)
class SignedFiles:
    """The files of the local storage, and the links at which the service serves them.

    Attributes:
        root: the directory of the files.
        signer: signs and verifies the links.
        base_url: the public address of the service; empty for relative links.
    """

    root: Root
    signer: LinkSigner
    base_url: str = ""

    def url(self, path: Path, *, seconds: int, file_name: str) -> str:
        """A link to a file below the root; see `LinkSigner.signed_path`."""
        names = self.root.names_of(path)
        return self.base_url.rstrip("/") + self.signer.signed_path(names, seconds=seconds, file_name=file_name)

    def path_of_link(self, names: str, *, expires: str, file_name: str, signature: str) -> Path | None:
        """The file of a valid link, which may have been removed; None for an invalid or expired link.

        Raises:
            InvalidInput: the names lead out of the root.
        """
        if not self.signer.verify(names, expires=expires, file_name=file_name, signature=signature):
            return None
        return self.root.of_names(names)
