"""The signatures of callbacks: those of Standard Webhooks, and the deprecated ones.

Standard Webhooks (https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md) signs the
message's id, the time and the body. The URL of a callback is part of the signed body: a receiver that compares
``callback.url`` with its own address cannot be sent a callback for another receiver.
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
    """The headers with which a receiver verifies the sender and the time of a body.

    Args:
        keys: of the receiver, the current one first; there is one signature for each.
        message_id: the same for every attempt to deliver a message.
        timestamp: Unix time in seconds.
        body: of the callback.
    """
    signed = f"{message_id}.{timestamp}.".encode() + body
    return {
        ID_HEADER: message_id,
        TIMESTAMP_HEADER: str(timestamp),
        SIGNATURE_HEADER: " ".join(f"v1,{b64encode(hmac.digest(key, signed, 'sha256')).decode()}" for key in keys),
        # For one more minor version. Their key is the string of the owner's own secret. Before, they were signed with
        # the root secret, which every receiver would need.
        FORMER_TIMESTAMP_HEADER: str(timestamp),
        FORMER_SIGNATURE_HEADER: _former_signature(webhook_secret(keys[0]).encode(), timestamp, body),
    }


def _former_signature(secret: bytes, timestamp: int, body: bytes) -> str:
    return f"v1={hmac.digest(secret, f'{timestamp}.'.encode() + body, 'sha256').hex()}"
