"""The signatures of callbacks: those of Standard Webhooks, and the ones that callbacks carried before.

Standard Webhooks (https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md) signs the
message's id, the time and the body. The URL that a callback goes to is signed as part of the body: a receiver that
compares ``callback.url`` with its own address takes nothing that was meant for another.
"""

from __future__ import annotations

import hmac
from base64 import b64encode
from typing import TYPE_CHECKING

from sayso.signing import webhook_secret

if TYPE_CHECKING:
    from collections.abc import Sequence

ID_HEADER = "webhook-id"
TIMESTAMP_HEADER = "webhook-timestamp"
SIGNATURE_HEADER = "webhook-signature"

FORMER_TIMESTAMP_HEADER = "Sayso-Timestamp"
FORMER_SIGNATURE_HEADER = "Sayso-Signature"


def signature_headers(keys: Sequence[bytes], *, message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The headers by which a receiver knows who sent a body, and when.

    Args:
        keys: of the receiver, the current one first; there is a signature by each.
        message_id: the same whenever the same is sent again.
        timestamp: Unix time in seconds.
        body: what is sent.
    """
    signed = f"{message_id}.{timestamp}.".encode() + body
    return {
        ID_HEADER: message_id,
        TIMESTAMP_HEADER: str(timestamp),
        SIGNATURE_HEADER: " ".join(f"v1,{b64encode(hmac.digest(key, signed, 'sha256')).decode()}" for key in keys),
        # For one minor version more. Their key is the characters of the owner's own secret: signed with the root
        # secret, as they were, they would make every receiver need it.
        FORMER_TIMESTAMP_HEADER: str(timestamp),
        FORMER_SIGNATURE_HEADER: _former_signature(webhook_secret(keys[0]).encode(), timestamp, body),
    }


def _former_signature(secret: bytes, timestamp: int, body: bytes) -> str:
    return f"v1={hmac.digest(secret, f'{timestamp}.'.encode() + body, 'sha256').hex()}"
