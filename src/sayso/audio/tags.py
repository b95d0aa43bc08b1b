"""The tags of an audio file: title, language and chapters."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from typing import TYPE_CHECKING

from sayso.audio.formats import AudioFormat

if TYPE_CHECKING:
    from av.container.output import OutputContainer

    from sayso.types import Chapter

# ISO 639-2/T codes, which ID3 and MP4 want, of the languages that Sayso's engines speak.
_ISO_639_2 = {
    "ar": "ara", "bg": "bul", "ca": "cat", "cs": "ces", "cy": "cym", "da": "dan", "de": "deu", "el": "ell",
    "en": "eng", "es": "spa", "eu": "eus", "fa": "fas", "fi": "fin", "fr": "fra", "he": "heb", "hi": "hin",
    "hu": "hun", "id": "ind", "is": "isl", "it": "ita", "ja": "jpn", "ka": "kat", "kk": "kaz", "ko": "kor",
    "lb": "ltz", "lv": "lav", "ml": "mal", "nb": "nob", "ne": "nep", "nl": "nld", "no": "nor", "pl": "pol",
    "pt": "por", "ro": "ron", "ru": "rus", "sk": "slk", "sl": "slv", "sr": "srp", "sv": "swe", "sw": "swa",
    "te": "tel", "tr": "tur", "uk": "ukr", "ur": "urd", "vi": "vie", "zh": "zho",
}  # fmt: skip

_TAKES_BCP_47 = frozenset({AudioFormat.OPUS, AudioFormat.FLAC})  # Vorbis comments are free text


@dataclass(frozen=True, kw_only=True, slots=True)
class AudioTags:
    """Tags; each format carries those that it has fields for.

    Attributes:
        title: the document's title. Carried by every format.
        language: a BCP 47 tag. Carried by every format; where only three letters are allowed (MP3, WAV, AAC,
            M4A), a language without an entry in our table of ISO 639-2 codes is left out.
        chapters: ordered, in samples at the writer's rate. MP3 and AAC carry them as ID3 ``CHAP`` frames, M4A
            as a chapter track and list, Opus and FLAC as ``CHAPTERxxx`` comments; WAV has no place for them.
    """

    title: str | None = None
    language: str | None = None
    chapters: tuple[Chapter, ...] = ()

    def apply(self, container: OutputContainer, audio_format: AudioFormat, *, sample_rate_hz: int) -> None:
        """Set the tags of a container whose stream has been added and whose header has not been written."""
        # Ogg keeps the tags in the stream, and so does MP4 the language; the others look at the file's.
        in_stream = audio_format in {AudioFormat.OPUS, AudioFormat.M4A}
        if self.title:
            # A name of a file that is not UTF-8 has lone surrogates, which no tag can hold.
            container.metadata["title"] = self.title.encode(errors="replace").decode()
        if language := self._language_for(audio_format):
            place = container.streams[0].metadata if in_stream else container.metadata
            place["language"] = language
        if audio_format is AudioFormat.FLAC:  # the one muxer that knows chapters and does not write them
            container.metadata.update(self._chapter_comments(sample_rate_hz))
        elif self.chapters and audio_format is not AudioFormat.WAV:
            container.set_chapters(
                [
                    {
                        "id": number,
                        "start": chapter.start_sample,
                        "end": chapter.end_sample,
                        "time_base": Fraction(1, sample_rate_hz),
                        "metadata": {"title": chapter.title},
                    }
                    for number, chapter in enumerate(self.chapters)
                ]
            )

    def _language_for(self, audio_format: AudioFormat) -> str | None:
        if not self.language or audio_format in _TAKES_BCP_47:
            return self.language
        return _ISO_639_2.get(self.language.split("-")[0].lower())

    def _chapter_comments(self, sample_rate_hz: int) -> dict[str, str]:
        """The chapters as Vorbis comments (https://wiki.xiph.org/Chapter_Extension)."""
        comments = {}
        for number, chapter in enumerate(self.chapters, start=1):
            start = timedelta(milliseconds=round(1000 * chapter.start_sample / sample_rate_hz))
            hours, rest = divmod(start, timedelta(hours=1))
            minutes, rest = divmod(rest, timedelta(minutes=1))
            comments[f"CHAPTER{number:03}"] = f"{hours:02}:{minutes:02}:{rest.total_seconds():06.3f}"
            comments[f"CHAPTER{number:03}NAME"] = chapter.title
        return comments
