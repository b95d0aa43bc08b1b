"""Which voice speaks a language, for each engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sayso.errors import InvalidInput, ModelArriving, UnknownVoice
from sayso.scheduling import UNBOUNDED
from sayso.tts.engines.openai import VOICES as OPENAI_VOICES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sayso.tts.selection import SpeechSource

_DEFAULTS: Mapping[str, Sequence[str]] = {"en": ("alloy", "af_heart"), "fr": ("verse", "ff_siwis")}
_DEFAULT_OPENAI_VOICE = "alloy"
_LANGUAGES: Mapping[str, str] = {"cmn": "zh"}
"""Languages that have two codes."""


class VoiceChoice:
    """The voices of each language, as the settings name them.

    Args:
        voices: by language, such as ``en`` or ``pt-br``: names in order, separated by commas; each engine takes the
            first that it has.
    """

    def __init__(self, voices: Mapping[str, str]) -> None:
        given = {language: _names(names) for language, names in voices.items()}
        self._voices: Mapping[str, Sequence[str]] = {
            **_DEFAULTS,
            **{each: given[each] for each in given if given[each]},
        }

    def of_openai(self, language: str) -> str:
        """OpenAI's voice for a language: every one speaks them all."""
        return self.of_provider(language, OPENAI_VOICES, {})

    def of_provider(self, language: str, voices: Sequence[str], aliases: Mapping[str, str]) -> str:
        """A provider's own name for its voice of a language.

        Args:
            language: of the text.
            voices: the provider's; every one speaks every language.
            aliases: the provider's voices by other names.
        """
        names = [*self._named(language), *_DEFAULTS.get(_base(language), ()), _DEFAULT_OPENAI_VOICE]
        own_names = (aliases.get(name, name) for name in names)
        return next((name for name in own_names if name in voices), voices[0])

    def of_source(self, source: SpeechSource, language: str) -> str | None:
        """A local engine's own name for its voice of a language; None if it does not speak the language. Blocks.

        Of the names that are set, the engine's own come before those that it shares with OpenAI. If none of them is a
        voice of this engine for the language, it is the default voice, or else the engine's first for the language.

        Raises:
            NotInstalled: a part that the engine needs is not installed.
        """
        speaking = [voice for voice in source.voices() if _base(voice.language) == _base(language)]
        if not speaking:
            return None
        named = sorted(self._named(language), key=lambda name: name in OPENAI_VOICES)
        for name in (*named, *_DEFAULTS.get(_base(language), ())):
            own_name = _own_name(source, name)
            if own_name is not None and _base(source.open(UNBOUNDED).language_of(own_name)) == _base(language):
                return own_name
        exact = [voice for voice in speaking if voice.language.lower() == language]
        return (exact or speaking)[0].name

    def check(self, sources: Iterable[SpeechSource]) -> None:
        """Refuse the name of a voice that no engine has, if there is any local engine whose model is there. Blocks.

        Raises:
            UnknownVoice: the message names the setting.
        """
        sources = [source for source in sources if source.voices()]
        if not sources:
            return
        for language, names in self._voices.items():
            for name in names:
                if name not in OPENAI_VOICES and not any(_may_have(source, name) for source in sources):
                    setting = f"SAYSO_VOICE_{language.upper().replace('-', '_')}"
                    raise UnknownVoice(f"{setting} names {name!r}, which no engine has.", hint="Run: sayso voices")

    def _named(self, language: str) -> Sequence[str]:
        """The names for a language, or else for the language without its region."""
        return self._voices.get(language) or self._voices.get(_base(language)) or ()


def _own_name(source: SpeechSource, name: str) -> str | None:
    try:
        return source.voice(name)
    except InvalidInput:
        return None


def _may_have(source: SpeechSource, name: str) -> bool:
    """Whether an engine has a voice, or will have it once its model has been pulled."""
    try:
        return _own_name(source, name) is not None
    except ModelArriving:
        return True


def _base(language: str) -> str:
    base = language.lower().partition("-")[0]
    return _LANGUAGES.get(base, base)


def _names(names: str) -> Sequence[str]:
    return tuple(name.strip() for name in names.split(",") if name.strip())
