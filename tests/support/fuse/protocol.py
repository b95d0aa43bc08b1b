"""The kernel's side of FUSE (protocol 7.31): requests from /dev/fuse as values, and replies as bytes.

It is spoken here rather than by libfuse so that a scene needs no package but the kernel's module: /dev/fuse, and root.
"""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from enum import IntEnum

REQUEST_BYTES = 2**20 + 4096
WRITE_BYTES = 2**20
ROOT = 1

_IN_HEADER = struct.Struct("<IIQQIIII")
_OUT_HEADER = struct.Struct("<IiQ")
_ATTRIBUTES = struct.Struct("<QQQQQQIIIIIIIIII")
_ENTRY = struct.Struct("<QQQQII")
_ATTRIBUTES_REPLY = struct.Struct("<QII")
_DIRECTORY_ENTRY = struct.Struct("<QQII")
_BIG_WRITES = 1 << 5
_MAX_PAGES = 1 << 22
_INIT_EXTENDED = 1 << 30


class Operation(IntEnum):
    """The requests that are answered."""

    LOOKUP = 1
    FORGET = 2
    GETATTR = 3
    SETATTR = 4
    READLINK = 5
    SYMLINK = 6
    MKDIR = 9
    UNLINK = 10
    RMDIR = 11
    RENAME = 12
    LINK = 13
    OPEN = 14
    READ = 15
    WRITE = 16
    STATFS = 17
    RELEASE = 18
    FSYNC = 20
    FLUSH = 25
    INIT = 26
    OPENDIR = 27
    READDIR = 28
    RELEASEDIR = 29
    FSYNCDIR = 30
    CREATE = 35
    DESTROY = 38
    BATCH_FORGET = 42
    FALLOCATE = 43
    RENAME2 = 45


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """A request: its body is what follows the header."""

    operation: int
    unique: int
    node: int
    body: bytes

    def names(self, offset: int = 0) -> list[str]:
        """The names in the body, each of which ends with a NUL."""
        return [os.fsdecode(name) for name in self.body[offset:].split(b"\0")[:-1]]

    def unpack(self, layout: str, offset: int = 0) -> tuple[int, ...]:
        """The numbers in the body."""
        return struct.unpack_from(f"<{layout}", self.body, offset)


def parse(packet: bytes) -> Request:
    """The request in a packet."""
    _, operation, unique, node, *_ = _IN_HEADER.unpack_from(packet)
    return Request(operation=operation, unique=unique, node=node, body=packet[_IN_HEADER.size :])


def reply(request: Request, content: bytes = b"", *, error: int = 0) -> bytes:
    """The packet of a reply; the error is a number of `errno`."""
    return _OUT_HEADER.pack(_OUT_HEADER.size + len(content), -error, request.unique) + content


def welcome(request: Request, *, readahead_bytes: int) -> bytes:
    """The reply to INIT."""
    _, _, _, flags = request.unpack("IIII")
    wanted = flags & (_BIG_WRITES | _MAX_PAGES) & ~_INIT_EXTENDED
    return struct.pack("<IIIIHHIIHHI28x", 7, 31, readahead_bytes, wanted, 16, 12, WRITE_BYTES, 1, 256, 0, 0)


def attributes(facts: os.stat_result) -> bytes:
    """The facts of an inode."""
    times = (facts.st_atime_ns, facts.st_mtime_ns, facts.st_ctime_ns)
    return _ATTRIBUTES.pack(
        facts.st_ino,
        facts.st_size,
        facts.st_blocks,
        *(each // 10**9 for each in times),
        *(each % 10**9 for each in times),
        facts.st_mode,
        facts.st_nlink,
        facts.st_uid,
        facts.st_gid,
        facts.st_rdev,
        facts.st_blksize,
        0,
    )


def entry(node: int, facts: os.stat_result, *, valid_seconds: float) -> bytes:
    """What is at a name, and for how long the kernel may remember that."""
    seconds, nanoseconds = int(valid_seconds), int(valid_seconds % 1 * 10**9)
    return _ENTRY.pack(node, 0, seconds, seconds, nanoseconds, nanoseconds) + attributes(facts)


def attributes_reply(facts: os.stat_result, *, valid_seconds: float) -> bytes:
    """The facts of an inode, and for how long the kernel may remember them."""
    return _ATTRIBUTES_REPLY.pack(int(valid_seconds), int(valid_seconds % 1 * 10**9), 0) + attributes(facts)


def directory_entry(inode: int, following: int, name: str, kind: int) -> bytes:
    """An entry of a directory; `following` is the offset of the next one."""
    encoded = os.fsencode(name)
    packed = _DIRECTORY_ENTRY.pack(inode, following, len(encoded), kind) + encoded
    return packed + bytes(-len(packed) % 8)


def space(facts: os.statvfs_result) -> bytes:
    """The facts of a file system."""
    return struct.pack(
        "<QQQQQIII28x",
        facts.f_blocks,
        facts.f_bfree,
        facts.f_bavail,
        facts.f_files,
        facts.f_ffree,
        facts.f_bsize,
        facts.f_namemax,
        facts.f_frsize,
    )
