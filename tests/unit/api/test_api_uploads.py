"""Reading bodies with a bound."""

from __future__ import annotations

import asyncio
import gc
import json
import tempfile
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from starlette.requests import Request

from sayso.api.http.uploads import read_form, read_json
from sayso.errors import Cancelled, InvalidInput, TooLarge
from support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from sayso.api.http.uploads import Form

BOUNDARY = "boundary-of-the-form"


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where uploads go: a directory that shows what is left behind."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


class Client:
    """Sends chunks as they are asked for, and counts them."""

    def __init__(self, chunks: Iterable[bytes], *, goes_away: bool = False) -> None:
        self._chunks = list(chunks) or [b""]
        self._goes_away = goes_away
        self.asked = 0

    async def receive(self) -> dict[str, Any]:
        self.asked += 1
        if self._chunks:
            chunk = self._chunks.pop(0)
            return {"type": "http.request", "body": chunk, "more_body": bool(self._chunks) or self._goes_away}
        return {"type": "http.disconnect"}

    def request(self, content_type: str, content_length: int | None = None) -> Request:
        headers = [(b"content-type", content_type.encode())]
        if content_length is not None:
            headers.append((b"content-length", str(content_length).encode()))
        return Request({"type": "http", "method": "POST", "path": "/", "headers": headers}, self.receive)


def part(name: str, value: bytes, filename: str | None = None) -> bytes:
    disposition = f'form-data; name="{name}"' + ("" if filename is None else f'; filename="{filename}"')
    return f"--{BOUNDARY}\r\nContent-Disposition: {disposition}\r\n\r\n".encode() + value + b"\r\n"


def body(*parts: bytes) -> bytes:
    return b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()


async def read(data: bytes, *, maximum_bytes: int = 10**6, chunk_bytes: int = 65_536) -> Form:
    client = Client(data[start : start + chunk_bytes] for start in range(0, len(data), chunk_bytes))
    request = client.request(f"multipart/form-data; boundary={BOUNDARY}")
    return await read_form(request, maximum_bytes=maximum_bytes)


async def test_a_form_is_read(temporary: Path) -> None:
    """Text fields as text, the file's bytes in a file that is deleted when the form is closed."""
    sound = bytes(range(256)) * 100
    with await read(
        body(part("model", b"whisper-1"), part("file", sound, "talk.MP3"), part("prompt", "ça va".encode()))
    ) as form:
        assert form.one("model") == "whisper-1"
        assert form.one("prompt") == "ça va"
        assert form.one("language") is None
        assert form.file is not None
        assert (form.file.field, form.file.name, form.file.size_bytes) == ("file", "talk.MP3", len(sound))
        assert form.file.path.read_bytes() == sound
        assert form.file.path.suffix == ".mp3"
    assert list(temporary.iterdir()) == []


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(content=st.binary(max_size=300), chunk_bytes=st.integers(1, 400))
async def test_however_a_body_is_cut_the_file_is_the_same(content: bytes, chunk_bytes: int) -> None:
    """Boundaries fall across chunks, and content may look like the beginning of one."""
    content = content + f"\r\n--{BOUNDARY[:-1]}".encode() + content
    assume(f"--{BOUNDARY}".encode() not in content)
    with await read(body(part("a", b"1"), part("file", content, "x")), chunk_bytes=chunk_bytes) as form:
        assert form.file is not None
        assert form.file.path.read_bytes() == content


async def test_a_form_that_is_forgotten_deletes_its_file(temporary: Path) -> None:
    """Even where nobody closes it."""
    form = await read(body(part("file", b"sound", "a.wav")))
    assert len(list(temporary.iterdir())) == 1
    del form

    def is_gone() -> bool:
        gc.collect()
        return not list(temporary.iterdir())

    wait_until(is_gone)  # a thread that wrote the file may still hold it for a moment


@pytest.mark.parametrize(
    "name",
    [
        "../../etc/passwd",
        "/etc/cron.d/x",
        "a\\..\\b",
        "nul\x00.mp3",
        ".bashrc",
        "x.sh;rm",
        "",
        "é.../.mp3/",
        "a." + "b" * 300,
    ],
)
async def test_what_a_client_calls_its_file_is_no_path(name: str, temporary: Path) -> None:
    """The file lies in the temporary directory under a name of ours, with a plain suffix or none."""
    with await read(body(part("file", b"sound", name))) as form:
        assert form.file is not None
        assert form.file.path.parent == temporary
        assert form.file.path.name.startswith("sayso-upload-")
        assert form.file.path.suffix in {"", ".mp3"} or form.file.path.suffix.isascii()


@pytest.mark.parametrize(
    ("parameters", "name"),
    [
        ("filename*=utf-8''%C3%9Cber%20uns.MD", "Über uns.MD"),
        ("filename*=UTF-8'de'%C3%9Cber.MD; size=3", "Über.MD"),
        ("filename=\"=?utf-8?B?w5xiZXIubWQ=?=\"; filename*=utf-8''%C3%9Cber.MD", "Über.MD"),  # as .NET sends it
        ("filename*=utf-8''%C3%9Cber.MD; filename=_ber.txt", "Über.MD"),
        ("filename*=\"utf-8''%C3%9Cber.MD\"", "Über.MD"),
        ("filename*=utf-8''%ff.MD", "\ufffd.MD"),
        ("filename*=koi8-r''%F0.MD; filename=x.MD", "x.MD"),
    ],
)
async def test_a_file_name_beyond_ascii_is_the_extended_one(parameters: str, name: str) -> None:
    """RFC 5987, alone or beside a name that is an approximation."""
    head = f"--{BOUNDARY}\r\nContent-Disposition: form-data; name=file; {parameters}\r\n\r\n"
    with await read(body(head.encode() + b"text\r\n")) as form:
        assert form.file is not None
        assert form.file.name == name
        assert form.file.path.suffix == ".md"


async def test_fields_that_repeat_are_lists() -> None:
    """With and without brackets, in the order in which they came."""
    with await read(
        body(
            part("timestamp_granularities[]", b"word"),
            part("timestamp_granularities", b"segment"),
            part("include[]", b"logprobs"),
        )
    ) as form:
        assert form.all("timestamp_granularities") == ("word", "segment")
        assert form.all("include") == ("logprobs",)
        assert form.all("model") == ()
        with pytest.raises(InvalidInput, match="2 times"):
            form.one("timestamp_granularities")


async def test_an_empty_field_counts_as_missing() -> None:
    """As clients send fields that nobody filled in."""
    with await read(body(part("language", b""))) as form:
        assert form.one("language") is None


async def test_a_file_over_the_bound_is_refused_while_it_is_read(temporary: Path) -> None:
    """Most of it is never asked for, and nothing of it is kept."""
    data = body(part("file", bytes(10**7), "a.wav"))
    client = Client(data[start : start + 65_536] for start in range(0, len(data), 65_536))
    with pytest.raises(TooLarge):
        await read_form(client.request(f"multipart/form-data; boundary={BOUNDARY}"), maximum_bytes=10**6)
    assert client.asked <= 10**6 // 65_536 + 2
    assert list(temporary.iterdir()) == []


async def test_a_file_of_exactly_the_bound_is_taken() -> None:
    """The bound is the largest size that is taken."""
    with await read(body(part("file", bytes(10**6), "a.wav"))) as form:
        assert form.file is not None
        assert form.file.size_bytes == 10**6
    with pytest.raises(TooLarge):
        await read(body(part("file", bytes(10**6 + 1), "a.wav")))


async def test_a_body_that_says_itself_that_it_is_too_large_is_not_read() -> None:
    """Not a byte of it is asked for."""
    client = Client([b"x"])
    request = client.request(f"multipart/form-data; boundary={BOUNDARY}", content_length=10**9)
    with pytest.raises(TooLarge):
        await read_form(request, maximum_bytes=10**6)
    assert client.asked == 0


async def test_text_cannot_fill_the_memory() -> None:
    """A field's length, the number of fields, and everything around the file together are bounded."""
    with pytest.raises(InvalidInput, match="longer"):
        await read(body(part("prompt", b"x" * 10**5)))
    with pytest.raises(InvalidInput, match="more than 64 fields"):
        await read(body(*(part(f"f{number}", b"") for number in range(65))))
    with pytest.raises(InvalidInput):
        await read(body(part("file", b"sound", "a" * 10**6)))
    with pytest.raises(TooLarge):
        await read(body(part("model", b"x")) + b"\r\n" * 10**6, maximum_bytes=10)


async def test_several_files_are_refused(temporary: Path) -> None:
    """The first is not kept either."""
    with pytest.raises(InvalidInput, match="several files"):
        await read(body(part("file", b"1", "a.wav"), part("file", b"2", "b.wav")))
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no form at all",
        body(part("file", b"sound", "a.wav"))[:-20],
        f"--{BOUNDARY}\r\nContent-Disposition: form-data\r\n\r\nx\r\n--{BOUNDARY}--".encode(),
        f"--{BOUNDARY}\r\nbad header\x01\r\n\r\nx\r\n--{BOUNDARY}--".encode(),
        f"--{BOUNDARY}\r\n\r\nx\r\n--{BOUNDARY}--".encode(),
        body(part("model", b"\xff\xfe")),
    ],
    ids=["empty", "text", "cut off", "no name", "bad header", "no header", "not UTF-8"],
)
async def test_a_malformed_form_is_the_callers_mistake(data: bytes, temporary: Path) -> None:
    """Whatever is wrong with it, and nothing of it is kept."""
    with pytest.raises(InvalidInput):
        await read(data)
    assert list(temporary.iterdir()) == []


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.binary(max_size=200))
async def test_no_bytes_break_the_reader(data: bytes) -> None:
    """Any body is a form or the caller's mistake."""
    with suppress(InvalidInput):
        (await read(f"--{BOUNDARY}\r\n".encode() + data + f"\r\n--{BOUNDARY}--\r\n".encode())).close()


@pytest.mark.parametrize(
    "content_type", ["", "text/plain", "multipart/form-data", "multipart/form-data; boundary=" + "b" * 500]
)
async def test_a_body_that_is_no_form_is_the_callers_mistake(content_type: str) -> None:
    """Its type, or the boundary in it."""
    with pytest.raises(InvalidInput):
        await read_form(Client([body()]).request(content_type), maximum_bytes=10)


async def test_a_client_that_goes_away_leaves_nothing_behind(temporary: Path) -> None:
    """It is told apart from a malformed body, and its file is deleted."""
    client = Client([body(part("file", b"sound", "a.wav"))[:-30]], goes_away=True)
    with pytest.raises(Cancelled):
        await read_form(client.request(f"multipart/form-data; boundary={BOUNDARY}"), maximum_bytes=100)
    assert list(temporary.iterdir()) == []


async def test_a_client_that_falls_silent_is_given_up(temporary: Path) -> None:
    """It does not hold its slot and its file for ever."""

    class Silent(Client):
        async def receive(self) -> dict[str, Any]:
            if self.asked:
                await asyncio.Event().wait()
            return await super().receive()

    client = Silent([body(part("file", b"sound", "a.wav"))[:-30]], goes_away=True)
    request = client.request(f"multipart/form-data; boundary={BOUNDARY}")
    with pytest.raises(Cancelled):
        await read_form(request, maximum_bytes=100, silence_seconds=0.05)
    assert list(temporary.iterdir()) == []


async def read_object(
    data: bytes, content_type: str = "application/json", maximum_bytes: int = 10**6
) -> dict[str, Any]:
    return await read_json(Client([data]).request(content_type), maximum_bytes=maximum_bytes)


async def test_a_json_object_is_read() -> None:
    """Whatever it holds."""
    assert await read_object('{"input": "ça va 🙂", "speed": 1.5}'.encode()) == {"input": "ça va 🙂", "speed": 1.5}
    assert await read_object(b"{}", "application/json; charset=utf-8") == {}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"nothing",
        b"[]",
        b"null",
        b'"text"',
        b'{"a": 1',
        b'{"a": NaN}',
        b'{"a": Infinity}',
        b'{"a": "\xff"}',
        b'{"a": "\\ud800"}',
        b'{"a": ' + b"9" * 5000 + b"}",
        b'{"a": ' + b"[" * 40 + b"]" * 40 + b"}",
        b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
        '{"a": 1}'.encode("utf-16"),
    ],
)
async def test_what_is_no_json_object_is_the_callers_mistake(data: bytes) -> None:
    """Not JSON, no object, not UTF-8, numbers and characters that JSON does not have, nested too deeply."""
    with pytest.raises(InvalidInput):
        await read_object(data)


async def test_a_json_body_is_bounded() -> None:
    """It is not read further than the bound."""
    with pytest.raises(TooLarge):
        await read_object(json.dumps({"input": "x" * 1000}).encode(), maximum_bytes=1000)


async def test_a_body_that_is_not_said_to_be_json_is_refused() -> None:
    """A page elsewhere could send text without asking us first."""
    with pytest.raises(InvalidInput):
        await read_object(b"{}", "text/plain")
