"""Ask the bucket for some keys, one by one."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from sayso.aws.s3_reader import ObjectAbsent
from sayso.errors import Cancelled, InvalidInput, SaysoError, ServiceUnavailable
from sayso.modelsync.bucket.listing import find_object, is_listed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sayso.modelsync.reconciliation.volume_view import VolumeView
    from sayso.modelsync.records import RemoteObject

_THREADS = 8


def ask_for(keys: Iterable[str], volume: VolumeView) -> tuple[list[RemoteObject], dict[str, SaysoError]]:
    """The objects with these keys, and the keys that the bucket could not be asked for, and why.

    Raises:
        Cancelled: it was to stop.
    """
    policy = volume.options.transfers.retry

    def ask(key: str) -> RemoteObject | SaysoError | None:
        try:
            return find_object(volume.reader, key, policy=policy).remote
        except ObjectAbsent:
            return _absence(key, volume)
        except Cancelled:
            raise
        except InvalidInput as error:  # it is about the bucket: no event is lost for that
            return ServiceUnavailable(error.message, hint=error.hint)
        except SaysoError as error:
            return error

    found: list[RemoteObject] = []
    failed: dict[str, SaysoError] = {}
    keys = list(keys)
    with ThreadPoolExecutor(_THREADS, thread_name_prefix="ask") as threads:
        for key, answer in zip(keys, threads.map(ask, keys), strict=True):
            if isinstance(answer, SaysoError):
                failed[key] = answer
            elif answer is not None and not (key.endswith("/") and not answer.size_bytes):
                found.append(answer)
    return found, failed


def _absence(key: str, volume: VolumeView) -> SaysoError | None:
    """Why an object is not taken for gone; None if it is. A file is deleted only if the listing says so, too."""
    if key not in volume.journal.state.files:
        return None
    try:
        if is_listed(volume.reader, key, policy=volume.options.transfers.retry):
            return ServiceUnavailable(f"The bucket lists {key}, and has no such object.")
    except Cancelled:
        raise
    except SaysoError as error:
        return ServiceUnavailable(error.message, hint=error.hint)
    return None
