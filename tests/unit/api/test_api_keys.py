"""API keys."""

from __future__ import annotations

import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from sayso.api.auth.keys import ApiKey, KeyRing, Scope, new_key, parse_scopes, presented_keys
from sayso.cli.app import app
from sayso.errors import InvalidInput, SaysoError

HASH = hashlib.sha256(b"a key").hexdigest()


def test_a_key_that_was_made_is_known_by_its_entry() -> None:
    """Its owner is identified with exactly the scopes that it was made for."""
    web, ops = new_key("web", [Scope.SPEECH, Scope.TRANSCRIBE]), new_key("ops", [Scope.ADMIN])
    ring = KeyRing.parse([web.entry, ops.entry])
    assert ring.identify(web.key) == ApiKey(name="web", scopes=frozenset({Scope.SPEECH, Scope.TRANSCRIBE}))
    assert ring.identify(ops.key) == ApiKey(name="ops", scopes=frozenset({Scope.ADMIN}))


def test_an_entry_does_not_hold_the_key() -> None:
    """Whoever reads the settings cannot use the API."""
    made = new_key("web", [Scope.SPEECH])
    ring = KeyRing.parse([made.entry])
    assert made.key not in made.entry
    assert ring.identify(made.entry) is None
    assert ring.identify(made.entry.split(":")[2]) is None


@given(st.text())
def test_anything_else_is_nobodys_key(presented: str) -> None:
    """Whatever characters it has, and however long it is."""
    assert KeyRing.parse([f"web:speech:{HASH}"]).identify(presented) is None


def test_two_keys_are_never_the_same() -> None:
    """Nor is a key shorter than 256 bits."""
    keys = {new_key("web", [Scope.SPEECH]).key for _ in range(100)}
    assert len(keys) == 100
    assert all(len(key.removeprefix("sayso_")) == 64 for key in keys)


def test_two_keys_may_have_one_name() -> None:
    """While a key is replaced both are good."""
    old, new = new_key("web", [Scope.SPEECH]), new_key("web", [Scope.SPEECH])
    ring = KeyRing.parse([old.entry, new.entry])
    assert ring.identify(old.key) == ring.identify(new.key) != None  # noqa: E711 -- one chain


def test_a_ring_without_keys_is_false() -> None:
    """So that an API without keys is easily told."""
    assert not KeyRing.parse([])
    assert KeyRing.parse([f"web:speech:{HASH}"])


def test_admin_opens_everything() -> None:
    """And every other scope only itself."""
    assert all(ApiKey(name="ops", scopes=frozenset({Scope.ADMIN})).allows(scope) for scope in Scope)
    web = ApiKey(name="web", scopes=frozenset({Scope.SPEECH}))
    assert [scope for scope in Scope if web.allows(scope)] == [Scope.SPEECH]


@pytest.mark.parametrize(
    "entry",
    [
        "sayso_" + "ab" * 32,
        f"web:{HASH}",
        f"web:speech:{HASH}:more",
        f":speech:{HASH}",
        f"an odd name:speech:{HASH}",
        f"web::{HASH}",
        f"web:singing:{HASH}",
        f"web:sync:{HASH}",
        f"web:speech+singing:{HASH}",
        f"web:speech,transcribe:{HASH}",
        "web:speech:secret",
        f"web:speech:{HASH}0",
    ],
)
def test_a_malformed_entry_is_refused_without_being_repeated(entry: str) -> None:
    """The message says which it is and how to make one; what stands there may be a key."""
    with pytest.raises(InvalidInput) as refusal:
        KeyRing.parse([f"ok:admin:{HASH}", entry])
    message = str(refusal.value)
    assert "Entry 2" in message
    assert not any(part in message for part in (HASH, "secret", "singing", "an odd name", "ab" * 32))


def test_an_unknown_scope_is_told_which_there_are() -> None:
    """The hint names every scope, so that an entry of another release is soon mended."""
    with pytest.raises(InvalidInput, match="Entry 1 of SAYSO_API_KEYS has scopes") as refusal:
        KeyRing.parse([f"web:speech+sync:{HASH}"])
    assert all(scope in str(refusal.value) for scope in Scope)


def test_a_plain_key_in_place_of_an_entry_is_told_how_to_become_one() -> None:
    """The hint is the command that makes an entry."""
    with pytest.raises(InvalidInput, match="a key itself does not belong there") as refusal:
        KeyRing.parse(["sk-a-plain-key"])
    assert "sayso keys new" in str(refusal.value)
    assert "sk-a-plain-key" not in str(refusal.value)


@pytest.mark.parametrize(
    ("headers", "keys"),
    [
        ({"authorization": "Bearer k"}, ("k",)),
        ({"authorization": "bearer  k "}, ("k",)),
        ({"x-api-key": "k"}, ("k",)),
        ({"api-key": "k"}, ("k",)),
        ({"authorization": "Bearer k", "x-api-key": "other"}, ("k", "other")),
        ({"authorization": "Bearer k", "x-api-key": "other", "api-key": "k"}, ("k", "other")),
        ({"authorization": "Basic dTpw", "x-api-key": "k"}, ("k",)),
        ({"authorization": "Bearer "}, ()),
        ({"authorization": "k"}, ()),
        ({"x-api-key": ""}, ()),
        ({}, ()),
    ],
)
def test_keys_are_presented_in_three_headers(headers: dict[str, str], keys: tuple[str, ...]) -> None:
    """Bearer first, whatever its case; then X-API-Key, then Azure's api-key; else there is none."""
    assert presented_keys(headers) == keys


def test_a_valid_key_counts_beside_an_invented_one() -> None:
    """SDKs always send a Bearer key; the first valid one identifies the client."""
    good, other = new_key("web", [Scope.SPEECH]), new_key("app", [Scope.SPEECH])
    ring = KeyRing.parse([good.entry, other.entry])
    found = ring.identify("sk-dummy", good.key)
    assert found is not None
    assert found.name == "web"
    first = ring.identify(other.key, good.key)
    assert first is not None
    assert first.name == "app"
    assert ring.identify("sk-dummy", "sk-other") is None
    assert ring.identify() is None


def test_scopes_are_read_from_a_list() -> None:
    """In any case and order; none, or an unknown one, is refused."""
    assert parse_scopes("Speech, jobs", ",") == {Scope.SPEECH, Scope.JOBS}
    for wrong in ("", ",", "speech,fly"):
        with pytest.raises(InvalidInput, match="not understood"):
            parse_scopes(wrong, ",")


def test_the_command_makes_a_key_and_its_entry() -> None:
    """What it prints as the entry lets in who has what it prints as the key."""
    result = CliRunner().invoke(app, ["keys", "new", "web", "--scopes", "speech,transcribe", "--json"])
    made = json.loads(result.stdout)
    key = KeyRing.parse([made["entry"]]).identify(made["key"])
    assert key == ApiKey(name="web", scopes=frozenset({Scope.SPEECH, Scope.TRANSCRIBE}))


def test_the_command_prints_the_key_once() -> None:
    """For people: the key on one line and the entry on another."""
    lines = CliRunner().invoke(app, ["keys", "new", "web"]).stdout.splitlines()
    assert sum("sayso_" in line for line in lines) == 1
    assert KeyRing.parse([lines[3].strip()]).identify(lines[1].strip()) is not None


@pytest.mark.parametrize("arguments", [["a:b"], ["web", "--scopes", "fly"]])
def test_the_command_refuses_what_could_not_be_an_entry(arguments: list[str]) -> None:
    """A name with a colon, an unknown scope."""
    result = CliRunner().invoke(app, ["keys", "new", *arguments])
    assert isinstance(result.exception, SaysoError)
