"""The emulator's health check: everything that the stack needs is there. Run: probe.py."""

from __future__ import annotations

import sys

from emulator import BUCKETS, QUEUES, TABLE, client


def is_ready() -> bool:
    """Whether the queues, the buckets and the table have been made."""
    urls = client("sqs").list_queues().get("QueueUrls", [])
    buckets = client("s3").list_buckets()["Buckets"]
    return (
        {url.rpartition("/")[2] for url in urls} >= set(QUEUES)
        and {bucket["Name"] for bucket in buckets} >= set(BUCKETS)
        and TABLE in client("dynamodb").list_tables()["TableNames"]
    )


if __name__ == "__main__":
    sys.exit(0 if is_ready() else 1)
