"""What the list of models says, what is shown of it, and what an odd list changes."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest

from sayso.providers.shutdown_watch import as_json, dates_of, sentence
from sayso.providers.shutdowns import Shutdown

DAY = date(2027, 2, 26)


@pytest.mark.parametrize(
    ("entry", "found"),
    [
        ({"id": "whisper-1", "shutdown_date": "2027-02-26"}, {"whisper-1": DAY}),
        ({"id": "whisper-1", "shutdown_date": "2027-02-26T00:00:00Z"}, {"whisper-1": DAY}),
        ({"id": "whisper-1", "shutdown_date": None}, {"whisper-1": None}),
        ({"id": "whisper-1"}, {"whisper-1": None}),
        ({"id": "whisper-1", "shutdown_date": "soon"}, {}),
        ({"id": "whisper-1", "shutdown_date": 1772064000}, {}),
        ({"id": 7, "shutdown_date": "2027-02-26"}, {}),
        ({}, {}),
    ],
)
def test_one_odd_entry_spoils_no_other(entry: dict[str, Any], found: dict[str, Any]) -> None:
    body = json.dumps({"data": [entry, {"id": "gpt-transcribe", "shutdown_date": None}]})
    assert dates_of(body.encode()) == {**found, "gpt-transcribe": None}


@pytest.mark.parametrize("body", [b"", b"[]", b'{"data": 3}', b'{"data": [3]}', b"<html>"])
def test_what_is_no_list_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        dates_of(body)


@pytest.mark.parametrize(
    ("on", "days", "successor", "says"),
    [
        (
            DAY,
            60,
            "gpt-transcribe",
            "openai retires whisper-1 on 2027-02-26. Then gpt-transcribe answers in its place.",
        ),
        (DAY, -1, None, "openai retired whisper-1 on 2027-02-26; another engine answers in its place."),
        (None, 0, None, "openai does not have whisper-1; another engine answers in its place."),
    ],
)
def test_it_is_said_in_a_sentence(on: date | None, days: int, successor: str | None, says: str) -> None:
    shutdown = Shutdown(provider="openai", model="whisper-1", on=on, days=days, successor=successor)
    assert sentence(shutdown) == says
    assert as_json(shutdown)["setting"] == "SAYSO_PROVIDERS"
