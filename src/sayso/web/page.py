"""The page in the visitor's language, and its files, which the browser revalidates at each visit."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.staticfiles import StaticFiles

from sayso.web.languages import COOKIE, index_html, language_of
from sayso.web.policy import page_policy

if TYPE_CHECKING:
    import os

    from starlette.types import Scope

router = APIRouter(include_in_schema=False)


class _Files(StaticFiles):
    """Files with an ETag, which a browser may cache if it revalidates them each time."""

    def file_response(
        self, full_path: str | os.PathLike[str], stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        """See `StaticFiles.file_response`."""
        response = super().file_response(full_path, stat_result, scope, status_code)
        response.headers["cache-control"] = "no-cache"
        return response


_FILES = _Files(directory=Path(__file__).parent / "static")


# Routes, not a mount at "/": a mount would match every path, including those of the API with a wrong method.
@router.api_route("/", methods=["GET", "HEAD"])
async def index(request: Request) -> Response:
    """The page; its policy allows it to play narrations and cards from their storages."""
    language = language_of(request.headers.get("accept-language", ""), request.cookies.get(COOKIE))
    content = index_html(language)
    narrations = request.app.state.served.narrations
    cards = request.app.state.cards
    origins = (narrations and narrations.files_origin, cards and cards.files_origin)
    headers = {
        "cache-control": "no-cache",
        "content-language": language,
        "content-security-policy": page_policy(*filter(None, origins)),
        "etag": f'"{hashlib.sha256(content.encode()).hexdigest()[:32]}"',
        "vary": "Accept-Language, Cookie",
    }
    if request.headers.get("if-none-match") == headers["etag"]:
        return Response(status_code=304, headers=headers)
    return HTMLResponse(content, headers=headers)


@router.api_route("/page/server.json", methods=["GET", "HEAD"])
async def server(request: Request) -> JSONResponse:
    """Which parts of the page this server supports. The API itself would answer with an error, which browsers log."""
    state = request.app.state
    cards = state.cards
    parts = {
        "narrations": state.served.narrations is not None,
        "cards": cards and {"files_url": cards.files_url, "serves_files": cards.directory is not None},
    }
    return JSONResponse(parts, headers={"cache-control": "no-cache"})


@router.api_route("/page/{name:path}", methods=["GET", "HEAD"])
async def file(request: Request, name: str) -> Response:
    """A file of the page."""
    return await _FILES.get_response(name, request.scope)
