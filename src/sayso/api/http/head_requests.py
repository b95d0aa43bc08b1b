"""HEAD on everything that answers GET."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send


class HeadRequests:
    """Answers HEAD as GET without the body; a stream that has no end ends after its headers.

    The route runs as for GET, so that status and headers are the same. It is cancelled once its headers are sent.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return
        is_sent = False

        async def send_head(message: Message) -> None:
            nonlocal is_sent
            if is_sent or message["type"] != "http.response.start":
                return
            is_sent = True
            scope["method"] = "HEAD"  # the server sends no body because of it
            await send(message)
            await send({"type": "http.response.body"})
            route.cancel()

        # The outer middleware reads the route from this very scope, so it is changed in place.
        scope["method"] = "GET"
        try:
            with anyio.CancelScope() as route:
                await self._app(scope, receive, send_head)
        finally:
            scope["method"] = "HEAD"
