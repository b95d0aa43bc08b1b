"""The languages of the page: its messages, and the choice among them for a request."""

from __future__ import annotations

import html
import json
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

LANGUAGES = ("en", "fr")
"""The first is the default."""

COOKIE = "sayso-language"
"""The visitor's choice, set by the page."""

_STATIC = Path(__file__).parent / "static"
_TEMPLATES = Path(__file__).parent / "templates"
_PART = re.compile(r"\{\{ part:(\w+) \}\}")
_PLACE = re.compile(r"\{\{ ([\w.-]+) \}\}")
_RANGE = re.compile(r"([A-Za-z]{1,8}|\*)(?:-[A-Za-z0-9-]+)?(?:;q=([01](?:\.[0-9]{1,3})?))?")


def language_of(accepted: str, chosen: str | None) -> str:
    """The language of a response.

    Args:
        accepted: the header ``Accept-Language``; what cannot be read in it is ignored.
        chosen: the value of the cookie.
    """
    if chosen in LANGUAGES:
        return chosen
    ranges = [match for part in accepted.split(",") if (match := _RANGE.fullmatch(part.replace(" ", "")))]
    ranges.sort(key=lambda match: -float(match[2] or 1))  # stable: of equal ones the first
    wanted = (match[1].lower() for match in ranges if float(match[2] or 1) > 0)
    return next((name for name in wanted if name in LANGUAGES), LANGUAGES[0])


@cache
def messages(language: str) -> Mapping[str, str]:
    """The texts of the page in a language, by key."""
    content: dict[str, str] = json.loads((_STATIC / "messages" / f"{language}.json").read_text(encoding="utf-8"))
    return content


@cache
def index_html(language: str) -> str:
    """The page in a language.

    Raises:
        KeyError: a message is missing, which a test excludes.
    """
    texts = {**messages(language), "language": language}
    template = _PART.sub(lambda match: _template(match[1]), _template("index"))
    return _PLACE.sub(lambda match: html.escape(texts[match[1]]), template)


def _template(name: str) -> str:
    return (_TEMPLATES / f"{name}.html").read_text(encoding="utf-8")
