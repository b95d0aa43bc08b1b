"""Fetching what callers name by URL, safely."""

from sayso.net.fetch import fetch

__all__ = ["fetch"]
