"""The paths of Azure OpenAI's clients."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

_AZURE = re.compile(r"/openai(?:/v1|/deployments/(?P<deployment>.+))?(?P<path>/(?:audio|models)(?:/.*)?)")


DEPLOYMENT = "sayso.deployment"
"""The key in an ASGI scope of the deployment that the path names."""


class AzurePaths:
    """Serves ``/openai/deployments/NAME/audio/…``, ``/openai/models`` and ``/openai/v1/…`` as ``/v1/…``.

    The field ``model``, which the SDKs send too, comes before the name in the path; the query ``api-version`` has no
    effect.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        match = _AZURE.fullmatch(scope["path"]) if scope["type"] == "http" else None
        if match is not None:
            if match["deployment"]:
                scope[DEPLOYMENT] = match["deployment"]
            scope["path"] = f"/v1{match['path']}"
            scope["raw_path"] = scope["path"].encode()
        await self._app(scope, receive, send)
