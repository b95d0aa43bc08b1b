"""The page's texts: the same keys in every language, none left in its files, and the language of a request."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

import sayso.web
from sayso.web.languages import LANGUAGES, index_html, language_of, messages
from support.api.app_contexts import client_of, fake_served

WEB = Path(sayso.web.__file__).parent
SCRIPTS = sorted(WEB.glob("static/**/*.js"))
TEMPLATES = sorted(WEB.glob("templates/*.html"))

PLURAL = re.compile(r"\.(zero|one|two|few|many|other)$")
VALUES = re.compile(r"\{(\w+)\}")
USED = re.compile(r"""(?:\bt|\bplural|\bknown)\(\s*[^()]*?["`]([\w.]+)""")

NAMES = {
    "Sayso",
    "English",
    "Français",
    "MP3",
    "M4A",
    "WAV",
    "FLAC",
    "Opus",
    "AAC",
    "SRT",
    "VTT",
    "ASS",
    "TTML",
    "JSON",
}
NAMES |= {"TXT", "Netflix", "BBC", "Ctrl", "Enter"}
"""Names, which no language translates, and the keys that keyboards have."""

ATTRIBUTES = ("aria-label", "placeholder", "title", "alt", "aria-description")

CODE = re.compile(
    r"[A-Z]\w+Error|Failure|Enter|Escape|Home|End|Arrow\w+|Files|Bearer .*|No message .*|Aborted\.|POST|DELETE"
    r"|En|Fr|[A-Z]|(?:[a-z]{2,3} )+(?:[a-z]{2,3})?"  # codes of languages
)
"""Strings that are for the browser or a developer: names of errors, of keys, of methods."""


def test_every_language_has_the_same_keys() -> None:
    """With the same values in their texts, and both of the plural forms."""
    english = messages("en")
    for language in LANGUAGES:
        texts = messages(language)
        assert list(texts) == list(english)
        for key, text in texts.items():
            assert text.strip() == text != "", key
            assert set(VALUES.findall(text)) == set(VALUES.findall(english[key])), key
    assert {key for key in english if key.endswith(".one")} == {
        PLURAL.sub(".one", key) for key in english if PLURAL.search(key)
    }


def test_every_key_is_used_and_every_used_key_is_there() -> None:
    """In the page's files; a key may be made of two parts there."""
    sources = "".join(path.read_text(encoding="utf-8") for path in (*SCRIPTS, *TEMPLATES))
    keys = {PLURAL.sub("", key) for key in messages("en")}
    for key in keys - {key for key in keys if f'"{key}"' in sources or f"{{{{ {key} }}}}" in sources}:
        start, _, end = key.rpartition(".")
        assert re.search(rf"`{re.escape(start)}\.\$\{{|`\$\{{key\}}\.{end}`|\b{re.escape(end)}\b", sources), key
    for path in SCRIPTS:
        for key in re.findall(r'\b(?:t|plural)\("([\w.]+)"', path.read_text(encoding="utf-8")):
            assert key in keys, f"{path.name}: {key}"


class _Texts(HTMLParser):
    """Collects the texts of a page, those of attributes included."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_data(self, data: str) -> None:
        self.found.append(data)

    def handle_starttag(self, _tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value for name, value in attrs if name in ATTRIBUTES and value]


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_no_text_is_left_in_the_html(path: Path) -> None:
    """Besides names and digits."""
    parser = _Texts()
    parser.feed(path.read_text(encoding="utf-8"))
    texts = [re.sub(r"\{\{ [\w.:-]+ \}\}", "", text).strip() for text in parser.found]
    assert [text for text in texts if re.search(r"[^\W\d]", text) and text not in NAMES] == []


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_no_text_is_left_in_the_scripts(path: Path) -> None:
    """A string with a capital letter at its beginning, or a sentence, is a text; samples of voices are content."""
    if path.name == "samples.js":
        return
    source = re.sub(r"/\*.*?\*/|(?<![:\"'`])//[^\n]*", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    strings = [match[1] for match in re.finditer(r'"((?:[^"\\\n]|\\.)*)"', source)]
    strings += [re.sub(r"\$\{[^}]*\}", "", match[1]) for match in re.finditer(r"`((?:[^`\\]|\\.)*)`", source)]
    looks = re.compile(r"[A-ZÀ-Ý][\w’']|.*\s.*[a-z]{2}[.!?…]$|(?:[^\W\d]+[ ,]+){2,}[^\W\d]+")
    assert [text for text in strings if looks.match(text) and not CODE.fullmatch(text)] == []


def test_no_file_is_long() -> None:
    """Scripts, templates, style sheets and messages have 300 lines at most."""
    long = [
        path.name for path in WEB.rglob("*.*") if path.suffix != ".pyc" and len(path.read_bytes().splitlines()) > 300
    ]
    assert long == []


@pytest.mark.parametrize(
    ("accepted", "chosen", "language"),
    [
        ("", None, "en"),
        ("fr", None, "fr"),
        ("fr-CA,fr;q=0.9,en;q=0.8", None, "fr"),
        ("de-DE,de;q=0.9,fr;q=0.7,en;q=0.5", None, "fr"),
        ("de, en;q=0.3, FR;q=0.6", None, "fr"),
        ("fr;q=0,en", None, "en"),
        ("ja,zh", None, "en"),
        ("*", None, "en"),
        (";;q=,,fr;q=9,\x00", None, "en"),
        ("fr", "en", "en"),
        ("fr", "../etc", "fr"),
    ],
)
def test_the_page_speaks_the_browsers_language(accepted: str, chosen: str | None, language: str) -> None:
    """The visitor's choice first, then the header in its order; what is no language is ignored."""
    assert language_of(accepted, chosen) == language


def test_each_language_is_cached_by_itself() -> None:
    """A cache between is told what the page depends on, and an ETag of one language is not that of another."""
    with client_of(fake_served()) as client:
        french = client.get("/", headers={"accept-language": "fr"})
        english = client.get("/", headers={"accept-language": "en"})
        assert (french.headers["content-language"], english.headers["content-language"]) == ("fr", "en")
        assert '<html lang="fr">' in french.text
        assert french.headers["vary"] == "Accept-Language, Cookie"
        stale = client.get("/", headers={"accept-language": "fr", "if-none-match": english.headers["etag"]})
        assert stale.status_code == 200
        client.cookies.set("sayso-language", "en")
        assert client.get("/", headers={"accept-language": "fr"}).headers["content-language"] == "en"
    assert "{{" not in index_html("fr")
