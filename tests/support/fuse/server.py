"""The process of a mounted file system: it mounts, answers the kernel, and obeys its standard input.

Each line there is ``read-only``, ``writable`` or ``counts``; the last is answered by a line of JSON. It ends with its
standard input, and is unmounted then.
"""

from __future__ import annotations

import ctypes
import errno
import json
import os
import selectors
import sys
from pathlib import Path

sys.path[:1] = [str(Path(__file__).resolve().parents[2])]

from support.fuse.pass_through import Options, PassThrough  # noqa: E402 -- found by the line above
from support.fuse.protocol import REQUEST_BYTES, Operation, parse  # noqa: E402

_NO_DEVICES_NO_SETUID = 2 | 4
_DETACH = 2
_COMMAND_BYTES = 4096


def main(directory: str, mountpoint: str, wanted: str) -> None:
    """Serve a directory at another one."""
    options = json.loads(wanted)
    refused = {Operation[name]: getattr(errno, code) for name, code in options.pop("refused", {}).items()}
    files = PassThrough(directory, Options(refused=refused, **options))
    os.umask(0)
    device = os.open("/dev/fuse", os.O_RDWR)
    _mount(device, mountpoint)
    sys.stdout.write("mounted\n")
    sys.stdout.flush()
    os.set_blocking(device, False)
    try:
        _serve(device, files)
    finally:
        ctypes.CDLL(None).umount2(os.fsencode(mountpoint), _DETACH)


def _mount(device: int, mountpoint: str) -> None:
    library = ctypes.CDLL(None, use_errno=True)
    data = f"fd={device},rootmode=40000,user_id=0,group_id=0,allow_other,default_permissions,max_read={2**17}"
    if library.mount(b"sayso-test", os.fsencode(mountpoint), b"fuse", _NO_DEVICES_NO_SETUID, data.encode()):
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), mountpoint)


def _serve(device: int, files: PassThrough) -> None:
    with selectors.DefaultSelector() as selector:
        selector.register(device, selectors.EVENT_READ)
        selector.register(sys.stdin.fileno(), selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                is_over = not _answer(device, files) if key.fd == device else not _obey(files)
                if is_over:
                    return


def _answer(device: int, files: PassThrough) -> bool:
    """Answer a request; False once it is unmounted."""
    try:
        packet = os.read(device, REQUEST_BYTES)
    except OSError as error:
        return error.errno in {errno.EAGAIN, errno.ENOENT, errno.EINTR}
    answer = files.answer(parse(packet))
    if answer is not None:
        try:
            os.write(device, answer)
        except OSError as error:
            if error.errno != errno.ENOENT:  # the request was interrupted
                raise
    return True


def _obey(files: PassThrough) -> bool:
    """Read commands; False at the end of them."""
    commands = os.read(sys.stdin.fileno(), _COMMAND_BYTES).decode().split("\n")
    for command in filter(None, commands):
        if command == "counts":
            sys.stdout.write(json.dumps(files.counts) + "\n")
            sys.stdout.flush()
        else:
            files.is_read_only = command == "read-only"
    return commands != [""]


if __name__ == "__main__":
    main(*sys.argv[1:])
