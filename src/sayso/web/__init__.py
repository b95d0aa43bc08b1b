"""The web page at ``/``, which uses the public API."""

from sayso.web.page import router

__all__ = ["router"]
