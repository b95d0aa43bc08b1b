"""What is said of a file is what players and browsers expect."""

from __future__ import annotations

from email.message import Message
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sayso.audio import AudioFormat
from sayso.narration import SUBTITLE_FORMATS
from sayso.storage import content_disposition, content_type_of


@pytest.mark.parametrize("suffix", [*AudioFormat, *SUBTITLE_FORMATS])
def test_whatever_is_written_has_a_type(suffix: str) -> None:
    """Every format that a narration can have is known, in capitals too."""
    assert content_type_of(f"a.b.{suffix}") == content_type_of(f"A.{suffix.upper()}") != content_type_of("a")


def test_text_says_how_it_is_encoded() -> None:
    """What is text is UTF-8."""
    assert content_type_of("a.vtt") == "text/vtt; charset=utf-8"


@given(name=st.text(max_size=80))
def test_any_name_makes_one_header(name: str) -> None:
    """Whatever a file is called, the header is one line of ASCII, and tells the name."""
    header = content_disposition(name)
    assert header.isascii()
    assert header.isprintable()
    message = Message()
    message["content-disposition"] = header
    assert message.get_content_disposition() == "attachment"
    if "filename*=" in header:
        told = unquote(header.rpartition("filename*=UTF-8''")[2])
        assert told == name.encode(errors="replace").decode()
    else:
        assert header == f'attachment; filename="{name}"'
