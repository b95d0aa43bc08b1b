"""Reading objects of S3 from threads, at the speed of the network: signed requests over connections that are reused.

botocore's chain finds the credentials and the endpoint. The requests do not go through botocore, which spends more time
on one than it takes to receive 64 KiB (docs/design/model-sync-transfers.md).
"""

from sayso.aws.s3_reader.errors import ObjectAbsent, ObjectChanged
from sayso.aws.s3_reader.location import BucketLocation, locate_bucket
from sayso.aws.s3_reader.reader import BucketReader, ObjectBody, ReaderOptions

__all__ = [
    "BucketLocation",
    "BucketReader",
    "ObjectAbsent",
    "ObjectBody",
    "ObjectChanged",
    "ReaderOptions",
    "locate_bucket",
]
