"""The phrases of a job: an entry that cannot be used costs only itself, and is named."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sayso.cards.phrase_text import MAXIMUM_CHARACTERS, spoken_text
from sayso.cards.phrases import (
    LANGUAGES,
    MAXIMUM_MESSAGE_CHARACTERS,
    MAXIMUM_PHRASES,
    error_message,
    key_of_language,
    language_of_key,
    parse_phrases,
    result_urls,
)
from sayso.cards.records import Phrase, PhraseResult
from sayso.errors import InvalidInput, NothingToSay, UtteranceTooLong

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
KEYS = st.sampled_from(["textEn", "textFr", "textEs", "textPtBr", "cardId", "textRaw", "question"])
ENTRIES = JSON | st.dictionaries(KEYS, JSON | st.text(st.characters(exclude_categories=())), max_size=7)


def phrase(entry: Any) -> Phrase:
    (only,) = parse_phrases([entry])
    return only


def result(
    index: int,
    *,
    urls: dict[str, str | None] | None = None,
    problems: dict[str, str] | None = None,
    card: str | None = None,
) -> PhraseResult:
    known = Phrase(index=index, card_id=card, texts={}, problems={})
    return PhraseResult(phrase=known, urls=urls or {}, problems=problems or {})


def test_a_phrase_has_its_texts_by_language_and_its_card() -> None:
    found = phrase({"textEn": "Good morning", "textFr": "Bonjour", "cardId": "c1", "question": 7})
    assert found == Phrase(index=0, card_id="c1", texts={"en": "Good morning", "fr": "Bonjour"}, problems={})


@pytest.mark.parametrize("whole", [None, {}, "a lamp", "{}", 7, True, {"phrases": []}])
def test_phrases_of_another_type_fail_the_job(whole: Any) -> None:
    with pytest.raises(InvalidInput, match="not a list"):
        parse_phrases(whole)


def test_a_list_that_was_encoded_twice_is_a_list() -> None:
    """Some applications encode their JSON before they store it in a JSON column."""
    phrases = [{"textEn": "lamp", "textFr": "lampe"}]
    assert parse_phrases(json.dumps(phrases)) == parse_phrases(phrases)


def test_there_is_at_least_one_phrase_and_at_most_200() -> None:
    assert len(parse_phrases([{}] * MAXIMUM_PHRASES)) == MAXIMUM_PHRASES
    with pytest.raises(InvalidInput, match="no phrases"):
        parse_phrases([])
    with pytest.raises(InvalidInput, match="201 phrases; at most 200"):
        parse_phrases([{}] * 201)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (None, "it is null, not a text"),
        (7, "it is a number, not a text"),
        (True, "it is a boolean, not a text"),
        (["Hello"], "it is a list, not a text"),
        ({"text": "Hello"}, "it is an object, not a text"),
        ("", "it is empty"),
        (" \n\t", "it is empty"),
        ("🎉🎉", "nothing to say"),
        ("?! … —", "nothing to say"),
        ("<p><br/></p>", "nothing to say"),
        ("word " * 1000, "4999 characters"),
        ("a\ud800b", "lone surrogate"),
    ],
)
def test_a_text_that_cannot_be_spoken_costs_only_itself(text: Any, problem: str) -> None:
    found = phrase({"textEn": text, "textFr": "Bonjour", "cardId": "c1"})
    assert found.texts == {"fr": "Bonjour"}
    assert list(found.problems) == ["en"]
    assert problem in found.problems["en"]
    assert found.card_id == "c1"


def test_a_missing_language_is_named() -> None:
    assert phrase({"textEn": "Hello"}).problems == {"fr": "it is missing"}


@pytest.mark.parametrize(("entry", "kind"), [(None, "null"), (3, "a number"), ("Hello", "a text"), ([], "a list")])
def test_an_entry_that_is_no_object_is_named(entry: Any, kind: str) -> None:
    found = phrase(entry)
    assert found.texts == {}
    assert kind in found.problems[""]


@pytest.mark.parametrize(
    ("key", "language"),
    [
        ("textEn", "en"),
        ("textEs", "es"),
        ("textPtBr", "pt-br"),
        ("textZhHans", "zh-hans"),
        ("textEs419", "es-419"),
        ("textYue", "yue"),
        ("textRaw", None),
        ("textColor", None),
        ("text", None),
        ("texten", None),
        ("TextEn", None),
        ("textEn ", None),
        ("textEn\n", None),
        ("audioUrlEn", None),
    ],
)
def test_keys_of_texts_name_their_language(key: str, language: str | None) -> None:
    assert language_of_key(key) == language
    if language is not None:
        assert key_of_language(language, "text") == key
        assert language_of_key(key_of_language(language), "audioUrl") == language


def test_further_languages_are_spoken_where_a_phrase_has_them() -> None:
    first, second = parse_phrases(
        [{"textEn": "Hi", "textFr": "Salut", "textPtBr": "Oi"}, {"textEn": "Hi", "textFr": "Salut", "textRaw": "x"}]
    )
    assert first.texts["pt-br"] == "Oi"
    assert not second.problems
    assert set(second.texts) == {"en", "fr"}


@pytest.mark.parametrize("card", ["../../etc/passwd", "a/b", "ünï", "x" * 5000, "%2e%2e", "con", ".", "🎉"])
def test_a_card_id_may_be_any_text(card: str) -> None:
    assert phrase({"textEn": "Hi", "textFr": "Salut", "cardId": card}).card_id == card


@pytest.mark.parametrize("card", [5, True, ["c"], {"id": "c"}, "a\0b", "a\udfff"])
def test_the_phrase_of_an_unusable_card_id_is_spoken_without_a_card(card: Any) -> None:
    found = phrase({"textEn": "Hi", "textFr": "Salut", "cardId": card})
    assert found.card_id is None
    assert found.texts == {"en": "Hi", "fr": "Salut"}
    assert "no card gets its URLs" in found.problems[""]


@pytest.mark.parametrize("card", [None, ""])
def test_a_phrase_may_have_no_card(card: str | None) -> None:
    found = phrase({"textEn": "Hi", "textFr": "Salut", "cardId": card})
    assert found.card_id is None
    assert not found.problems


def test_phrases_may_share_a_card() -> None:
    entry = {"textEn": "Hi", "textFr": "Salut", "cardId": "c"}
    assert [found.card_id for found in parse_phrases([entry, entry])] == ["c", "c"]


@given(st.lists(ENTRIES, min_size=1, max_size=8))
def test_whatever_an_entry_is_every_text_is_spoken_or_has_a_problem(entries: list[Any]) -> None:
    phrases = parse_phrases(entries)
    assert [found.index for found in phrases] == list(range(len(entries)))
    for found in phrases:
        assert not found.texts.keys() & found.problems.keys()
        if "" not in found.problems or found.texts:
            assert set(LANGUAGES) <= found.texts.keys() | found.problems.keys()
        for text in found.texts.values():
            assert spoken_text(text) == text or "&" in text or "<" in text
            assert 0 < len(text) <= MAXIMUM_CHARACTERS
            text.encode()
    results = [PhraseResult(phrase=found, urls={}, problems=found.problems) for found in phrases]
    message = error_message(results)
    assert (message is None) == (not any(found.problems for found in phrases))
    if message is not None:
        assert len(message) <= MAXIMUM_MESSAGE_CHARACTERS
        assert "\0" not in message
        message.encode()
    json.dumps(result_urls(results)).encode()


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("<b>Hello</b>, <i class='x'>wor</i>ld", "Hello, world"),
        ("<p>One</p><p>Two</p>", "One\n\nTwo"),
        ("One<br>Two<BR/>Three", "One\nTwo\nThree"),
        ("Tom &amp; Jerry &lt;3", "Tom & Jerry <3"),
        ("&eacute;t&#233; &#x41;", "été A"),
        ("AT&T &nonsense; R&D;", "AT&T &nonsense; R&D;"),
        ("if a < b and c > d", "if a < b and c > d"),
        ("List<String>", "List<String>"),
        ("What is &lt;p&gt;?", "What is <p>?"),
        ("a<!-- not <b>this</b> -->b", "a b"),
        ("<script>alert('x')</script>Hi<style>p {}</style>", "Hi"),
        ("a <!-- never closed", "a <!-- never closed"),
        ("<a href=\"x>y\" title='<'>link</a>", "link"),
        ("tab\tand\r\nnewline  and\u2003spaces ", "tab and\nnewline and spaces"),
        ("soft\u00adhyphen\u200b\ufeff", "softhyphen"),
        ("e\u0301te\u0301", "été"),
        ("1\u202f000\u00a0km", "1\u202f000\u00a0km"),
        ("a\x00b\x07c", "a b c"),
    ],
)
def test_what_is_not_spoken_is_removed(text: str, spoken: str) -> None:
    assert spoken_text(text) == spoken


def test_the_longest_text_counts_without_its_markup() -> None:
    assert len(spoken_text("<p>" + "a" * MAXIMUM_CHARACTERS + "</p>  ")) == MAXIMUM_CHARACTERS
    with pytest.raises(UtteranceTooLong):
        spoken_text("a" * (MAXIMUM_CHARACTERS + 1))
    with pytest.raises(UtteranceTooLong):
        spoken_text("<b>" * 10**6)


@pytest.mark.parametrize("piece", ["<b ", '<b "', "<!--", "<script>", "&", "&a", "<p a='", "</", "<", "<b a=\"'"])
def test_unfinished_markup_is_read_in_linear_time(piece: str) -> None:
    """Quadratic time would be minutes, and the test's own time limit ends it."""
    text = piece * (60_000 // len(piece))
    with pytest.raises((NothingToSay, UtteranceTooLong)):
        spoken_text(text)


def test_urls_are_in_the_order_of_the_phrases_with_exactly_the_known_keys() -> None:
    results = [result(0, urls={"en": "u", "fr": None}), result(1, urls={"fr": "v", "pt-br": "w"}, card="c"), None]
    assert result_urls(results) == [
        {"audioUrlEn": "u", "audioUrlFr": None},
        {"audioUrlEn": None, "audioUrlFr": "v", "audioUrlPtBr": "w", "cardId": "c"},
        {"audioUrlEn": None, "audioUrlFr": None},
    ]


def test_a_job_without_problems_has_no_message() -> None:
    assert error_message([result(0), None]) is None


def test_the_message_names_phrases_and_reasons_with_failures_first() -> None:
    given_problem = {"fr": "it is missing"}
    poor = Phrase(index=1, card_id=None, texts={"en": "Hi"}, problems=given_problem)
    results = [
        PhraseResult(phrase=poor, urls={}, problems=given_problem),
        result(2, problems={"en": "OpenAI did not answer within 30 s."}),
        result(3, problems={"": "it is null"}),
    ]
    message = error_message(results)
    assert message is not None
    assert message.startswith("3 of 3 phrases have problems. ")
    assert message.index("phrases[2].textEn: OpenAI did not answer within 30 s.") < message.index(
        "phrases[1].textFr: it is missing."
    )
    assert "phrases[3]: it is null." in message


def test_one_reason_of_many_phrases_is_stated_once() -> None:
    message = error_message([result(index, problems={"fr": "it is missing"}) for index in range(200)])
    assert message is not None
    assert message.count("it is missing") == 1
    assert "phrases[9].textFr and 190 more: it is missing." in message


@given(st.lists(st.dictionaries(st.sampled_from(["en", "fr", ""]), st.text(max_size=900)), min_size=1, max_size=60))
def test_the_message_is_bounded_whatever_the_reasons_are(problems: list[dict[str, str]]) -> None:
    message = error_message([result(index, problems=each) for index, each in enumerate(problems)])
    assert message is None or len(message) <= MAXIMUM_MESSAGE_CHARACTERS
    assert message is None or re.match(r"\d+ of \d+ phrases have problems\.", message)
