"""A file system that passes everything through to a directory, but for what it is asked to refuse.

Its inodes are those of the directory, held open, as an NFS server's handles are: so a file that was removed behind its
back is answered with ESTALE, in `read` as in a page fault of mapped memory.
"""

from __future__ import annotations

import errno
import os
import stat
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sayso.modelsync.volume.system_calls import exchange, preallocate
from support.fuse import protocol
from support.fuse.protocol import Operation, Request

if TYPE_CHECKING:
    from collections.abc import Callable

_PATH = os.O_PATH | os.O_NOFOLLOW
_RENAME_EXCHANGE = 2
_CHANGES = frozenset(
    {
        Operation.SETATTR,
        Operation.SYMLINK,
        Operation.MKDIR,
        Operation.UNLINK,
        Operation.RMDIR,
        Operation.RENAME,
        Operation.RENAME2,
        Operation.LINK,
        Operation.WRITE,
        Operation.CREATE,
        Operation.FALLOCATE,
    }
)
_MODE, _UID, _GID, _SIZE, _MTIME, _ATIME_NOW, _MTIME_NOW = 1, 2, 4, 8, 32, 128, 256


@dataclass(frozen=True, kw_only=True)
class Options:
    """What the file system does not do.

    Attributes:
        is_remote: whether what was removed goes stale, as it does for another client of an NFS server.
        refused: the operations that it does not have, with the error that each is answered with.
        exchanges: whether two entries can be exchanged.
        cached_seconds: how long the kernel may remember names and facts.
    """

    is_remote: bool = False
    refused: dict[Operation, int] = field(default_factory=dict)
    exchanges: bool = True
    cached_seconds: float = 0.0


class PassThrough:
    """Answers requests; for one thread.

    Attributes:
        is_read_only: whether changes are answered with EROFS, as by a disk that was remounted after an error.
        counts: how often each error was answered, by operation and error, as ``READ ESTALE``.
    """

    def __init__(self, directory: str, options: Options) -> None:
        self.is_read_only = False
        self.counts: Counter[str] = Counter()
        self._options = options
        self._nodes = {protocol.ROOT: os.open(directory, _PATH | os.O_DIRECTORY)}
        self._lookups: Counter[int] = Counter()
        self._numbers: dict[tuple[int, int], int] = {}
        self._listings: dict[int, list[tuple[str, int, int]]] = {}
        self._next = protocol.ROOT + 1
        self._answers: dict[int, Callable[[Request], bytes]] = {
            Operation.LOOKUP: lambda request: self._entry(request.node, request.names()[0]),
            Operation.GETATTR: self._getattr,
            Operation.SETATTR: self._setattr,
            Operation.READLINK: lambda request: os.fsencode(os.readlink("", dir_fd=self._node(request.node))),
            Operation.SYMLINK: self._symlink,
            Operation.MKDIR: self._mkdir,
            Operation.UNLINK: self._unlink,
            Operation.RMDIR: self._rmdir,
            Operation.RENAME: lambda request: self._rename(request, request.unpack("Q")[0], 0, 8),
            Operation.RENAME2: lambda request: self._rename(
                request, request.unpack("Q")[0], request.unpack("QI")[1], 16
            ),
            Operation.LINK: self._link,
            Operation.OPEN: self._open,
            Operation.OPENDIR: self._opendir,
            Operation.CREATE: self._create,
            Operation.READ: self._read,
            Operation.WRITE: self._write,
            Operation.READDIR: self._readdir,
            Operation.STATFS: lambda request: protocol.space(os.statvfs(self._path(request.node))),
            Operation.FSYNC: self._fsync,
            Operation.FSYNCDIR: self._fsync,
            Operation.FALLOCATE: self._fallocate,
            Operation.FLUSH: lambda _: b"",
            Operation.RELEASE: self._release,
            Operation.RELEASEDIR: self._release,
            Operation.INIT: lambda request: protocol.welcome(request, readahead_bytes=0),
            Operation.DESTROY: lambda _: b"",
        }

    def answer(self, request: Request) -> bytes | None:
        """The packet with which a request is answered; None if it needs no answer."""
        if request.operation in {Operation.FORGET, Operation.BATCH_FORGET}:
            self._forget(request)
            return None
        answer = self._answers.get(request.operation)
        if answer is None:
            return protocol.reply(request, error=errno.ENOSYS)
        try:
            self._admit(request)
            return protocol.reply(request, answer(request))
        except OSError as error:
            code = error.errno or errno.EIO
            self.counts[f"{Operation(request.operation).name} {errno.errorcode[code]}"] += 1
            return protocol.reply(request, error=code)

    def _admit(self, request: Request) -> None:
        refusal = self._options.refused.get(Operation(request.operation))
        if refusal is not None:
            raise OSError(refusal, os.strerror(refusal))
        if self.is_read_only and request.operation in _CHANGES:
            raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    # Inodes

    def _node(self, node: int) -> int:
        """The descriptor of an inode.

        Raises:
            OSError: ESTALE for one that was removed, if this is another client than the one that removed it.
        """
        opened = self._nodes[node]
        self._check_stale(opened)
        return opened

    def _check_stale(self, opened: int) -> None:
        if self._options.is_remote and not os.fstat(opened).st_nlink:
            raise OSError(errno.ESTALE, os.strerror(errno.ESTALE))

    def _path(self, node: int) -> str:
        return f"/proc/self/fd/{self._node(node)}"

    def _entry(self, parent: int, name: str) -> bytes:
        opened = os.open(name, _PATH, dir_fd=self._node(parent))
        facts = os.fstat(opened)
        place = facts.st_dev, facts.st_ino
        node = self._numbers.get(place)
        if node is None:
            node, self._next = self._next, self._next + 1
            self._numbers[place], self._nodes[node] = node, opened
        else:
            os.close(opened)
        self._lookups[node] += 1
        return protocol.entry(node, facts, valid_seconds=self._options.cached_seconds)

    def _forget(self, request: Request) -> None:
        if request.operation == Operation.FORGET:
            pairs = [(request.node, *request.unpack("Q"))]
        else:
            count, _ = request.unpack("II")
            pairs = [request.unpack("QQ", 8 + 16 * each) for each in range(count)]
        for node, times in pairs:
            self._lookups[node] -= times
            if self._lookups[node] <= 0 and node in self._nodes and node != protocol.ROOT:
                opened = self._nodes.pop(node)
                facts = os.fstat(opened)
                self._numbers.pop((facts.st_dev, facts.st_ino), None)
                os.close(opened)
                del self._lookups[node]

    def _getattr(self, request: Request) -> bytes:
        facts = os.fstat(self._node(request.node))
        return protocol.attributes_reply(facts, valid_seconds=self._options.cached_seconds)

    def _setattr(self, request: Request) -> bytes:
        valid, _, _, size, _, atime, mtime, _, atime_ns, mtime_ns, _, mode, _, uid, gid, _ = request.unpack(
            "IIQQQQQQIIIIIIII"
        )
        path = self._path(request.node)
        if valid & _MODE:
            os.chmod(path, stat.S_IMODE(mode))  # noqa: PTH101 -- as the calls beside it
        if valid & (_UID | _GID):
            os.chown(path, uid if valid & _UID else -1, gid if valid & _GID else -1)
        if valid & _SIZE:
            os.truncate(path, size)
        if valid & _MTIME and not valid & (_ATIME_NOW | _MTIME_NOW):
            os.utime(path, ns=(atime * 10**9 + atime_ns, mtime * 10**9 + mtime_ns))
        elif valid & (_ATIME_NOW | _MTIME_NOW):
            os.utime(path)
        return self._getattr(request)

    # Names

    def _symlink(self, request: Request) -> bytes:
        name, target = request.names()
        os.symlink(target, name, dir_fd=self._node(request.node))
        return self._entry(request.node, name)

    def _mkdir(self, request: Request) -> bytes:
        mode, _ = request.unpack("II")
        (name,) = request.names(8)
        os.mkdir(name, mode, dir_fd=self._node(request.node))
        return self._entry(request.node, name)

    def _unlink(self, request: Request) -> bytes:
        os.unlink(request.names()[0], dir_fd=self._node(request.node))
        return b""

    def _rmdir(self, request: Request) -> bytes:
        os.rmdir(request.names()[0], dir_fd=self._node(request.node))
        return b""

    def _rename(self, request: Request, directory: int, flags: int, offset: int) -> bytes:
        old, new = request.names(offset)
        first, second = self._node(request.node), self._node(directory)
        if not flags:
            os.rename(old, new, src_dir_fd=first, dst_dir_fd=second)
        elif flags == _RENAME_EXCHANGE and self._options.exchanges:
            exchange(old, new, first_directory=first, second_directory=second)
        else:
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        return b""

    def _link(self, request: Request) -> bytes:
        (source,) = request.unpack("Q")
        (name,) = request.names(8)
        os.link(self._path(source), name, dst_dir_fd=self._node(request.node), follow_symlinks=True)
        return self._entry(request.node, name)

    # Open files

    def _open(self, request: Request) -> bytes:
        (flags,) = request.unpack("I")
        return _opened(os.open(self._path(request.node), flags & ~(os.O_NOFOLLOW | os.O_CREAT | os.O_EXCL)))

    def _opendir(self, request: Request) -> bytes:
        return _opened(os.open(self._path(request.node), os.O_RDONLY | os.O_DIRECTORY))

    def _create(self, request: Request) -> bytes:
        flags, mode, _, _ = request.unpack("IIII")
        (name,) = request.names(16)
        opened = os.open(name, flags | os.O_CREAT | os.O_NOFOLLOW, mode & 0o7777, dir_fd=self._node(request.node))
        return self._entry(request.node, name) + _opened(opened)

    def _read(self, request: Request) -> bytes:
        opened, offset, size, *_ = request.unpack("QQI")
        self._check_stale(opened)
        return os.pread(opened, size, offset)

    def _write(self, request: Request) -> bytes:
        opened, offset, size, *_ = request.unpack("QQI")
        data = request.body[40 : 40 + size]
        return os.pwrite(opened, data, offset).to_bytes(4, "little") + bytes(4)

    def _readdir(self, request: Request) -> bytes:
        opened, offset, size, *_ = request.unpack("QQI")
        if not offset:
            with os.scandir(opened) as scan:
                found = [(each.name, each.inode(), _kind_of(each)) for each in scan]
            self._listings[opened] = [(".", 1, stat.S_IFDIR >> 12), ("..", 1, stat.S_IFDIR >> 12), *found]
        content = b""
        for number, (name, inode, kind) in enumerate(self._listings[opened][offset:], start=offset + 1):
            packed = protocol.directory_entry(inode, number, name, kind)
            if len(content) + len(packed) > size:
                break
            content += packed
        return content

    def _fsync(self, request: Request) -> bytes:
        os.fsync(request.unpack("Q")[0])
        return b""

    def _fallocate(self, request: Request) -> bytes:
        opened, offset, length, mode, _ = request.unpack("QQQII")
        if offset or mode or not preallocate(opened, length):
            raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP))
        return b""

    def _release(self, request: Request) -> bytes:
        (opened,) = request.unpack("Q")
        self._listings.pop(opened, None)
        os.close(opened)
        return b""


def _opened(descriptor: int) -> bytes:
    return descriptor.to_bytes(8, "little") + bytes(8)


def _kind_of(entry: os.DirEntry[str]) -> int:
    if entry.is_symlink():
        return stat.S_IFLNK >> 12
    return (stat.S_IFDIR if entry.is_dir(follow_symlinks=False) else stat.S_IFREG) >> 12
