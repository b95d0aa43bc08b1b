"""The names of files: those of the contract, safe in any path and URL, and never the same for two files."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sayso.cards.file_names import FileName, file_names, is_file_of_cards
from sayso.cards.records import Phrase
from sayso.storage import uri_within
from sayso.storage.uris import file_names as names_of_uri

IDS = st.text(st.characters(codec=None, exclude_categories=()), min_size=1, max_size=300) | st.text(
    "ab_0.~/", min_size=1, max_size=6
)


def phrase(index: int, card_id: str | None = None, languages: tuple[str, ...] = ("en", "fr")) -> Phrase:
    return Phrase(index=index, card_id=card_id, texts=dict.fromkeys(languages, "Hello."), problems={})


def name_of(job_id: str, card_id: str | None, index: int = 0) -> FileName:
    return file_names(job_id, [phrase(index, card_id, ("en",))])[index, "en"]


def test_the_names_are_those_of_the_contract() -> None:
    """By the card, or by the job and the place of the phrase from 0."""
    card, job = "clx1a2b3c4d5e6f7g8h9i0j1k", "7f9c24e8-3b1d-4a6e-9c1a-0a1b2c3d4e5f"
    names = file_names(job, [phrase(0, card), phrase(1)])
    assert {place: name.name for place, name in names.items()} == {
        (0, "en"): f"{card}_en.mp3",
        (0, "fr"): f"{card}_fr.mp3",
        (1, "en"): f"{job}_1_en.mp3",
        (1, "fr"): f"{job}_1_fr.mp3",
    }


def test_only_languages_with_a_text_have_a_file() -> None:
    """Others have no audio; further ones have their tags."""
    names = file_names("job", [phrase(0, None, ("en", "pt-br"))])
    assert [name.name for name in names.values()] == ["job_0_en.mp3", "job_0_pt-br.mp3"]


def test_the_last_of_several_phrases_with_one_card_has_its_files() -> None:
    """The others have files of their own, so that none replaces another."""
    names = file_names("job", [phrase(0, "card"), phrase(1, "card")])
    assert names[0, "en"].name == "job_0_en.mp3"
    assert names[1, "en"].name == "card_en.mp3"


@pytest.mark.parametrize("id_", ["../../etc/passwd", "/abs", "..", ".", ".sayso-lock", "a b", "Käse", "%2e%2e", "a\0b"])
def test_ids_that_are_unsafe_in_a_path_are_encoded(id_: str) -> None:
    """No name leaves its directory, is hidden, or needs encoding in a URL."""
    name = name_of("job", id_).name
    assert quote(name, safe="") == name
    assert not name.startswith(".")
    assert Path("/root", name).parent == Path("/root")


@given(IDS)
def test_every_id_gives_a_name_that_storages_take(id_: str) -> None:
    """Whatever an application calls its cards and jobs."""
    for name in (name_of("job", id_), name_of(id_, None)):
        for each in (name.name, name.other_name):
            assert names_of_uri(uri_within("file:///root", each)) == ("root", each)
            assert is_file_of_cards(each)


@given(IDS, IDS)
def test_different_ids_have_different_names(one: str, other: str) -> None:
    """Cards among themselves, and jobs; a card and a phrase have different second names in any case."""
    assert (one == other) == (name_of("job", one).name == name_of("job", other).name)
    assert (one == other) == (name_of(one, None).name == name_of(other, None).name)
    card, job = name_of("job", one), name_of(other, None)
    assert card.other_name not in {job.name, job.other_name}
    assert job.other_name != card.name or "_" not in job.other_name.removesuffix("_en.mp3")
    assert card.subject != job.subject


def test_a_card_may_be_called_like_a_phrase_of_a_job() -> None:
    """The name is the same, and the record says whose it is; the other name is not."""
    card, job = name_of("another", "job_0"), name_of("job", None)
    assert card.name == job.name
    assert card.other_name == "job~5F0_en.mp3"


@pytest.mark.parametrize(
    "name", ["notes.txt", "cover.mp3", "a_en.wav", ".sayso-lock", "a/b_en.mp3", "_EN.mp3", "track_english.mp3"]
)
def test_other_files_are_not_taken_for_cards(name: str) -> None:
    """Clean-up removes no file that has another form of name."""
    assert not is_file_of_cards(name)
