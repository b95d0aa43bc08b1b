"""Callbacks are signed as Standard Webhooks says: its vectors come out, and its own library verifies."""

from __future__ import annotations

import json
import time
from base64 import b64decode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from sayso.narrations.webhook_signatures import signature_headers
from sayso.signing import webhook_secret

MESSAGE_ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"
VECTOR_SECRET = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105 -- published

keys = st.binary(min_size=32, max_size=32)


def test_the_published_vector_comes_out() -> None:
    """The signature is the one that standard-webhooks' libraries test (libraries/python/tests/test_webhooks.py)."""
    headers = signature_headers(
        [b64decode(VECTOR_SECRET)], message_id=MESSAGE_ID, timestamp=1614265330, body=b'{"test": 2432232314}'
    )
    assert headers["webhook-id"] == MESSAGE_ID
    assert headers["webhook-timestamp"] == "1614265330"
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@given(signers=st.lists(keys, min_size=1, max_size=2, unique=True), content=st.dictionaries(st.text(), st.text()))
def test_the_library_verifies_what_is_signed(signers: list[bytes], content: dict[str, str]) -> None:
    """With the secret of any key that signed, and whatever is in the body."""
    body = json.dumps(content, ensure_ascii=False).encode("utf-8", "surrogatepass")
    headers = signature_headers(signers, message_id=MESSAGE_ID, timestamp=int(time.time()), body=body)
    for key in signers:
        Webhook(webhook_secret(key)).verify(body, headers, json_parse=False)
    with pytest.raises(WebhookVerificationError):
        Webhook(webhook_secret(b"another")).verify(body, headers, json_parse=False)
    with pytest.raises(WebhookVerificationError):
        Webhook(webhook_secret(signers[0])).verify(body + b" ", headers, json_parse=False)
