"""Which function makes the rules of which language."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from sayso.text.normalise.languages.east_asian.rules import chinese, japanese
from sayso.text.normalise.languages.english.rules import english
from sayso.text.normalise.languages.french.rules import french
from sayso.text.normalise.languages.generic import generic
from sayso.text.normalise.languages.hindi.rules import hindi
from sayso.text.normalise.languages.italian.rules import italian
from sayso.text.normalise.languages.portuguese.rules import portuguese
from sayso.text.normalise.languages.spanish.rules import spanish

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sayso.text.normalise.rules import RuleBook

LANGUAGES: Mapping[str, Callable[[str], RuleBook]] = {
    "cmn": chinese,
    "en": english,
    "es": spanish,
    "fr": french,
    "hi": hindi,
    "it": italian,
    "ja": japanese,
    "pt": portuguese,
    "zh": chinese,
}
"""By primary language subtag; any other language gets the rules of `generic`."""

_DEFAULT_REGIONS = {"en": "en-us", "pt": "pt-br"}


@lru_cache(maxsize=32)
def rules_of(language: str) -> RuleBook:
    """The rules of a language, a BCP 47 tag in lower case; "en" alone means "en-us", "pt" means "pt-br"."""
    primary, _, _ = language.partition("-")
    make = LANGUAGES.get(primary, generic)
    return make(_DEFAULT_REGIONS.get(language, language))
