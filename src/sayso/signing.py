"""The root secret of an installation, and the keys that are derived from it.

The root secret stays on the machines that run Sayso. What is signed, or given to a receiver, uses a key that is
derived from it for one purpose: from such a key neither the root nor the key for another purpose can be computed.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from base64 import b64encode
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sayso.errors import InvalidInput, OutputFailed
from sayso.files import make_private_directory, private_lock, writable_hint

if TYPE_CHECKING:
    from pathlib import Path

    from sayso.settings import StorageSettings

KEY_BYTES = 32

_SECRET_NAME = "signing-secret"  # noqa: S105 -- the name of a file
_SECRET_BYTES = 32
_POLL_SECONDS = 0.005  # one small file is written under the lock
_LINKS = b"sayso links 1"
_CALLBACKS = b"sayso callbacks 1\0"  # the owner's name follows; no other purpose has this prefix
_WEBHOOK_SECRET_PREFIX = "whsec_"  # noqa: S105 -- the prefix of secrets


@dataclass(frozen=True, slots=True)
class SigningKeys:
    """The keys of an installation, derived on each call; safe to use from any thread.

    Attributes:
        roots: the root secrets, the current one first. During a rotation the previous one follows it.
    """

    roots: tuple[bytes, ...] = field(repr=False)

    def for_links(self) -> tuple[bytes, ...]:
        """The keys of links to files, the current one first: 32 bytes each."""
        return self._derived(_LINKS)

    def for_callbacks(self, owner: str) -> tuple[bytes, ...]:
        """The keys of one owner's callbacks, the current one first: 32 bytes each.

        Args:
            owner: the name of the owner's API key; empty for the one owner of an installation without keys.
        """
        return self._derived(_CALLBACKS + owner.encode())

    def _derived(self, purpose: bytes) -> tuple[bytes, ...]:
        return tuple(hkdf_sha256(root, info=purpose, length=KEY_BYTES) for root in self.roots)


def hkdf_sha256(secret: bytes, *, info: bytes, length: int, salt: bytes = b"") -> bytes:
    """Derive a key from a secret by HKDF with SHA-256 (RFC 5869).

    Args:
        secret: the input keying material.
        info: what the key is for.
        length: of the key in bytes, at most 255 * 32.
        salt: empty for none.
    """
    pseudorandom_key = hmac.digest(salt or bytes(hashlib.sha256().digest_size), secret, "sha256")
    output = block = b""
    counter = 0
    while len(output) < length:
        counter += 1
        block = hmac.digest(pseudorandom_key, block + info + bytes([counter]), "sha256")
        output += block
    return output[:length]


def webhook_secret(key: bytes) -> str:
    """A webhook key in the format of Standard Webhooks, as its owner receives it: ``whsec_`` and base64."""
    return _WEBHOOK_SECRET_PREFIX + b64encode(key).decode()


def signing_keys(settings: StorageSettings) -> SigningKeys:
    """The keys of the settings' root secret, or of a secret that is made once and stored under SAYSO_DATA.

    Processes that start together use the same one.

    Raises:
        OutputFailed: the secret cannot be stored, or the stored one is damaged.
    """
    if settings.signing_secret is not None:
        return _with_previous(settings.signing_secret.get_secret_value().encode(), settings)
    path = settings.data_dir / _SECRET_NAME
    try:
        make_private_directory(settings.data_dir, group_reads=settings.group_reads)
        with private_lock(path.with_name(f".{_SECRET_NAME}.lock"), poll_seconds=_POLL_SECONDS):
            if not path.exists():
                _keep(path, secrets.token_hex(_SECRET_BYTES))
            return _with_previous(_kept(path), settings)
    except OSError as error:
        raise OutputFailed(
            f"Cannot keep a secret in {path}: {error.strerror or error}.",
            hint=f"{writable_hint(error, settings.data_dir)} Or set SAYSO_SIGNING_SECRET.".strip(),
        ) from error


def existing_signing_keys(settings: StorageSettings) -> SigningKeys:
    """The keys that a service with these settings uses; does not create a secret.

    Raises:
        InvalidInput: there is no secret yet.
        OutputFailed: the secret cannot be read, or is damaged.
    """
    path = settings.data_dir / _SECRET_NAME
    if settings.signing_secret is None and not path.exists():
        raise InvalidInput(
            f"There is no secret in {settings.data_dir}.",
            hint="Set SAYSO_SIGNING_SECRET or SAYSO_DATA as the service has them; the service makes a secret when it "
            "starts for the first time.",
        )
    return signing_keys(settings)


def _with_previous(current: bytes, settings: StorageSettings) -> SigningKeys:
    previous = settings.signing_secret_previous
    return SigningKeys((current,) if previous is None else (current, previous.get_secret_value().encode()))


def _kept(path: Path) -> bytes:
    """The secret in a file, without the newline that editors and ``echo`` append."""
    secret = path.read_bytes().strip()
    if len(secret) != 2 * _SECRET_BYTES:
        raise OutputFailed(f"{path} is damaged.", hint="Delete it, and another is made; existing links stop working.")
    return secret


def _keep(path: Path, secret: str) -> None:
    """Write the secret for its owner only, atomically."""
    partial = path.with_name(f".{_SECRET_NAME}.part")
    partial.unlink(missing_ok=True)
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(f"{secret}\n")
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
