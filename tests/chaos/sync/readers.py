"""Start a reader, start another one when it dies, and put together what they saw."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from support.waiting import WAIT_SECONDS

if TYPE_CHECKING:
    from typing import Self

_READER = Path(__file__).with_name("reader.py")
_OTHER_USER = 65534


class Readers:
    """A context manager: one process reads a volume at any time.

    Args:
        base: the root of the volume, as the reader sees it.
        options: of `chaos.sync.reader.Reader`.

    Attributes:
        counts: what was done, once the block has ended.
        wrong: what must not have been seen, and how often.
        user: who reads: another user, where this process may start one.
    """

    def __init__(self, base: Path, **options: Any) -> None:
        self.counts: Counter[str] = Counter()
        self.wrong: Counter[str] = Counter()
        self.user = _OTHER_USER if os.geteuid() == 0 else os.getuid()
        is_other = os.geteuid() == 0
        self._options = {**options, "base": str(base), "user": _OTHER_USER if is_other else None}
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._keep_reading, daemon=True)

    def __enter__(self) -> Self:
        self._process = self._start()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._thread.join(WAIT_SECONDS)

    def _start(self) -> subprocess.Popen[str]:
        command = [sys.executable, str(_READER), json.dumps(self._options)]
        return subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def _keep_reading(self) -> None:
        while True:
            with self._process as process:
                output = process.stdout.read() if process.stdout is not None else ""
                trouble = process.stderr.read() if process.stderr is not None else ""
                code = process.wait()
            if code == 0:
                seen = json.loads(output)
                self.counts.update(seen["counts"])
                self.wrong.update(seen["wrong"])
                if seen["user"] != self.user:
                    self.wrong[f"the reader was user {seen['user']}"] += 1
                return
            how = signal.Signals(-code).name if code < 0 else trouble[-500:]
            self.wrong[f"the reader died: {how}"] += 1
            if self._is_over.is_set():
                return
            self._process = self._start()
