"""Why a server refuses a connection: psycopg reports that only as text, in the language of the server.

libpq can write a trace of a connection, which includes error codes. Only Linux's version does.
"""

from __future__ import annotations

import os
import re
import select
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psycopg
from psycopg import pq
from psycopg.conninfo import make_conninfo

if TYPE_CHECKING:
    from collections.abc import Mapping

_CODE = re.compile(rb'\tB\t\d+\tErrorResponse\t.* C "([0-9A-Z]{5})"')

_NO_DATABASE, _NO_PERMISSION = "3D000", "42501"


@dataclass(frozen=True, slots=True)
class Refusal:
    """The diagnosis of a failed connection.

    Attributes:
        is_lasting: whether every attempt fails until the address or the server is changed.
        hint: what to do about it.
    """

    is_lasting: bool
    hint: str | None = None


def diagnose_refusal(parameters: Mapping[str, str], *, seconds: float) -> Refusal:
    """Connect once more, and diagnose why that fails; blocks.

    Args:
        parameters: libpq's.
        seconds: the time limit.
    """
    if not hasattr(os, "memfd_create"):
        return Refusal(is_lasting=False)
    record = os.memfd_create("sayso")  # it may contain a password, so it is never on a disk
    try:
        return _look(make_conninfo(**parameters).encode(), record, seconds)
    finally:
        os.close(record)


def _look(conninfo: bytes, record: int, seconds: float) -> Refusal:
    connection = pq.PGconn.connect_start(conninfo)
    try:
        if connection.status == pq.ConnStatus.BAD:
            is_senseless = pq.PGconn.ping(conninfo) == pq.Ping.NO_ATTEMPT  # otherwise its name is not known yet
            hint = "Look at the parameters in DATABASE_URL, and at libpq's PG… variables." if is_senseless else None
            return Refusal(is_lasting=is_senseless, hint=hint)
        connection.trace(record)
        _connect(connection, time.monotonic() + seconds)
        connection.untrace()
        needs_password = connection.needs_password
    finally:
        connection.finish()
    codes = _CODE.findall(os.pread(record, 2**20, 0))
    return _refusal(codes[-1].decode() if codes else "", needs_password=needs_password)


def _connect(connection: psycopg.pq.abc.PGconn, give_up: float) -> None:
    """Continue a connection until it is made, or has failed, or the time is over."""
    while (left := give_up - time.monotonic()) > 0:
        state = connection.connect_poll()
        if state == pq.PollingStatus.READING:
            select.select([connection.socket], [], [], left)
        elif state == pq.PollingStatus.WRITING:
            select.select([], [connection.socket], [], left)
        else:
            return


def _refusal(code: str, *, needs_password: bool) -> Refusal:
    if code.startswith("28") or needs_password:
        return Refusal(is_lasting=True, hint="Look at the user and the password in DATABASE_URL, and at pg_hba.conf.")
    if code == _NO_DATABASE:
        return Refusal(is_lasting=True, hint="Create the database, or look at the name at the end of DATABASE_URL.")
    if code == _NO_PERMISSION:
        return Refusal(is_lasting=True, hint="The user needs the privilege CONNECT on the database.")
    return Refusal(is_lasting=False)
