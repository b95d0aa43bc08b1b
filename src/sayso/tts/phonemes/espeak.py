"""Phonemes from espeak-ng's library: a hundred languages, a sentence in about a millisecond.

The library is GPL-3 and optional (the extra ``espeak``); it is called through ctypes because the three
functions needed are a stable C API and the Python wrappers around it bring a dozen packages each.
"""

from __future__ import annotations

import ctypes
import functools
import re
import threading
from typing import TYPE_CHECKING, Any

from sayso.errors import EngineFailed, NotInstalled, UnsupportedLanguage
from sayso.installation import install_hint
from sayso.tts.phonemes.ipa import TIE, share_out

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# From espeak-ng's speak_lib.h.
_AUDIO_OUTPUT_SYNCHRONOUS = 2
_INITIALIZE_DONT_EXIT = 0x8000
_CHARS_UTF8 = 1
_PHONEMES_IPA = 0x02
_PHONEMES_TIE = 0x80
_PHONEME_MODE = _PHONEMES_IPA | _PHONEMES_TIE | (ord(TIE) << 8)

# espeak-ng marks a part that it pronounces by another language's rules, as in "(en)pˈɑːɹkɪŋ(fr)".
# Its letters are tied like any others.
_LANGUAGE_FLAG = re.compile(rf"\([a-z0-9-{TIE}]+\)")

_KANJI = re.compile(r"[\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")


class _VoiceProperties(ctypes.Structure):
    """``espeak_VOICE`` of speak_lib.h."""

    _fields_ = (
        ("name", ctypes.c_char_p),
        ("languages", ctypes.c_void_p),
        ("identifier", ctypes.c_char_p),
        ("gender", ctypes.c_ubyte),
        ("age", ctypes.c_ubyte),
        ("variant", ctypes.c_ubyte),
        ("xx1", ctypes.c_ubyte),
        ("score", ctypes.c_int),
        ("spare", ctypes.c_void_p),
    )


class EspeakG2P:
    """The `G2P` that espeak-ng provides.

    The library keeps its state in process-wide variables, so there is one instance (`espeak`), whose lock every
    call holds; calls are far shorter than a synthesis step.
    """

    def __init__(self, library: Any, version: str) -> None:
        self.fingerprint = f"espeak-ng {version}"
        self._library = library
        self._lock = threading.Lock()
        self._language: str | None = None

    def pronounce(self, words: Sequence[str], language: str) -> list[str]:
        """See `G2P.pronounce`; Japanese is read in kana only, for espeak-ng says "Chinese letter" for each kanji."""
        if _primary(language.lower()) == "ja" and (kanji := _KANJI.search("".join(words))):
            raise UnsupportedLanguage(
                f"espeak-ng has no Japanese reading of {kanji[0]!r}: it reads kana only",
                hint="Write the text in kana, give the word a respelling in kana in the lexicon, or use a cloud voice.",
            )
        with self._lock:
            self._select(language)
            phrase = self._phonemes(" ".join(words)).split()
            alone = [self._phonemes(word).split() for word in words]
        # espeak-ng runs some words together ("of the" is "ʌvðə") and takes others apart ("mp3"). Where it does
        # neither, its pieces are the words; else we find where each word lies in the phrase.
        if len(phrase) == len(words) and all(len(pieces) == 1 for pieces in alone):
            return phrase
        return share_out("".join(phrase), ["".join(pieces) for pieces in alone])

    def _select(self, language: str) -> None:
        if language == self._language:
            return
        self._language = None
        name = ctypes.create_string_buffer(language.lower().encode())
        wanted = _VoiceProperties(languages=ctypes.addressof(name))
        failed = self._library.espeak_SetVoiceByProperties(ctypes.byref(wanted)) != 0
        # The call takes the nearest voice there is, which may be one of another language.
        found = () if failed else _tags(self._library.espeak_GetCurrentVoice().contents.languages)
        if _primary(language.lower()) not in map(_primary, found):
            raise UnsupportedLanguage(f"espeak-ng does not speak {language!r}")
        self._language = language

    def _phonemes(self, text: str) -> str:
        # A NUL would end the text for C.
        buffer = ctypes.create_string_buffer(text.replace("\0", "").encode("utf-8", "replace"))
        position = ctypes.c_void_p(ctypes.addressof(buffer))
        clauses = []
        while position.value:  # the library sets it to null at the end of the text
            clause = self._library.espeak_TextToPhonemes(ctypes.byref(position), _CHARS_UTF8, _PHONEME_MODE)
            clauses.append((clause or b"").decode("utf-8", "replace"))
        return _LANGUAGE_FLAG.sub("", " ".join(clauses))


def _tags(address: int) -> Iterator[str]:
    """The languages of a voice: each is a priority byte and a string, and a priority of zero ends them."""
    while ctypes.string_at(address, 1) != b"\0":
        tag = ctypes.string_at(address + 1)
        yield tag.decode()
        address += len(tag) + 2


def _primary(tag: str) -> str:
    """The language of a tag without its region: "en" of "en-gb"."""
    return tag.partition("-")[0]


@functools.cache
def espeak() -> EspeakG2P:
    """The process's one espeak-ng.

    Raises:
        NotInstalled: the extra is not installed.
        EngineFailed: the library does not start.
    """
    try:
        import espeakng_loader
    except ImportError as error:
        raise NotInstalled("Phonemes need espeak-ng, which is not installed", hint=install_hint("espeak")) from error
    try:
        library: Any = ctypes.CDLL(espeakng_loader.get_library_path())
    except OSError as error:
        raise EngineFailed(f"espeak-ng's library does not load: {error}") from error
    library.espeak_TextToPhonemes.restype = ctypes.c_char_p
    library.espeak_TextToPhonemes.argtypes = [ctypes.POINTER(ctypes.c_void_p), ctypes.c_int, ctypes.c_int]
    library.espeak_GetCurrentVoice.restype = ctypes.POINTER(_VoiceProperties)
    library.espeak_Info.restype = ctypes.c_char_p
    data = espeakng_loader.get_data_path().encode()
    if library.espeak_Initialize(_AUDIO_OUTPUT_SYNCHRONOUS, 0, data, _INITIALIZE_DONT_EXIT) < 0:
        raise EngineFailed(f"espeak-ng does not start with its data in {data.decode()}")
    return EspeakG2P(library, library.espeak_Info(None).decode())
