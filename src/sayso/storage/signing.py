"""Links to files of the local storage, which anybody who has one may follow until it expires."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from filelock import FileLock

from sayso.errors import OutputFailed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sayso.settings import Settings
    from sayso.storage.root import Root

FILES_PATH = "/files"
"""Where the service has the files."""

_SECRET_NAME = "signing-secret"  # noqa: S105 -- the name of a file
_SECRET_BYTES = 32
_POLL_SECONDS = 0.005
_PURPOSE = b"sayso links 1"


def signing_secret(settings: Settings) -> bytes:
    """What callbacks and links are signed with: the setting's, or one that is made once and kept under SAYSO_DATA.

    Processes that start together come to the same one. The file holds 64 hexadecimal digits, and the secret is these
    characters, so that they can be given to whoever checks callbacks.

    Raises:
        OutputFailed: it cannot be kept, or what is kept is damaged.
    """
    if settings.signing_secret is not None:
        return settings.signing_secret.get_secret_value().encode()
    path = settings.data_dir / _SECRET_NAME
    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        with FileLock(path.with_name(f".{_SECRET_NAME}.lock"), poll_interval=_POLL_SECONDS):
            if not path.exists():
                _keep(path, secrets.token_hex(_SECRET_BYTES))
            secret = path.read_bytes().strip()
    except OSError as error:
        raise OutputFailed(f"Cannot keep a secret in {path}: {error.strerror or error}.") from error
    if len(secret) != 2 * _SECRET_BYTES:
        raise OutputFailed(f"{path} is damaged.", hint="Delete it, and another is made; links given out end then.")
    return secret


def _keep(path: Path, secret: str) -> None:
    """Write the secret for its owner alone, whole or not at all."""
    partial = path.with_name(f".{_SECRET_NAME}.part")
    partial.unlink(missing_ok=True)
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(f"{secret}\n")
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)


class LinkSigner:
    """Signs names of files, and checks the signatures; any thread may ask.

    Args:
        secret: of the service; the key is derived from it for links alone, so that nothing else that is signed with
            the secret can be taken for one.
        clock: Unix time in seconds.
    """

    def __init__(self, secret: bytes, *, clock: Callable[[], float] = time.time) -> None:
        self._key = hmac.digest(secret, _PURPOSE, hashlib.sha256)
        self._clock = clock

    def signed_path(self, names: str, *, seconds: int, file_name: str) -> str:
        """The path and query at which the service gives a file.

        Args:
            names: of the file below the root, joined by ``/``.
            seconds: how long the link works.
            file_name: under which it is saved.
        """
        expires = str(int(self._clock()) + seconds)
        signature = self._signature(names, expires, file_name)
        query = urlencode({"expires": expires, "name": file_name, "signature": signature}, quote_via=quote)
        return f"{FILES_PATH}/{quote(names)}?{query}"

    def verify(self, names: str, *, expires: str, file_name: str, signature: str) -> bool:
        """Whether a link is one of `signed_path`, unaltered, and has not expired."""
        expected = self._signature(names, expires, file_name)
        if not hmac.compare_digest(expected.encode(), signature.encode(errors="replace")):
            return False
        return self._clock() < int(expires)  # it is ours, and so a number

    def _signature(self, names: str, expires: str, file_name: str) -> str:
        # JSON keeps the three apart, whatever is in them.
        return hmac.new(self._key, json.dumps([names, expires, file_name]).encode(), hashlib.sha256).hexdigest()


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
