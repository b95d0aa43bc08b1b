"""The URIs of the files of narrations and stories, below the root of a deployment's output."""

from __future__ import annotations

from urllib.parse import quote

from sayso.errors import InvalidInput


def narration_uri(root: str | None, narration_id: str, form: str) -> str:
    """The URI of a narration's file with a format.

    Raises:
        InvalidInput: there is no root.
    """
    return join(root, f"narrations/{narration_id}/narration.{form}")


def join(root: str | None, key: str) -> str:
    """The URI of a key below a root; S3 keys are not encoded, file names are.

    Raises:
        InvalidInput: there is no root.
    """
    if root is None:
        raise InvalidInput("The message does not say where its files go, and OUTPUT_BUCKET is not set.")
    return f"{root.rstrip('/')}/{quote(key) if root.startswith('file:') else key}"
