"""boto3's part of `bench.sync`, as a whole process: ``python -m bench.peer_boto3 ENDPOINT BUCKET DIRECTORY``.

As its documentation shows it: the listing by a paginator, files by `download_file` from 32 threads with one client.
"""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import boto3
from botocore.config import Config

_THREADS = 32


def main() -> None:
    """Download a bucket into an empty directory."""
    endpoint, bucket, directory = sys.argv[1:]
    path = Path(directory)
    path.mkdir()
    client = boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="key",
        aws_secret_access_key="hush-hush",  # noqa: S106
        config=Config(max_pool_connections=_THREADS),
    )
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    keys = [entry["Key"] for page in pages for entry in page["Contents"]]
    with ThreadPoolExecutor(_THREADS) as pool:
        list(pool.map(lambda key: client.download_file(bucket, key, str(path / key)), keys))


if __name__ == "__main__":
    main()
