"""``sayso`` with shorter leases, and perhaps an engine that hums: what `make chaos` starts as its workers.

    python tests/chaos/worker.py run stories

The command line, the settings and everything behind them are Sayso's own. Only two constants are others before anything
reads them: CHAOS_LEASE_SECONDS, a third of which is the time between two beats. With CHAOS_ENGINE=fake the first engine
hums, and takes as long as CHAOS_FAKE_SECONDS for each line; at the word CHAOS_DEADLY it kills its process.
"""

from __future__ import annotations

import importlib.util
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sayso.types import Speech, Utterance

_LEASE_TIMES = "sayso.jobs.lease_times"
_FAKE_SECONDS = "0.1"


def _shorten(lease_seconds: float) -> None:
    """Have `sayso.jobs.lease_times` with other leases before the modules that take them from it.

    Raises:
        LookupError: they are not there.
    """
    package = importlib.util.find_spec("sayso")
    assert package is not None
    assert package.submodule_search_locations is not None
    path = Path(package.submodule_search_locations[0], *_LEASE_TIMES.split(".")[1:]).with_suffix(".py")
    spec = importlib.util.spec_from_file_location(_LEASE_TIMES, path)
    assert spec is not None
    assert spec.loader is not None
    module: Any = importlib.util.module_from_spec(spec)
    sys.modules[_LEASE_TIMES] = module
    spec.loader.exec_module(module)
    for name, seconds in {"LEASE_SECONDS": lease_seconds, "HEARTBEAT_SECONDS": lease_seconds / 3}.items():
        if not hasattr(module, name):
            raise LookupError(f"{_LEASE_TIMES} has no {name}")
        setattr(module, name, seconds)


def _hum(seconds: float) -> None:
    """Put the engine that hums before the others."""
    from sayso.bootstrap import engines
    from sayso.testing import FakeSpeechEngine

    class SlowEngine(FakeSpeechEngine):
        def synthesise(self, utterance: Utterance, *, voice: str, speed: float) -> Speech:
            time.sleep(seconds)
            return super().synthesise(utterance, voice=voice, speed=speed)

    known: Any = engines.ENGINES
    others = dict(known)
    known.clear()
    known.update({"fake": lambda _settings: SlowEngine(deadly=os.environ.get("CHAOS_DEADLY")), **others})


if __name__ == "__main__":
    sys.path.pop(0)  # this directory, whose names are not Sayso's
if __name__ in {"__main__", "__mp_main__"}:  # the second is an attempt in a process of its own
    if "CHAOS_LEASE_SECONDS" in os.environ:
        _shorten(float(os.environ["CHAOS_LEASE_SECONDS"]))
    if os.environ.get("CHAOS_ENGINE") == "fake":
        _hum(float(os.environ.get("CHAOS_FAKE_SECONDS", _FAKE_SECONDS)))
if __name__ == "__main__":
    from sayso.cli import main

    main()
