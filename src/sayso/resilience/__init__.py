"""What stands between a request and an engine that may fail: a breaker for each, and the chain of those to try."""

from sayso.resilience.breaker import Breaker, BreakerState
from sayso.resilience.chain import Chain, ChainResult, Failure, Link

__all__ = ["Breaker", "BreakerState", "Chain", "ChainResult", "Failure", "Link"]
