"""``/files``: serves files of the local storage to holders of a signed link, without an API key."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter, Query
from fastapi.responses import FileResponse

from sayso.api.dependencies import ServedDep
from sayso.api.http.errors import Problem
from sayso.storage import content_disposition, content_type_of

router = APIRouter(tags=["narrations"])

_CACHING = "private, no-cache"  # the holder of the link may read the file, but shared caches must not keep it


@router.get(
    "/files/{names:path}",
    summary="A finished file, by its signed link",
    response_class=FileResponse,
    responses={
        206: {"description": "The requested range."},
        403: {"description": "The link is invalid or has expired."},
    },
)
@router.head("/files/{names:path}", include_in_schema=False)
def file(
    served: ServedDep, names: str, *, expires: str = "", name: str = "", signature: str = Query(default="")
) -> FileResponse:
    """The file, or the requested range of it; a browser saves it under the name in the link."""
    if served.files is None:
        raise Problem(status=404, message="There are no files here.", code="not_found")
    path = served.files.path_of_link(names, expires=expires, file_name=name, signature=signature)
    if path is None:
        raise Problem(status=403, message="The link is not one of this service's, or has expired.", code="bad_link")
    if not path.is_file():
        raise Problem(status=404, message=f"There is no file {name!r} any more.", code="not_found")
    return _answer(path, name)


def _answer(path: Path, name: str) -> FileResponse:
    headers = {
        "cache-control": _CACHING,
        "content-disposition": content_disposition(name),
        "x-content-type-options": "nosniff",
    }
    return FileResponse(path, media_type=content_type_of(path.name), headers=headers)
