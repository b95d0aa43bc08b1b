"""Words of Chinese, from jieba's dictionary (the extra ``zh``)."""

from __future__ import annotations

import functools
import logging
import threading
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from sayso.installation import language_not_installed

if TYPE_CHECKING:
    from collections.abc import Sequence


_PARTICLES = frozenset("的地得了着过只很就都也还在是不和与把被")


class ChineseDictionary:
    """jieba's words of Chinese; threads share it. It takes 90 MB of memory, and most of a second to load."""

    def __init__(self, package: Any) -> None:
        self.fingerprint = f"jieba {version('jieba-py')}"
        self._lock = threading.Lock()
        package.setLogLevel(logging.WARNING)
        self._tokenizer = package.Tokenizer()
        # Its `initialize` would keep what it made in a file of the system's temporary directory, and trust one there.
        self._tokenizer.FREQ, self._tokenizer.total = self._tokenizer.gen_pfdict(self._tokenizer.get_dict_file())
        self._tokenizer.initialized = True

    def words(self, text: str) -> list[str]:
        """The words of a text without white space; joined, they are the text."""
        with self._lock:
            found = list(self._tokenizer.cut(text))
        return [part for word in found for part in self._checked(word)]

    def _checked(self, word: str) -> Sequence[str]:
        """The word, or its characters where it is a guess with a character that is hardly ever part of a name."""
        if self._tokenizer.FREQ.get(word) or _PARTICLES.isdisjoint(word):
            return (word,)
        return tuple(word)


@functools.cache
def chinese_dictionary() -> ChineseDictionary:
    """The process's one dictionary.

    Raises:
        LanguageNotInstalled: the extra is not installed.
    """
    try:
        import jieba
    except ImportError as error:
        raise language_not_installed("Chinese", extra="zh") from error
    return ChineseDictionary(jieba)
