"""Where the page is told that files are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sayso.narrations.service import files_origin_of
from sayso.storage import LinkSigner, LocalStorage, Root, SignedFiles, Storages

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("base_url", "origin"), [("", None), ("https://files.example.com:8443/sayso", "https://files.example.com:8443")]
)
async def test_links_of_this_service_lead_elsewhere_only_by_another_name(
    tmp_path: Path, base_url: str, origin: str | None
) -> None:
    """Relative links lead to this service; others where PUBLIC_BASE_URL says."""
    files = SignedFiles(root=Root(tmp_path), signer=LinkSigner([b"a secret"]), base_url=base_url)
    storages = Storages({"file": LocalStorage(files)})
    assert await files_origin_of(storages, tmp_path.as_uri()) == origin


async def test_where_no_link_can_be_made_there_is_no_origin(tmp_path: Path) -> None:
    """A root of no storage of this process is not a reason to serve nothing."""
    assert await files_origin_of(Storages({}), tmp_path.as_uri()) is None
