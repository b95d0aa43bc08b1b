"""Ask the bucket: all of its objects, or one of them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import unquote_plus
from xml.etree import ElementTree as ET

from sayso.aws.s3_reader import ObjectAbsent, ObjectChanged
from sayso.errors import Cancelled, SaysoError, ServiceUnavailable
from sayso.modelsync.bucket.object_facts import CHECKSUM_MODE, bare_etag, facts_of_headers
from sayso.modelsync.checksums.content import Expected, new_hash, parts_of
from sayso.modelsync.records import Listing, RemoteObject
from sayso.resilience.retry import RetryableError, retry_blocking
from sayso.resilience.retry_policies import S3_READ, RetryPolicy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sayso.aws.s3_reader import BucketReader
    from sayso.modelsync.bucket.object_facts import ObjectFacts

T = TypeVar("T")

_STANDARD = "STANDARD"


def list_objects(
    reader: BucketReader,
    *,
    prefix: str = "",
    policy: RetryPolicy = S3_READ,
    on_page: Callable[[int], None] = lambda _: None,
) -> Listing:
    """All current objects below a prefix; blocks.

    The markers of directories, which are empty objects whose keys end with a slash, are left out. Any error makes the
    listing incomplete: what was received before it is returned, but a key that is missing then means nothing.

    Args:
        reader: of the bucket.
        prefix: of the keys; empty for the whole bucket.
        policy: when a page is asked for again.
        on_page: called with the number of objects so far after each page.

    Raises:
        Cancelled: the reader was stopped.
    """
    objects: list[RemoteObject] = []
    try:
        for page in _pages(reader, prefix, policy):
            objects.extend(each for each in _objects(page) if not (each.key.endswith("/") and not each.size_bytes))
            on_page(len(objects))
    except Cancelled:
        raise
    except SaysoError as error:
        return Listing(objects=tuple(objects), is_complete=False, trouble=str(error).replace("\n", " "))
    return Listing(objects=tuple(objects), is_complete=True)


def find_object(
    reader: BucketReader, key: str, *, version_id: str | None = None, policy: RetryPolicy = S3_READ
) -> ObjectFacts:
    """Ask for one object, with its checksums; blocks.

    Args:
        reader: of the bucket.
        key: of the object.
        version_id: of a certain version; None for the current one.
        policy: when the bucket is asked again.

    Raises:
        ObjectAbsent: there is none, or a delete marker hides it; no other error says that an object is gone.
        ServiceUnavailable: S3 does not answer, or does not allow it. Without the permission ``s3:ListBucket`` this is
            its answer for an object that does not exist.
        ResourceMissing, InvalidInput: the bucket does not exist, or is in another region.
    """
    query = {} if version_id is None else {"versionId": version_id}
    return _patient(reader, lambda: facts_of_headers(key, reader.head(key, query, CHECKSUM_MODE)), policy)


def is_listed(reader: BucketReader, key: str, *, policy: RetryPolicy = S3_READ) -> bool:
    """Whether a listing has an object with a key; blocks.

    Unlike the answer to HEAD, which has no body, one of S3 cannot be taken for that of another server, or of S3 about a
    bucket that does not exist.

    Args:
        reader: of the bucket.
        key: of the object.
        policy: when the bucket is asked again.

    Raises:
        ServiceUnavailable, ResourceMissing, InvalidInput, Cancelled: the bucket cannot be listed.
    """
    query = {"list-type": "2", "encoding-type": "url", "prefix": key, "max-keys": "1"}
    page = _patient(reader, lambda: _parsed(reader.page(query)), policy)
    return any(each.key == key for each in _objects(page))


def find_part_bytes(reader: BucketReader, remote: RemoteObject, *, policy: RetryPolicy = S3_READ) -> int | None:
    """The size of all parts but the last of an object that was uploaded in parts; None if it is not known; blocks.

    Clients may upload parts of different sizes. Where there are three or more, the second and the last one are asked
    for, too: an object of other parts than the checksum is compared with must not be taken for damaged.

    Args:
        reader: of the bucket.
        remote: the object.
        policy: when the bucket is asked again.
    """
    first = _bytes_of_part(reader, remote, 1, policy)
    if first is None or first >= remote.size_bytes:
        return None
    composites = (remote.etag, *(checksum.digest for checksum in remote.checksums))
    parts = next((count for each in composites if (count := parts_of(each)) is not None), 0)
    last = remote.size_bytes - (parts - 1) * first
    others = {number: last if number == parts else first for number in (2, parts) if parts > 2}
    if any(_bytes_of_part(reader, remote, number, policy) != size for number, size in others.items()):
        return None
    return first


def _bytes_of_part(reader: BucketReader, remote: RemoteObject, number: int, policy: RetryPolicy) -> int | None:
    """The size of a part; None if the server does not say it."""
    query = {"partNumber": str(number)}
    if remote.version_id is not None:
        query["versionId"] = remote.version_id
    try:
        facts = _patient(reader, lambda: reader.head(remote.key, query, {}), policy)
    except (ObjectAbsent, ObjectChanged, ServiceUnavailable):
        return None  # not every server has this parameter; the transfer itself is pinned
    length = facts.get("content-length", "")
    return int(length) if length.isdecimal() and int(length) > 0 else None


def read_object(
    reader: BucketReader,
    remote: RemoteObject,
    *,
    limit_bytes: int,
    is_etag_md5: bool = True,
    policy: RetryPolicy = S3_READ,
) -> bytes:
    """The content of a small object, compared with the checksum that the bucket has of the whole of it; blocks.

    Args:
        reader: of the bucket.
        remote: the object; another one with its key is refused.
        limit_bytes: of the content.
        is_etag_md5: whether ETags are MD5s where S3's are.
        policy: when the bucket is asked again, as it is for a content that is damaged.

    Raises:
        ObjectAbsent, ObjectChanged: the object is not the one that was listed.
        ServiceUnavailable: S3 does not answer or allow it, or the content is damaged each time.
        ResourceMissing, InvalidInput: S3 refuses.
    """
    condition = {"if-match": f'"{remote.etag}"'} if remote.etag else {}

    def read() -> bytes:
        with reader.open(remote.key, {}, {**CHECKSUM_MODE, **condition}) as body:
            facts = facts_of_headers(remote.key, body.headers)
            content = body.read_all(limit_bytes)
        expected = (facts if is_etag_md5 else facts.with_plain_etag()).expectation
        is_damaged = len(content) != remote.size_bytes
        if isinstance(expected, Expected) and expected.part_bytes is None:
            hashing = new_hash(expected.algorithm)
            hashing.update(content)
            is_damaged |= expected.is_certain and hashing.hexdigest() != expected.digest
        if is_damaged:
            raise RetryableError(ServiceUnavailable(f"What was received of {reader.uri_of(remote.key)} is damaged."))
        return content

    return _patient(reader, read, policy)


def _patient(reader: BucketReader, call: Callable[[], T], policy: RetryPolicy) -> T:
    try:
        return retry_blocking(call, policy, on=RetryableError, sleep=reader.pause)
    except RetryableError as failure:
        raise failure.error from None


def _pages(reader: BucketReader, prefix: str, policy: RetryPolicy) -> Iterator[ET.Element]:
    query = {"list-type": "2", "encoding-type": "url", "prefix": prefix}
    seen: set[str] = set()
    while True:
        page = _patient(reader, lambda: _parsed(reader.page(query)), policy)
        yield page
        if _text(page, "IsTruncated") != "true":
            return
        token = _text(page, "NextContinuationToken")
        if not token or token in seen:
            raise ServiceUnavailable(f"The listing of {reader.uri_of(prefix)} has no next page, but is not at its end.")
        seen.add(token)
        query["continuation-token"] = token


def _parsed(document: bytes) -> ET.Element:
    """A page; its elements' names are without their namespace.

    Raises:
        RetryableError: it is not a listing.
    """
    try:
        page = ET.fromstring(document)  # noqa: S314 -- expat bounds the expansion of entities
    except ET.ParseError as error:
        raise RetryableError(ServiceUnavailable(f"S3's listing cannot be read: {error}.")) from None
    for element in page.iter():
        element.tag = element.tag.rpartition("}")[2]
    if page.tag != "ListBucketResult":
        raise RetryableError(ServiceUnavailable(f"S3's listing cannot be read: it is a {page.tag}."))
    return page


def _objects(page: ET.Element) -> Iterator[RemoteObject]:
    is_encoded = _text(page, "EncodingType") == "url"
    for entry in page.iterfind("Contents"):
        facts = {each.tag: each.text or "" for each in entry}
        key, size = facts.get("Key", ""), facts.get("Size", "")
        if not size.isdecimal() or not key:
            raise ServiceUnavailable("S3's listing cannot be read: an entry has no key or no size.")
        storage_class = facts.get("StorageClass", "")
        yield RemoteObject(
            key=unquote_plus(key) if is_encoded else key,
            size_bytes=int(size),
            etag=bare_etag(facts.get("ETag", "")),
            modified_at=_time(facts.get("LastModified", "")),
            storage_class=None if storage_class in {"", _STANDARD} else storage_class,
        )


def _text(element: ET.Element, name: str) -> str:
    return element.findtext(name) or ""


def _time(value: str) -> datetime | None:
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        return None
