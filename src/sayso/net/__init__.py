"""Requests to URLs that callers name, to public addresses only."""

from sayso.net.check import check_url
from sayso.net.fetch import fetch
from sayso.net.location import MAXIMUM_URL_CHARACTERS
from sayso.net.post import post

__all__ = ["MAXIMUM_URL_CHARACTERS", "check_url", "fetch", "post"]
