"""Compare files that are on the volume already with their objects, instead of fetching them again."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from sayso.aws.s3_reader import ObjectAbsent
from sayso.errors import Cancelled, SaysoError
from sayso.modelsync.bucket.listing import find_object, find_part_bytes
from sayso.modelsync.journal.values import Stored
from sayso.modelsync.keys import directories_above
from sayso.modelsync.plan.files import is_same_object
from sayso.modelsync.transfers.verification import Requirement, compare_file, given_checksums
from sayso.modelsync.volume.publish import read_link
from sayso.modelsync.volume.set_paths import directory_behind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sayso.modelsync.bucket.object_facts import ObjectFacts
    from sayso.modelsync.plan.actions import Action
    from sayso.modelsync.reconciliation.opened import OpenVolume
    from sayso.modelsync.records import RemoteObject
    from sayso.modelsync.volume.directories import VolumeRoot

_THREADS = 4


class ObjectReplaced(Exception):
    """The object is not the one of the plan any more."""


def real_path(root: VolumeRoot, path: str) -> str:
    """The path of a file without the links of sets.

    Raises:
        OSError: a directory of it cannot be read.
    """
    for directory in directories_above(path):
        behind = directory_behind(directory, read_link(root, directory))
        if behind is not None:
            return f"{behind}{path.removeprefix(directory)}"
    return path


def adopt(volume: OpenVolume, actions: Sequence[Action]) -> list[Stored | SaysoError | ObjectReplaced | None]:
    """Compare files with their objects; blocks.

    Returns:
        For each action the entry of the journal if the file is equal, None if it has to be fetched, or why neither can
        be said.
    """
    if not actions:
        return []
    with ThreadPoolExecutor(_THREADS, thread_name_prefix="adopt") as threads:
        return list(threads.map(lambda action: _adopted(volume, action), actions))


def ask_again(volume: OpenVolume, remote: RemoteObject) -> ObjectFacts:
    """What the bucket says of an object now.

    Raises:
        ObjectReplaced: it is another one.
        SaysoError: as `find_object`.
    """
    try:
        facts = find_object(volume.reader, remote.key, policy=volume.options.transfers.retry)
    except ObjectAbsent:
        raise ObjectReplaced from None
    if facts.remote.size_bytes != remote.size_bytes or (remote.etag and facts.remote.etag != remote.etag):
        raise ObjectReplaced
    if not volume.options.transfers.is_etag_md5:
        facts = facts.with_plain_etag()
    return facts


def compared(volume: OpenVolume, path: str, remote: RemoteObject, stored: Stored | None) -> Stored | None:
    """The entry of the journal for a file that is equal to an object; None if it differs, or nothing can be compared.

    Args:
        volume: with the file.
        path: of the file, without links.
        remote: the object, with the checksums of a manifest.
        stored: what the journal knows of the file.

    Raises:
        ObjectReplaced: the object was changed.
        SaysoError: the bucket does not answer, or the file cannot be read.
    """
    facts = ask_again(volume, remote)
    if facts.needs_part_bytes:
        part_bytes = find_part_bytes(volume.reader, facts.remote, policy=volume.options.transfers.retry)
        facts = facts.with_part_bytes(part_bytes)
    own = stored.checksums if stored is not None and is_same_object(remote, stored) else ()
    requirement = Requirement(expectation=facts.expectation, given=given_checksums(remote.checksums, own))
    comparison, found = compare_file(volume.root, path, requirement)
    if not comparison.is_equal:
        return None
    is_verified = comparison.by_bucket is True or bool(remote.checksums) or (stored is not None and stored.is_verified)
    return Stored(
        key=remote.key,
        etag=facts.remote.etag,
        version_id=facts.remote.version_id,
        modified_at=facts.remote.modified_at,
        size_bytes=facts.remote.size_bytes,
        checksums=comparison.checksums,
        is_verified=is_verified,
        stat=found,
    )


def _adopted(volume: OpenVolume, action: Action) -> Stored | SaysoError | ObjectReplaced | None:
    if action.remote is None:
        raise AssertionError("an object is adopted")
    try:
        path = real_path(volume.root, action.key)
        return compared(volume, path, action.remote, action.stored)
    except Cancelled:
        raise
    except (SaysoError, ObjectReplaced) as error:
        return error
    except OSError:
        return None
