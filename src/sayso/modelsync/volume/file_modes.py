"""The permissions and the owner of what is made on the volume."""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass

_NOT_OURS = frozenset({errno.EPERM, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL, errno.EACCES})
"""By which a volume says that it does not give files to others."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FileModes:
    """The permissions of what is made on the volume, whatever the umask is.

    Attributes:
        file: of files.
        directory: of directories; the bit that passes the group on (setgid) is kept where the parent has it.
        owner: the numeric user that files and directories are given to; None for the user of the process.
        group: the numeric group; None for what the file system chooses. Volumes that refuse this (EFS) are tolerated.
    """

    file: int = 0o644
    directory: int = 0o755
    owner: int | None = None
    group: int | None = None


def give(opened: int, modes: FileModes) -> None:
    """Give a file or a directory to the owner and group of the settings, on a volume that can.

    Args:
        opened: its descriptor.
        modes: with the owner and the group.

    Raises:
        OSError: the disk fails.
    """
    if modes.owner is None and modes.group is None:
        return
    try:
        os.fchown(opened, -1 if modes.owner is None else modes.owner, -1 if modes.group is None else modes.group)
    except OSError as error:
        if error.errno not in _NOT_OURS:
            raise
