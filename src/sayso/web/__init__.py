"""The page: what a browser gets at ``/``, over the same API that everybody else uses."""

from sayso.web.page import router

__all__ = ["router"]
