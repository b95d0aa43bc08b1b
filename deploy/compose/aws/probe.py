"""The emulator's health check: it lists its queues, which are made before it listens. Run: probe.py.

Without a client of AWS, since this runs often and must be quick on a busy machine.
"""

from __future__ import annotations

import json
import os
import sys
import urllib.request

PORT = int(os.environ.get("EMULATOR_PORT") or "4566")

_CREDENTIALS = "AWS4-HMAC-SHA256 Credential=local/20200101/{region}/sqs/aws4_request, SignedHeaders=host, Signature=0"
"""The region is in the credentials of a request, which the emulator does not verify."""


def is_ready() -> bool:
    """Whether the emulator answers, with its queues."""
    region = os.environ.get("AWS_REGION") or "us-east-1"
    headers = {
        "Content-Type": "application/x-amz-json-1.0",
        "X-Amz-Target": "AmazonSQS.ListQueues",
        "Authorization": _CREDENTIALS.format(region=region),
    }
    request = urllib.request.Request(f"http://127.0.0.1:{PORT}/", data=b"{}", headers=headers)
    with urllib.request.urlopen(request, timeout=8) as response:  # noqa: S310 -- this container
        return bool(json.load(response).get("QueueUrls"))


if __name__ == "__main__":
    sys.exit(0 if is_ready() else 1)
