"""A real HTTP server with OpenAI's protocol that injects faults on request: for tests and benchmarks."""

from sayso.testing.openai_server.faults import Fault, FaultKind, Received
from sayso.testing.openai_server.realtime import RealtimeFault, reworded
from sayso.testing.openai_server.server import OpenAIServer
from sayso.testing.openai_server.stamped import StampedSpeech, stamp, stamp_of

__all__ = [
    "Fault",
    "FaultKind",
    "OpenAIServer",
    "RealtimeFault",
    "Received",
    "StampedSpeech",
    "reworded",
    "stamp",
    "stamp_of",
]
