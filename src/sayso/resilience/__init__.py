"""Resilience against failing engines and services: circuit breakers, fallback chains and retries."""

from sayso.resilience.breaker import Breaker, BreakerState
from sayso.resilience.chain import Chain, ChainResult, Failure, Link

__all__ = ["Breaker", "BreakerState", "Chain", "ChainResult", "Failure", "Link"]
