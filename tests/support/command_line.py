"""The result of a command in a test."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Outcome:
    """How a command ended, and what it printed."""

    code: int
    out: str
    err: str


class RunSayso(Protocol):
    """Runs ``sayso`` with arguments."""

    def __call__(self, *arguments: str | Path) -> Outcome: ...
