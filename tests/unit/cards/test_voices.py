"""Which voice of which engine speaks a language."""

from __future__ import annotations

import pytest

from sayso.cards.voices import VoiceChoice
from sayso.errors import ModelMissing, UnknownVoice
from sayso.testing import FakeSpeechEngine
from sayso.tts.selection import LocalSpeech
from sayso.types import Voice

NAMES = {
    "af_alloy": "en-us", "af_heart": "en-us", "bf_emma": "en-gb", "ff_siwis": "fr-fr", "ef_dora": "es",
    "pf_dora": "pt-br", "zf_xiaobei": "cmn",
}  # fmt: skip
ENGINE = FakeSpeechEngine(voices=[Voice(name=name, language=tag, engine="fake") for name, tag in NAMES.items()])
SOURCE = LocalSpeech("kokoro", lambda: ENGINE, aliases={"alloy": "af_alloy", "verse": "am_puck", "nova": "af_alloy"})


def missing() -> FakeSpeechEngine:
    raise ModelMissing("no model")


@pytest.mark.parametrize(
    ("voices", "language", "openai", "local"),
    [
        ({}, "en", "alloy", "af_heart"),
        ({}, "fr", "verse", "ff_siwis"),
        ({}, "es", "alloy", "ef_dora"),
        ({}, "pt-br", "alloy", "pf_dora"),
        ({}, "zh", "alloy", "zf_xiaobei"),
        ({}, "zh-hans", "alloy", "zf_xiaobei"),
        ({}, "en-gb", "alloy", "af_heart"),
        ({}, "ja", "alloy", None),
        ({"en": "bf_emma"}, "en", "alloy", "bf_emma"),
        ({"en": "coral,bf_emma"}, "en", "coral", "bf_emma"),
        ({"en": "nova"}, "en", "nova", "af_alloy"),
        ({"en": "nova"}, "en-gb", "nova", "af_alloy"),
        ({"en": "nova", "en-gb": "sage,bf_emma"}, "en-gb", "sage", "bf_emma"),
        ({"fr": "verse"}, "fr", "verse", "ff_siwis"),
        ({"fr": "ff_siwis"}, "fr", "verse", "ff_siwis"),
        ({"fr": "af_heart"}, "fr", "verse", "ff_siwis"),
        ({"es": "shimmer"}, "es", "shimmer", "ef_dora"),
        ({"en": " , "}, "en", "alloy", "af_heart"),
    ],
)
def test_each_engine_takes_the_first_voice_that_it_has(
    voices: dict[str, str], language: str, openai: str, local: str | None
) -> None:
    choice = VoiceChoice(voices)
    assert choice.of_openai(language) == openai
    assert choice.of_source(SOURCE, language) == local


def test_a_voice_that_no_engine_has_is_refused_by_the_name_of_its_setting() -> None:
    VoiceChoice({"en": "nova,af_heart"}).check([SOURCE])
    with pytest.raises(UnknownVoice, match="SAYSO_VOICE_PT_BR names 'pf_doar'"):
        VoiceChoice({"pt-br": "alloy,pf_doar"}).check([SOURCE, LocalSpeech("piper", missing)])


def test_without_any_model_no_voice_is_refused() -> None:
    VoiceChoice({"en": "anything"}).check([LocalSpeech("kokoro", missing)])
    assert VoiceChoice({}).of_source(LocalSpeech("kokoro", missing), "en") is None
