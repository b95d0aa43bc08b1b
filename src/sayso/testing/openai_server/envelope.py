"""OpenAI's errors, as it sends them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import JSONResponse

if TYPE_CHECKING:
    from collections.abc import Mapping


class Refused(Exception):
    """A request that is answered with an error; ``response`` is the answer."""

    def __init__(self, response: JSONResponse) -> None:
        super().__init__()
        self.response = response


def refusal(
    status: int,
    message: str,
    *,
    kind: str = "invalid_request_error",
    param: str | None = None,
    code: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """The response to a refused request, in OpenAI's envelope."""
    error = {"message": message, "type": kind, "param": param, "code": code}
    return JSONResponse({"error": error}, status_code=status, headers=headers)
