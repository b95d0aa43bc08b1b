"""A real HTTP server that speaks OpenAI's protocol, and fails when it is told to: for tests and benchmarks."""

from sayso.testing.openai_server.faults import Fault, FaultKind, Received
from sayso.testing.openai_server.server import OpenAIServer

__all__ = ["Fault", "FaultKind", "OpenAIServer", "Received"]
