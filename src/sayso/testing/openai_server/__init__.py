"""A real HTTP server with OpenAI's protocol that injects faults on request: for tests and benchmarks."""

from sayso.testing.openai_server.faults import Fault, FaultKind, Received
from sayso.testing.openai_server.server import OpenAIServer

__all__ = ["Fault", "FaultKind", "OpenAIServer", "Received"]
