"""The import of keys that clients have: only hashes stay, weak and doubled keys are refused, and no key is repeated."""

from __future__ import annotations

import random
import secrets
import string
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sayso.api.auth.key_import import LEAST_BITS, estimated_bits, import_keys
from sayso.api.auth.keys import KeyRing, Scope, new_key
from sayso.errors import InvalidInput

SPEECH = frozenset({Scope.SPEECH})
STRONG = "k3Jx9QmZ-72bVtLp0wRcYs5d"
OTHER = "5f0c9a3e7d1b4860a2ce91f7b35d8046"
NONE = KeyRing([])


def imported(*lines: str, name: str | None = None, existing: KeyRing = NONE) -> list[str]:
    """The entries of these lines."""
    return [key.entry for key in import_keys(lines, scopes=SPEECH, name=name, existing=existing)]


def test_a_client_goes_on_with_the_key_that_it_has() -> None:
    """Its name and scopes are those of the line; the entry has a hash, and nothing of the key."""
    entries = imported("# the website", "website " + STRONG, "", f"app\tspeech+jobs  {OTHER}\r")
    ring = KeyRing.parse(entries)
    website, app = ring.identify(STRONG), ring.identify(OTHER)
    assert website is not None
    assert app is not None
    assert (website.name, website.scopes) == ("website", SPEECH)
    assert (app.name, app.scopes) == ("app", frozenset({Scope.SPEECH, Scope.JOBS}))
    assert STRONG not in "".join(entries)


def test_keys_without_names_have_the_given_one() -> None:
    """As a variable with a key and nothing else."""
    assert KeyRing.parse(imported(STRONG, OTHER, name="legacy")).names == ("legacy",)


WEAK = {
    "short": "Xk29fQpZ71mNbVt",
    "one character": "a" * 40,
    "a sequence": "abcdefghijklmnopqrstuvwxyz0123456789",
    "digits in order": "12345678901234567890",
    "a repetition": "k3Jx9k3Jx9k3Jx9k3Jx9k3Jx9",
    "words": "my-secret-production-api-key",
    "words and a year": "WhisperServiceApiKey2024!",
    "a placeholder": "your-openai-api-key-here",
    "a password": "password_password_123",
    "four words": "correct-horse-battery-staple",
}


@pytest.mark.parametrize("key", WEAK.values(), ids=WEAK)
def test_a_key_that_can_be_guessed_is_refused(key: str) -> None:
    """Its hash would not protect it."""
    with pytest.raises(InvalidInput, match=r"line 1: its key is weak") as refused:
        imported(f"website {key}")
    assert key not in str(refused.value) + str(refused.value.hint)


ALPHABETS = {"hexadecimal": ("0123456789abcdef", 32), "letters and digits": (string.ascii_letters + string.digits, 24)}


@pytest.mark.parametrize(("alphabet", "length"), ALPHABETS.values(), ids=ALPHABETS)
def test_keys_of_chance_are_accepted(alphabet: str, length: int) -> None:
    """Few are like words by chance: less than one of two hundred is refused, and none of UUIDs here."""
    chance = random.Random(7)  # noqa: S311 -- the same keys in every run
    keys = ["".join(chance.choice(alphabet) for _ in range(length)) for _ in range(2000)]
    assert sum(estimated_bits(key) < LEAST_BITS for key in keys) < 10
    uuids = [str(uuid.UUID(int=chance.getrandbits(128), version=4)) for _ in range(200)]
    assert min(estimated_bits(key) for key in uuids) >= LEAST_BITS


@given(st.lists(st.sampled_from(string.ascii_letters + string.digits), min_size=1).map("".join))
def test_the_estimate_is_never_more_than_the_alphabet_allows(key: str) -> None:
    """And never negative."""
    assert 0 <= estimated_bits(key) <= len(key) * 6


def test_the_same_key_twice_is_refused() -> None:
    """In the input, under any name, and in the settings."""
    with pytest.raises(InvalidInput, match=r"line 3: its key is a duplicate of line 1"):
        imported(f"a {STRONG}", f"b {OTHER}", f"c {STRONG}")
    made = new_key("ops", [Scope.ADMIN])
    with pytest.raises(InvalidInput, match=r"line 1: its key is a duplicate: SAYSO_API_KEYS has it already, as ops"):
        imported(f"a {made.key}", existing=KeyRing.parse([made.entry]))


BAD = {
    f"website jobs speech {STRONG}": "more than a name, scopes and a key",
    STRONG: "no name, and --name is not given",
    f"web/site {STRONG}": "its name is not one of",
    f"{OTHER} {STRONG}": "its name looks like a key",
    f"website sing {STRONG}": "its scopes are not understood",
    f"website {new_key('website', SPEECH).entry}": "an entry of SAYSO_API_KEYS, not a key",
    "website schlüssel-k3Jx9QmZ72bVtLp0wRcYs5d": "an HTTP header cannot hold",
}


# Not by their lines, which have other keys in every process.
@pytest.mark.parametrize(("line", "reason"), BAD.items(), ids=BAD.values())
def test_a_line_that_is_not_understood_is_named_and_not_repeated(line: str, reason: str) -> None:
    """Any part of it may be a key. No other line is imported either: all, or none."""
    with pytest.raises(InvalidInput, match=reason) as refused:
        imported(f"first {secrets.token_hex(16)}", line)
    said = str(refused.value) + str(refused.value.hint)
    assert "line 2" in said
    assert not any(part in said for part in line.split() if len(part) > 7)


def test_every_bad_line_is_named_at_once() -> None:
    """So that one correction is enough."""
    with pytest.raises(InvalidInput, match=r"2 of the lines: line 1: .*; line 3: .*"):
        imported("a short", f"b {OTHER}", STRONG)


def test_no_key_at_all_is_refused() -> None:
    """An empty file is not an empty list of keys."""
    with pytest.raises(InvalidInput, match="no key on standard input"):
        imported("", "# nothing")
