"""What may stand for a bucket in the settings: its name, or the ARN or alias of an access point."""

from __future__ import annotations

import re

from sayso.errors import InvalidInput

_NAME = re.compile(r"[A-Za-z0-9._-]{1,255}")
_BUCKET_ARN = re.compile(r"arn:aws[\w-]*:s3:::(.+)")
_ACCESS_POINT = re.compile(r"arn:aws[\w-]*:s3:([a-z0-9-]+):\d{12}:accesspoint[/:]([A-Za-z0-9-]+)")
_ALIAS = "-s3alias"
_DIRECTORY_BUCKET = "--x-s3"


def check_bucket(name: str, *, endpoint_url: str | None) -> None:
    """Check that a bucket can be read.

    Args:
        name: of the setting.
        endpoint_url: of the server, if it is not AWS's own.

    Raises:
        InvalidInput: it is no name of a bucket, or of a kind that cannot be read.
    """
    if found := _BUCKET_ARN.fullmatch(name):
        raise InvalidInput(
            f"{name} is an ARN.", hint=f"S3_BUCKET_NAME takes the name alone: {found[1].partition('/')[0]}"
        )
    if name.startswith("s3://"):
        bucket, _, prefix = name.removeprefix("s3://").partition("/")
        rest = f"; and SAYSO_SYNC_PREFIX={prefix}" if prefix else ""
        raise InvalidInput(f"{name} is a URI.", hint=f"S3_BUCKET_NAME takes the name alone: {bucket}{rest}")
    if name.endswith(_DIRECTORY_BUCKET):
        raise InvalidInput(
            f"{name} is a directory bucket (S3 Express One Zone), which cannot be synchronised.",
            hint="It sends no events; use a bucket for general purposes.",
        )
    if not name.startswith("arn:"):
        if not _NAME.fullmatch(name):
            raise InvalidInput(f"{name!r} is no name of a bucket.", hint="See S3_BUCKET_NAME.")
        return
    if endpoint_url is not None:
        raise InvalidInput(
            "An ARN names an access point of AWS, not a bucket of AWS_ENDPOINT_URL.",
            hint="Give the name of the bucket, or leave out AWS_ENDPOINT_URL.",
        )
    if not _ACCESS_POINT.fullmatch(name):
        raise InvalidInput(
            f"{name} cannot be read: of ARNs, only those of access points in one region can.",
            hint="Give the name of the bucket.",
        )


def bucket_of_events(name: str) -> str | None:
    """The bucket that events name; None if the setting does not say it, because it names an access point."""
    return None if name.startswith("arn:") or name.endswith(_ALIAS) else name


def region_of(name: str) -> str | None:
    """The region in the ARN of an access point; None for other names."""
    found = _ACCESS_POINT.fullmatch(name)
    return None if found is None else found[1]
