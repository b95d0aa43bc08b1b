"""The texts of the page in Chromium: files that are no text, long texts, Markdown, and links that hold a text."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from sayso.subtitles import parse_subtitles
from support.api.app_contexts import fake_served
from support.pages.speech import TEXT, dropped, saved, speak, wait_until_spoken

if TYPE_CHECKING:
    from e2e.web.conftest import Visit

PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<<>>\nendobj\n"
NO_TEXTS = {
    "tale.pdf": (PDF, "is a PDF, not a text. Copy the text"),
    "named.txt": (b"\xef\xbb\xbf\n" + PDF, "is a PDF"),
    "tale.docx": (b"PK\x03\x04" + bytes(60), "is a document with formatting, not a text. Save it as plain text"),
    "old.doc": (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(60),
        "is a document with formatting, not a text. Save it as plain text",
    ),
    "tale.rtf": (b"{\\rtf1\\ansi Hello}", "is a document with formatting, not a text. Save it as plain text"),
    "hum.wav": (b"RIFF\x24\x00\x00\x00WAVEfmt ", "is a recording, not a text. Drop it on Transcribe"),
    "photo.png": (b"\x89PNG\r\n\x1a\n\x00\x00", "is not a text"),
    "late.txt": (b"A" * 5000 + b"\x00", "is not a text"),
    "café.txt": ("Un café à l’étage.".encode("windows-1252"), "is not in UTF-8. Save it as UTF-8"),
    "nothing.txt": (b" \n", "is empty"),
}
MARKDOWN = (
    "---\ntitle: Hidden\n---\n# The *Lamp* Room\n\nIt **burned** all night, see [the log](https://example.org/log), "
    "said `Ann`.\n\n- One lamp.\n- Two boats.\n\n> Nobody came.\n\n---\n\nAfter\n-----\n\n"
    "Five * three is 15. snake_case stays.\n"
)


def test_what_is_no_text_is_refused_with_advice(visit: Visit) -> None:
    """A file that is dropped or opened and is no text leaves the text as it is; the message says what to do."""
    page = visit(fake_served())
    field = page.get_by_label("Text", exact=True)
    field.fill("Before.")
    for name, (content, message) in NO_TEXTS.items():
        page.dispatch_event("#text", "drop", {"dataTransfer": dropped(page, name, content)})
        expect(page.locator("#speak-error")).to_contain_text(f"{name} {message}")
    expect(field).to_have_value("Before.")
    page.dispatch_event("#text", "drop", {"dataTransfer": dropped(page, "tale.txt", "\ufeffVoilà.".encode("utf-16le"))})
    expect(field).to_have_value("Voilà.")
    expect(page.locator("#speak-error")).to_be_empty()
    page.get_by_label("Open a text file").set_input_files({"name": "a.pdf", "mimeType": "", "buffer": PDF})
    expect(page.locator("#speak-error")).to_contain_text("a.pdf is a PDF")


def test_a_long_text_is_kept_aside(visit: Visit) -> None:
    """The field does not show it; it is spoken as a whole, and can be removed."""
    book = "It was late, and nobody came to see the lamp burn.\n" * 60_000
    page = visit(fake_served(), expects_failures=True)
    page.get_by_label("Open a text file").set_input_files(
        {"name": "book.txt", "mimeType": "text/plain", "buffer": book.encode()}
    )
    expect(page.locator("#text-aside")).to_contain_text("book.txt 3.1 MB")
    expect(page.locator("#text-count")).to_contain_text("3,060,000 characters, about 56:40:00")
    expect(page.get_by_label("Text", exact=True)).to_be_hidden()
    page.route("**/captions", lambda route: route.fulfill(status=400, json={"error": {"message": "It is too long."}}))
    with page.expect_request("**/captions") as request:
        page.get_by_role("button", name="Speak", exact=True).click()
    assert json.loads(request.value.post_data or "")["input"] == book
    expect(page.locator("#speak-error")).to_have_text("It is too long.")
    page.get_by_role("button", name="Remove it").click()
    expect(page.get_by_label("Text", exact=True)).to_be_focused()
    expect(page.locator("#text-count")).to_be_empty()


_BOOK = """
async () => {
  const { ReadingText } = await import("/page/text/reading-text.js");
  const element = document.getElementById("transcript");
  document.getElementById("heard").hidden = false;
  const line = "It was late, and nobody came.\\n";
  const words = [];
  for (let number = 0; number < 100_000; number += 1) {
    for (const [from, to] of [[0, 2], [3, 6], [7, 11], [13, 16], [17, 23], [24, 28]]) {
      const start = words.length / 2;
      words.push({ start, end: start + 0.5, from: number * line.length + from, to: number * line.length + to });
    }
  }
  window.book = new ReadingText(element, line.repeat(100_000), () => {});
  window.book.add(words);
  window.book.makeAvailable(Infinity);
  window.book.light(words.length / 4);
}
"""


_BLOCKS = """
async (line) => {
  const { ReadingText } = await import("/page/text/reading-text.js");
  const element = document.createElement("div");
  new ReadingText(element, line.repeat(200_000), () => {}, { isMarkdown: true }).close();
  return element.childElementCount;
}
"""


def test_a_book_has_only_the_words_in_sight(visit: Visit) -> None:
    """Of 600,000 words few are elements; the lit one is among them and in sight, also after a jump to the end."""
    page = visit(fake_served())
    page.evaluate(_BOOK)
    page.locator("#transcript").scroll_into_view_if_needed()
    lit = page.locator("#transcript [aria-current]")
    for index, seconds in ((300_000, 150_000.1), (599_999, 299_999.6), (0, 0.1)):
        page.evaluate("(seconds) => window.book.light(seconds)", seconds)
        expect(lit).to_have_attribute("data-index", str(index))
        expect(lit).to_be_in_viewport()
        assert page.locator("#transcript .word").count() < 6_000
    for line in ("- one\n", "# one\n", "\n", "one ", "`[_*"):
        assert 0 < page.evaluate(_BLOCKS, line) < 20_000


def test_markdown_is_shown_and_saved_without_its_marks(visit: Visit) -> None:
    """Its marks are neither in the player nor in the subtitles, and words light up; without the tick text is text."""
    page = visit(fake_served())
    speak(page, MARKDOWN)
    wait_until_spoken(page)
    expect(page.get_by_label("Markdown")).to_be_checked()
    shown = [text for text in page.locator("#words .block").all_text_contents() if text]
    assert shown == [
        "The Lamp Room",
        "It burned all night, see the log, said Ann.",
        "One lamp.",
        "Two boats.",
        "Nobody came.",
        "After",
        "Five * three is 15. snake_case stays.",
    ]
    assert page.locator("#words .h1 .em.word").all_text_contents() == ["Lamp"]
    srt = " ".join(" ".join(cue.lines) for cue in parse_subtitles(saved(page, "Download SRT").decode()))
    assert srt.startswith("The Lamp Room It burned all night, see the log, said Ann. One lamp. Two boats. Nobody came.")
    page.get_by_label("Markdown").uncheck()
    page.get_by_role("button", name="Speak", exact=True).click()
    wait_until_spoken(page)
    assert page.locator("#words").text_content() == MARKDOWN


def test_a_link_holds_the_text_and_the_voice(visit: Visit) -> None:
    """Whoever opens it has the text, the voice and the speed in the fields, as text; a long text has no link."""
    page = visit(fake_served(), permissions=["clipboard-read", "clipboard-write"])
    text = "Un <b>café</b> & 50 %\n# 😀 ?#&="
    page.get_by_label("Text", exact=True).fill(text)
    page.get_by_label("Voice", exact=True).select_option("fake_fr")
    page.get_by_label("Speed", exact=True).fill("1.25")
    page.get_by_role("button", name="Copy a link").click()
    expect(page.locator("#speak-status")).to_contain_text("Copied")
    link = page.evaluate("navigator.clipboard.readText()")
    opened = visit(link)
    expect(opened.get_by_label("Text", exact=True)).to_have_value(text)
    expect(opened.get_by_label("Voice", exact=True)).to_have_value("fake_fr")
    expect(opened.get_by_label("Speed", exact=True)).to_have_value("1.25")
    assert "#" not in opened.url
    opened.evaluate("location.hash = 'text=Hi&voice=gone&speed=1e9'")
    expect(opened.locator("#speak-status")).to_contain_text("does not have its voice gone")
    expect(opened.get_by_label("Speed", exact=True)).to_have_value("2")
    page.get_by_label("Text", exact=True).fill(TEXT * 100)
    page.get_by_role("button", name="Copy a link").click()
    expect(page.locator("#speak-error")).to_contain_text("too long for a link")


def test_the_lit_word_is_in_sight_on_a_telephone(visit: Visit) -> None:
    """At 390 by 844 pixels the page moves once to the player, in which the text moves with the voice."""
    page = visit(fake_served(), viewport={"width": 390, "height": 844}, reduced_motion="reduce")
    speak(page, f"{TEXT}\n\n" * 12)
    expect(page.locator("#words [aria-current]")).to_be_in_viewport()
    wait_until_spoken(page)
    page.locator("#words .word").nth(180).click()
    expect(page.locator("#words [aria-current]")).to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollWidth") == 390
