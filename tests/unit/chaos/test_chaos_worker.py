"""The workers of chaos have the leases that they are told to have."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

_WORKER = Path(__file__).parents[2] / "chaos" / "worker.py"

_SCRIPT = f"""
import importlib.util
spec = importlib.util.spec_from_file_location("chaos_worker", {str(_WORKER)!r})
worker = importlib.util.module_from_spec(spec)
spec.loader.exec_module(worker)
worker._shorten(6.0)
from sayso.cards.postgres.queue import CardQueue
from sayso.jobs import HEARTBEAT_SECONDS, LEASE_SECONDS
from sayso.workers import Policy
policy = Policy(at_once=1)
print(LEASE_SECONDS, HEARTBEAT_SECONDS, policy.lease_seconds, policy.heartbeat_seconds)
print(CardQueue.__init__.__kwdefaults__["lease_seconds"])
"""


def test_leases_are_shortened_everywhere() -> None:
    """In the constants, and in what took them as defaults."""
    ran = subprocess.run([sys.executable, "-c", _SCRIPT], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["6.0", "2.0", "6.0", "2.0", "6.0"]
