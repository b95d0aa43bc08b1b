"""Japanese and Chinese of the real Kokoro, heard by the real Whisper."""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import TYPE_CHECKING

import pytest

from sayso.models import open_store
from sayso.stt import TranscriptionOptions, WhisperTranscriber, open_recording
from sayso.text import ScriptOptions, write_script
from sayso.text.dictionaries.japanese import japanese_dictionary
from sayso.tts.phonemes.chinese import pinyin

if TYPE_CHECKING:
    from sayso.settings import Settings
    from sayso.tts.engines.kokoro import KokoroEngine

pytestmark = pytest.mark.engine


def sounds(text: str, language: str) -> list[str]:
    """What a text sounds like, so that another way of writing it is no error."""
    letters = "".join(filter(str.isalnum, text))
    if language == "ja":
        return list("".join(morpheme.kana for morpheme in japanese_dictionary().morphemes(letters)))
    return list(pinyin().lazy_pinyin(letters, style=pinyin().Style.TONE3))


@pytest.mark.parametrize(
    ("language", "voice", "text"),
    [
        ("ja", "jf_alpha", "図書館の前に大きな桜の木があります。"),
        ("cmn", "zf_xiaoxiao", "早上的公园里，孩子们高兴地跑来跑去。"),
    ],
)
def test_it_is_understood(
    language: str, voice: str, text: str, kokoro_engine: KokoroEngine, real_settings: Settings
) -> None:
    """Nearly every sound is heard as it is written, and each word has a time."""
    options = ScriptOptions(voice=voice, language=language, language_of_voice=lambda _: language)
    (line,) = write_script(text, options).lines
    speech = kokoro_engine.synthesise(line.utterance, voice=voice, speed=1.0)

    assert speech.times is not None
    assert all(time.end_sample > time.start_sample for time in speech.times)
    assert len(speech.times) == len(line.utterance.tokens) < len(text) - 4

    whisper = WhisperTranscriber(open_store(real_settings).path("whisper-base"))
    with open_recording(speech.audio) as recording:
        heard = whisper.transcribe(recording, TranscriptionOptions(language=language.replace("cmn", "zh"))).text
    likeness = SequenceMatcher(None, sounds(text, language), sounds(heard, language), autojunk=False).ratio()
    assert likeness > 0.85, heard
