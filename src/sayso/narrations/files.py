"""Where the files of narrations and of stories go: URIs below the root of a deployment's output."""

from __future__ import annotations

from urllib.parse import quote

from sayso.errors import InvalidInput


def narration_uri(root: str | None, narration_id: str, form: str) -> str:
    """The URI of a narration's file of a format.

    Raises:
        InvalidInput: there is no root.
    """
    return join(root, f"narrations/{narration_id}/narration.{form}")


def join(root: str | None, key: str) -> str:
    """The URI of a key below a root; keys of S3 stand as they are, those of files are quoted.

    Raises:
        InvalidInput: there is no root.
    """
    if root is None:
        raise InvalidInput("The message does not say where its files go, and OUTPUT_BUCKET is not set.")
    return f"{root.rstrip('/')}/{quote(key) if root.startswith('file:') else key}"
