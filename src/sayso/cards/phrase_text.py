"""The text of a phrase as it is spoken: without HTML, invisible characters and needless white space.

The result is what engines get, and what the key of the speech is made of: texts that differ only in what is removed
here are one text, and are bought once.
"""

from __future__ import annotations

import html
import re
import unicodedata

from sayso.errors import InvalidInput, NothingToSay, UtteranceTooLong
from sayso.providers.openai.limits import MAXIMUM_SPEECH_CHARACTERS

MAXIMUM_CHARACTERS = MAXIMUM_SPEECH_CHARACTERS
"""The longest text of a phrase, after everything is removed that is not spoken. It is the provider's limit, and holds
for every engine, so that a job has the same result whichever engine speaks."""

_MAXIMUM_SOURCE_CHARACTERS = 16 * MAXIMUM_CHARACTERS
"""A longer text is refused before its HTML is looked at."""

_BLOCKS = (
    "address|article|aside|blockquote|body|center|dd|details|div|dl|dt|figcaption|figure|footer|form|h[1-6]|head|"
    "header|hr|html|li|main|nav|ol|p|pre|section|summary|table|tbody|td|tfoot|th|thead|title|tr|ul"
)
_INLINE = (
    "a|abbr|audio|b|bdi|bdo|big|button|cite|code|del|dfn|em|font|i|img|input|ins|kbd|label|mark|q|rp|rt|ruby|s|samp|"
    "small|source|span|strike|strong|sub|sup|time|tt|u|var|video|wbr"
)
# Only the names of HTML's elements: "List<String>" and "a < b and c > d" are text. Every part takes what it can and
# gives nothing back, so that a text of unfinished tags is read in linear time.
_ATTRIBUTES = r"""(?:[\s/](?:[^<>"']++|"[^"]*+"|'[^']*+')*+)?>"""
_BREAK = re.compile(rf"<br\b{_ATTRIBUTES}", re.IGNORECASE)
_BLOCK = re.compile(rf"</?(?=[a-z])(?:{_BLOCKS})\b{_ATTRIBUTES}", re.IGNORECASE)
_INLINE_TAG = re.compile(rf"</?(?=[a-z])(?:{_INLINE})\b{_ATTRIBUTES}", re.IGNORECASE)
_ENTITY = re.compile(r"&(?:[a-z][a-z0-9]{1,30}|#[0-9]{1,7}|#x[0-9a-f]{1,6});", re.IGNORECASE)

_UNSPOKEN = (
    (re.compile(r"<!--"), re.compile(r"-->")),
    (re.compile(rf"<script\b{_ATTRIBUTES}", re.IGNORECASE), re.compile(r"</script\s*+>", re.IGNORECASE)),
    (re.compile(rf"<style\b{_ATTRIBUTES}", re.IGNORECASE), re.compile(r"</style\s*+>", re.IGNORECASE)),
)
"""The beginnings and ends of what a browser does not show."""

_SURROGATE = re.compile("[\ud800-\udfff]")
# Control characters that are no white space separate words; the others show nothing and stand within words: the soft
# hyphen, the zero-width space, the byte order mark, and the marks of writing direction.
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f]")
_INVISIBLE = re.compile("[\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")
# No-break spaces stay: they group the digits of numbers.
_SPACES = re.compile(r"[^\S\u00a0\u202f]+")


def spoken_text(text: str) -> str:
    """The text as it is spoken.

    HTML tags, comments and scripts are removed, and entities replaced by their characters. Blocks become paragraphs.
    The result is in Unicode's normal form C.

    Args:
        text: as the application stored it.

    Raises:
        NothingToSay: nothing is left, or no letter and no digit.
        UtteranceTooLong: more than `MAXIMUM_CHARACTERS` are left.
        InvalidInput: it holds a lone surrogate, half of a character.
    """
    if not text.strip():
        raise NothingToSay("it is empty")
    if len(text) > _MAXIMUM_SOURCE_CHARACTERS:
        raise _too_long(len(text))
    if _SURROGATE.search(text):
        raise InvalidInput("it holds half of a character (a lone surrogate)")
    plain = _INVISIBLE.sub("", _CONTROL.sub(" ", _without_html(text)))
    spoken = _SPACES.sub(_white_space, unicodedata.normalize("NFC", plain)).strip()
    if not any(map(str.isalnum, spoken)):
        raise NothingToSay("it holds no letter and no digit, so there is nothing to say")
    if len(spoken) > MAXIMUM_CHARACTERS:
        raise _too_long(len(spoken))
    return spoken


def _too_long(characters: int) -> UtteranceTooLong:
    return UtteranceTooLong(f"it has {characters} characters, and the most that are spoken are {MAXIMUM_CHARACTERS}")


def _without_html(text: str) -> str:
    if "<" in text:
        for begin, end in _UNSPOKEN:
            text = _without(text, begin, end)
        text = _INLINE_TAG.sub("", _BREAK.sub("\n", _BLOCK.sub("\n\n", text)))
    return _ENTITY.sub(lambda entity: html.unescape(entity[0]), text)


def _without(text: str, begin: re.Pattern[str], end: re.Pattern[str]) -> str:
    """The text without what is between a beginning and the next end; a beginning without an end is text."""
    kept = []
    place = 0
    while opened := begin.search(text, place):
        closed = end.search(text, opened.end())
        if closed is None:
            break
        kept += [text[place : opened.start()], " "]
        place = closed.end()
    return "".join([*kept, text[place:]])


def _white_space(run: re.Match[str]) -> str:
    """What stands for a run of white space: a space, the end of a line, or the end of a paragraph."""
    newlines = run[0].count("\n")
    return "\n\n" if newlines > 1 else "\n" if newlines else " "
