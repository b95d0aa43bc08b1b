"""What is there when all is over, beside the record: tasks, files, what was put aside, what was left behind."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from chaos.record import Record
    from chaos.stories import Order


@dataclass(frozen=True, kw_only=True, slots=True)
class Task:
    """A task as anybody reads it.

    Attributes:
        status: COMPLETED or FAILED, if all is well.
        url: what became of it.
        error: why it failed.
        oddity: what else is not as it should be, in a sentence.
    """

    status: str | None
    url: str | None
    error: str | None = None
    oddity: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Evidence:
    """All that is held against the promises.

    Attributes:
        orders: what was asked for, in the order in which it was sent.
        messages: the name of each message's order, in the order of sending.
        record: what was seen meanwhile.
        tasks: by parent and task.
        versions: how many times there was another content at each URI where there is a file.
        read: what is at a URI.
        dead_lettered: why a job was put aside, by the name of its order.
        left: what nobody wanted to be there: files, directories, jobs.
    """

    orders: Sequence[Order]
    messages: Mapping[str, str]
    record: Record
    tasks: Mapping[tuple[str, str], Task]
    versions: Mapping[str, int]
    read: Callable[[str], bytes]
    dead_lettered: Mapping[str, str]
    left: Sequence[str] = field(default_factory=tuple)
