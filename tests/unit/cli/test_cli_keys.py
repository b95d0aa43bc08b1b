"""``sayso keys callback-secret``: each owner's own secret, and never the root."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sayso.api.auth.keys import Scope, new_key
from sayso.settings import load_settings
from sayso.signing import SigningKeys, signing_keys, webhook_secret

if TYPE_CHECKING:
    from pathlib import Path

    from support.command_line import RunSayso

ROOT = "a root secret that nobody is given"


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A data directory of the test's own, and no other settings."""
    monkeypatch.setenv("SAYSO_DATA", str(tmp_path / "data"))
    for name in ("SAYSO_API_KEYS", "SAYSO_SIGNING_SECRET", "SAYSO_SIGNING_SECRET_PREVIOUS"):
        monkeypatch.delenv(name, raising=False)


def test_each_owner_has_a_secret_of_its_own(sayso: RunSayso, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is printed is what the service signs that owner's callbacks with, alone on one line."""
    monkeypatch.setenv("SAYSO_SIGNING_SECRET", ROOT)
    keys = SigningKeys((ROOT.encode(),))
    printed = {name: sayso("keys", "callback-secret", *name).out for name in [("website",), ("ops",), ()]}
    assert printed == {
        name: f"{webhook_secret(keys.for_callbacks(*(name or ('',)))[0])}\n" for name in [("website",), ("ops",), ()]
    }
    assert len(set(printed.values())) == 3
    assert ROOT not in str(printed)


def test_a_secret_that_the_service_made_is_used(sayso: RunSayso) -> None:
    """Before the service has made one there is nothing to print, and nothing is made."""
    refused = sayso("keys", "callback-secret")
    assert (refused.code, refused.out) == (2, "")
    assert "SAYSO_DATA" in refused.err
    keys = signing_keys(load_settings())
    assert sayso("keys", "callback-secret").out == f"{webhook_secret(keys.for_callbacks('')[0])}\n"


@pytest.mark.parametrize("name", [(), ("webside",)])
def test_a_name_that_is_no_keys_is_refused(
    sayso: RunSayso, monkeypatch: pytest.MonkeyPatch, name: tuple[str, ...]
) -> None:
    """Where the keys are known, a slip of the pen does not print a secret that verifies nothing."""
    monkeypatch.setenv("SAYSO_SIGNING_SECRET", ROOT)
    monkeypatch.setenv("SAYSO_API_KEYS", new_key("website", [Scope.JOBS]).entry)
    refused = sayso("keys", "callback-secret", *name)
    assert (refused.code, refused.out) == (2, "")
    assert "website" in refused.err
    assert sayso("keys", "callback-secret", "website").code == 0
