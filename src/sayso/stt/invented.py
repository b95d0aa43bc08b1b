"""Sentences that recognition models write for what is no speech: those of the videos they were trained on.

Whisper writes "Thank you for watching." for laughter, applause and noise. People say it, too: so a sentence of the list
is left out only where the sound, or the model itself, says that there is no speech. Nothing else is ever left out.
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from sayso.text.sentences import sentence_ends

if TYPE_CHECKING:
    from collections.abc import Iterator

LIKELY_NO_SPEECH = 0.6
"""For a sentence of the list, the model's own probability of no speech from which on it is not believed.

For laughter it is 0.64 to 0.75 (whisper-base); for voices that say "Thank you for watching." at most 0.05, and 0.27 in
noise as loud as they are.
"""

LEAST_SPEECH_SHARE = 0.25
"""With less speech than this share of a sentence's time, the voice detector says that it is not spoken."""

_SENTENCES = """
Thank you. Thanks. Thank you very much. Thank you so much. Thank you for watching. Thanks for watching.
Thank you for watching this video. Thank you for watching, see you next time. Thank you so much for watching.
Thanks for watching and I'll see you in the next video. See you next time. See you in the next video. See you next week.
I'll see you next time. Please subscribe. Please subscribe to my channel. Like and subscribe. Don't forget to subscribe.
Please like and subscribe. Bye. Bye bye. You. The end. Subtitles by the Amara.org community.
Transcription by CastingWords.
Merci. Merci d'avoir regardé cette vidéo. Merci d'avoir regardé. Sous-titres réalisés par la communauté d'Amara.org.
Sous-titrage ST' 501. Sous-titrage Société Radio-Canada. Abonnez-vous. À bientôt.
Vielen Dank. Vielen Dank fürs Zuschauen. Danke fürs Zuschauen. Untertitel der Amara.org-Community.
Untertitel im Auftrag des ZDF für funk. Untertitelung des ZDF, 2020. Bis zum nächsten Mal.
Gracias. Gracias por ver el video. Gracias por ver. Subtítulos realizados por la comunidad de Amara.org. Suscríbete.
Grazie. Grazie per aver guardato il video. Grazie a tutti. Sottotitoli creati dalla comunità Amara.org.
Obrigado. Obrigada. Obrigado por assistir. Obrigado por assistirem. Legendas pela comunidade Amara.org.
Спасибо за просмотр. Продолжение следует. Субтитры сделал DimaTorzok. Дякую за перегляд.
ご視聴ありがとうございました。 ありがとうございました。 チャンネル登録お願いします。 おやすみなさい。
谢谢观看。 謝謝觀看。 谢谢大家。 感谢观看。 字幕由Amara.org社区提供。 請不吝點贊訂閱轉發打賞支持明鏡與點點欄目。
请不吝点赞订阅转发打赏支持明镜与点点栏目。
시청해주셔서 감사합니다. 감사합니다. MBC 뉴스 이덕영입니다.
"""


def letters_of(text: str) -> str:
    """The letters and digits of a text, without case, accents of width, spaces and punctuation."""
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKC", text).casefold()))


def _listed() -> Iterator[str]:
    for line in _SENTENCES.strip().splitlines():
        text = line.replace("Amara.org", "Amara\u2024org")  # its full stop ends no sentence
        for sentence in text.replace("。", "。\n").replace(". ", ".\n").splitlines():
            yield letters_of(sentence.replace("\u2024", "."))


_LISTED = frozenset(filter(None, _listed()))


def may_be_invented(text: str) -> bool:
    """Whether a text is one sentence of the list, or several of them, and nothing else."""
    whole = letters_of(text)
    if not whole:
        return False
    if whole in _LISTED:
        return True
    ends = sentence_ends(text, "en")
    return len(ends) > 1 and all(
        letters_of(text[start:end]) in _LISTED for start, end in zip([0, *ends[:-1]], ends, strict=True)
    )


def is_invented(text: str, *, no_speech_probability: float | None, speech_share: float | None) -> bool:
    """Whether a sentence was written for what is no speech.

    Args:
        text: the sentence.
        no_speech_probability: by the model, 0 to 1; None where it gives none.
        speech_share: how much of the sentence's time is speech by the voice detector, 0 to 1; None if it is not known.
    """
    if not may_be_invented(text):
        return False
    by_model = no_speech_probability is not None and no_speech_probability > LIKELY_NO_SPEECH
    by_detector = speech_share is not None and speech_share < LEAST_SPEECH_SHARE
    return by_model or by_detector
