"""A real HTTP server with OpenAI's protocol that injects faults on request: for tests and benchmarks."""

from sayso.testing.openai_server.faults import Fault, FaultKind, Received
from sayso.testing.openai_server.server import OpenAIServer
from sayso.testing.openai_server.stamped import StampedSpeech, stamp, stamp_of

__all__ = ["Fault", "FaultKind", "OpenAIServer", "Received", "StampedSpeech", "stamp", "stamp_of"]
