"""Where sentences end."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sayso.text.sentences import sentence_ends


def sentences(text: str, language: str) -> list[str]:
    return [text[start:end].strip(" “«") for start, end in pairwise([0, *sentence_ends(text, language)])]


@pytest.mark.parametrize(
    "parts",
    [
        ["“Stop!” he said.", "He ran."],
        ['"Why?" asked Mr. Smith.', "“No,” she said."],
        ["“Yes.” he whispered.", "Then he left."],
        ["“Stop.", "Go now.", "Come.”", "He left."],
        ["She wrote: “But why?", "And when?”"],
        ["Dr. Jones met Prof. Hill at 5 p.m. on Main St. in Boston.", "They ate apples, pears, etc. and left."],
        ["He came at 5 p.m.", "The sun was low."],
        ["It may rain, e.g. in May, i.e. soon.", "It will not."],
        ["J. R. R. Tolkien wrote it.", "C. S. Lewis read it."],
        ["It cost 3.50 dollars.", "Version 2.1.3 was free."],
        ["Wait...", "What?", "Well… she paused… and left.", "No…", "Go!"],
        ["Follow me.", "John ran.", "“No.", "I will not.”"],
        ["See vol. 3, fig. 2, no. 7.", "Then stop."],
        ["I live in the U.S.", "He does not.", "The U.S. Army came."],
        ["What?!", "No!!!", "Tom’s dog and the dogs’ bones."],
        ["no punctuation at all just words"],
        ["hello!", "how are you?", "fine."],
        ["The vote is at 2:30 p.m. ET, Sen. Cruz said.", "He left."],
        ["See para. 3.2.1 of the rules.", "Then stop."],
        ["As shown by Smith et al. [2004] and Jones et al. (2010), it holds.", "It does."],
        ["The Com. & Adm. Board met.", "It voted."],
        ["That is true.¹", "And so is this.[12]", "But not that."],
    ],
)
def test_english_sentences(parts: list[str]) -> None:
    """Dialogue, abbreviations, initials, dots and missing capitals do not mislead."""
    assert sentences(" ".join(parts), "en-us") == [part.strip("“") for part in parts]


@pytest.mark.parametrize(
    "parts",
    [
        ["« Arrête ! » dit-il.", "« Pourquoi ? »", "Elle rit."],
        ["— Viens ! cria-t-elle.", "— Non."],
        ["M. Dupont et Mme. Durand vivent à Paris.", "Le Dr. Bon aussi.", "M. le maire arriva."],
        ["J.-C. est né.", "V. Hugo le dit, p. ex. ici."],
        ["Il coûte 3,50 euros.", "C’est l’heure.", "À demain."],
        ["« Viens.", "Pars. »", "Il rit…", "Puis partit."],
    ],
)
def test_french_sentences(parts: list[str]) -> None:
    """French titles, guillemets and dashes are known."""
    assert sentences(" ".join(parts), "fr-fr") == [part.strip("« ") for part in parts]


@pytest.mark.parametrize(
    ("language", "text", "count"),
    [
        ("de-de", "Das ist z. B. gut. Am 3. Mai kam er.", 2),
        ("es", "¿Qué pasa? ¡Nada! El Sr. López vino.", 3),
        ("zh-cn", "你好。我很好！是吗？", 3),
        ("ja", "こんにちは。元気ですか？", 2),
        ("hi", "नमस्ते। आप कैसे हैं?", 2),
    ],
)
def test_other_languages_have_their_own_rules(language: str, text: str, count: int) -> None:
    """The tag's language chooses them, whatever its region."""
    assert len(sentence_ends(text, language)) == count


@pytest.mark.parametrize("language", ["tlh", "x", ""])
def test_an_unknown_language_is_read_by_the_english_rules(language: str) -> None:
    """Its abbreviations included."""
    assert sentences("Mr. Smith came. He left.", language) == ["Mr. Smith came.", "He left."]


@given(st.text(max_size=200), st.sampled_from(["en", "fr", "zh", "xx"]))
def test_ends_ascend_to_the_length_of_the_text(text: str, language: str) -> None:
    """Whatever the text, its sentences follow each other and make up the whole."""
    ends = sentence_ends(text, language)
    assert ends[-1] == len(text)
    assert all(before < after for before, after in pairwise(ends))


def test_halves_of_surrogate_pairs_are_no_obstacle() -> None:
    """JSON can carry them, and the library alone could not."""
    assert sentence_ends("One \ud800 two. Three \udfff four.", "en") == [11, 24]
