"""Sayso's part of `bench.sync`, as a whole process: ``python -m bench.sync_client ENDPOINT BUCKET DIRECTORY``.

Lists the bucket, fetches every object pinned to its ETag, verifies it, syncs and renames it, in groups. It prints how
many seconds that took after the start of the process: the service is running when a bucket changes.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING

from sayso.aws.access import AwsAccess
from sayso.aws.s3_reader import BucketReader, locate_bucket
from sayso.modelsync.bucket.listing import list_objects
from sayso.modelsync.reconciliation.grouping import next_group
from sayso.modelsync.transfers.transfer import Download, Transfers
from sayso.modelsync.volume.capabilities import probe_volume
from sayso.modelsync.volume.directories import VolumeRoot
from sayso.modelsync.volume.publish import Publisher, Ready

if TYPE_CHECKING:
    from concurrent.futures import Future

    from sayso.modelsync.transfers.transfer import Downloaded


def main() -> None:
    """Synchronise an empty directory with a bucket."""
    endpoint, bucket, directory = sys.argv[1:]
    path = Path(directory)
    path.mkdir()
    began = time.perf_counter()
    access = AwsAccess(endpoint_url=endpoint, access_key_id="key", secret_access_key="hush-hush")  # noqa: S106
    finished: SimpleQueue[Future[Downloaded]] = SimpleQueue()
    with BucketReader(locate_bucket(bucket, access)) as reader, VolumeRoot(path) as root:
        publisher = Publisher(root, probe_volume(root))
        listing = list_objects(reader)
        assert listing.is_complete
        with Transfers(reader, root) as transfers:
            for remote in listing.objects:
                transfers.submit(Download(remote=remote, path=remote.key)).future.add_done_callback(finished.put)
            left = len(listing.objects)
            while left:
                group = [future.result() for future in next_group(finished, left)]
                assert all(each.is_verified for each in group)
                results = publisher.publish([Ready(temporary=each.temporary, path=each.path) for each in group])
                assert all(result.error is None for result in results)
                left -= len(group)
    print(time.perf_counter() - began)


if __name__ == "__main__":
    main()
