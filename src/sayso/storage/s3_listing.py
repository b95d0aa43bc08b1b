"""The files of a bucket directly below a prefix."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sayso.storage.base import ListedFile
from sayso.storage.uris import RESERVED_PREFIX

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sayso.aws.session import AwsClient

NO_BUCKET = "NoSuchBucket"
"""The code of the refusal where there is no bucket of this name."""


async def listed(client: AwsClient, bucket: str, prefix: str) -> AsyncIterator[ListedFile]:
    """The files directly below a prefix, page by page, without those that storages keep for themselves.

    Args:
        client: of S3.
        bucket: its name.
        prefix: of the keys, with the ``/`` at its end; empty for the whole bucket.

    Raises:
        AwsRefusal: there is no such bucket.
        ServiceUnavailable: S3 does not answer, or refuses.
    """
    more: dict[str, Any] = {}
    while True:
        answer = await client.call(
            "list_objects_v2", refusals={NO_BUCKET}, Bucket=bucket, Prefix=prefix, Delimiter="/", **more
        )
        for item in answer.get("Contents", ()):
            name = item["Key"].removeprefix(prefix)
            if name and not name.startswith(RESERVED_PREFIX):
                yield ListedFile(name=name, size_bytes=item["Size"], modified_at=item["LastModified"])
        if not answer.get("IsTruncated"):
            return
        more = {"ContinuationToken": answer["NextContinuationToken"]}
