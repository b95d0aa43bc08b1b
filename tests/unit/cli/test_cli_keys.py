"""``sayso keys``: each owner's own callback secret, and never the root; the import of keys, and never a key."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING

import pytest

from sayso.api.auth.keys import KeyRing, Scope, entry_of, new_key
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


STRONG = "k3Jx9QmZ-72bVtLp0wRcYs5d"
OTHER = "5f0c9a3e7d1b4860a2ce91f7b35d8046"


def typed(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """Have this text on standard input."""
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text.encode())))


def test_existing_keys_become_entries_of_hashes(sayso: RunSayso, monkeypatch: pytest.MonkeyPatch) -> None:
    """One line for SAYSO_API_KEYS, with which clients go on using their keys; the keys themselves are nowhere."""
    typed(monkeypatch, f"website {STRONG}\napp jobs {OTHER}\n")
    imported = sayso("keys", "import", "--scopes", "transcribe")
    assert imported.code == 0
    ring = KeyRing.parse(imported.out.strip().split(","))
    assert [(key.name, key.scopes) for key in map(ring.identify, (STRONG, OTHER)) if key is not None] == [
        ("website", frozenset({Scope.TRANSCRIBE})),
        ("app", frozenset({Scope.JOBS})),
    ]
    assert STRONG not in imported.out + imported.err
    typed(monkeypatch, STRONG)
    (found,) = json.loads(sayso("keys", "import", "--name", "legacy", "--json").out)
    assert (found["name"], found["scopes"]) == ("legacy", ["speech", "transcribe"])
    assert KeyRing.parse([found["entry"]]).identify(STRONG) is not None


def test_weak_and_doubled_keys_are_refused_without_being_shown(
    sayso: RunSayso, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is printed for the settings, and the message names lines, not keys."""
    monkeypatch.setenv("SAYSO_API_KEYS", entry_of(OTHER, "ops", [Scope.ADMIN]))
    typed(monkeypatch, f"a my-weak-password-key\nb {STRONG}\nc {STRONG}\nd {OTHER}\n")
    refused = sayso("keys", "import")
    assert (refused.code, refused.out) == (2, "")
    for words in ("line 1: its key is weak", "line 3: its key is a duplicate of line 2", "line 4: its key is a"):
        assert words in refused.err
    assert not any(key in refused.err for key in ("my-weak-password-key", STRONG, OTHER))
