"""Fetching what callers name by URL, and sending to it, safely."""

from sayso.net.check import check_url
from sayso.net.fetch import fetch
from sayso.net.post import post

__all__ = ["check_url", "fetch", "post"]
