"""Messages of S3's events, as its documentation has them."""

from __future__ import annotations

import json
from urllib.parse import quote_plus


def s3_message(name: str, bucket: str, key: str, *, version_id: str | None = None, sequencer: str = "") -> str:
    """A message with one record.

    Args:
        name: of the event, as ``ObjectCreated:Put``.
        bucket: its name.
        key: of the object; it is form-encoded here.
        version_id: None for a bucket without versions.
        sequencer: empty for none.
    """
    described = {"key": quote_plus(key, safe="/")}
    described |= {} if version_id is None else {"versionId": version_id}
    described |= {"sequencer": sequencer} if sequencer else {}
    record = {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "eventTime": "2026-11-30T12:00:00.000Z",
        "eventName": name,
        "s3": {"s3SchemaVersion": "1.0", "bucket": {"name": bucket}, "object": described},
    }
    return json.dumps({"Records": [record]})
