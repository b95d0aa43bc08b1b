"""Which words belong to the next one, so that no line should end with them.

According to the line treatment of Netflix's Timed Text Style Guides: a break comes before a conjunction or a
preposition, and does not separate an article from its noun, a title from its name, or a subject or auxiliary from its
verb.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from sayso.subtitles.measure import columns

if TYPE_CHECKING:
    from collections.abc import Mapping

_ENGLISH_OPENERS = """
    and but or nor so yet because although though while when where who which that if unless until since than as
    about above across after against along among around at before behind below beneath beside between beyond by
    despite down during except for from in inside into like near of off on onto out outside over past through
    throughout to toward towards under up upon with within without
"""
_ENGLISH_BOUND = """
    a an the this these those my your his her its our their some any no every each another
    i you he she we they it
    am is are was were be been being have has had do does did will would shall should can could may might must not
    don't doesn't didn't won't wouldn't can't couldn't isn't aren't wasn't weren't haven't hasn't hadn't
    i'm you're he's she's it's we're they're i've you've we've they've i'll you'll he'll she'll we'll they'll
    i'd you'd he'd she'd we'd they'd
    very too more most less mr mrs ms dr st prof
"""
_FRENCH_OPENERS = """
    et ou mais donc or ni car que qu' qui dont où quand lorsque lorsqu' puisque puisqu' comme si parce tandis
    à au aux de du des d' dans en par pour sur sous sans avec chez vers entre contre depuis pendant avant après devant
    derrière jusque jusqu' jusqu'à jusqu'au jusqu'aux dès malgré selon
"""
_FRENCH_BOUND = """
    le la les l' un une ce cet cette ces mon ma mes ton ta tes son sa ses notre nos votre vos leur leurs
    quelque quelques chaque aucun aucune tout toute tous toutes plusieurs
    je j' tu il elle on nous vous ils elles me m' te t' se s' y ne n' lui
    suis es est sommes êtes sont étais était étaient ai as a avons avez ont avait avaient sera seront
    très trop plus moins si aussi m mme mlle dr st
"""

_DETERMINERS = """
en: a an the my your his her our their its this these those some any no every each another
fr: le la les l' un une du des au aux ce cet cette ces mon ma mes ton ta tes son sa ses notre nos votre vos leur leurs
    chaque quelque quelques plusieurs aucun aucune
es: el la los las un una unos unas al del mi mis tu tus su sus nuestro nuestra nuestros nuestras este esta estos estas
    ese esa esos esas aquel aquella aquellos aquellas cada
it: il lo la i gli le l' un uno una un' del dello della dei degli delle dell' al allo alla ai agli alle all' dal dallo
    dalla dai dagli dalle dall' nel nello nella nei negli nelle nell' sul sullo sulla sui sugli sulle sull' quest'
    questo questa questi queste quel quello quella quei quegli quelle ogni
pt: o a os as um uma uns umas do da dos das no na nos nas ao à aos às pelo pela pelos pelas num numa dum duma meu minha
    meus minhas teu tua teus tuas seu sua seus suas nosso nossa nossos nossas este esta estes estas esse essa esses
    essas aquele aquela aqueles aquelas cada
de: der die das den dem des ein eine einen einem einer eines kein keine keinen keinem keiner keines mein meine meinen
    meinem meiner meines dein deine deinen deinem deiner deines seine seinen seinem seiner seines ihre ihren ihrem ihrer
    ihres unser unsere unseren unserem unserer unseres eure euren eurem eurer eures dieser diese dieses diesen diesem
    jeder jede jedes jeden jedem im am zum zur beim vom ins ans
"""
"""Articles and the determiners that stand only before a noun, with the prepositions that hold an article."""


def _by_language(table: str) -> dict[str, frozenset[str]]:
    languages: dict[str, list[str]] = {}
    for word in table.split():
        if word.endswith(":"):
            words = languages.setdefault(word[:-1], [])
        else:
            words.append(word)
    return {language: frozenset(words) for language, words in languages.items()}


_DETERMINERS_OF: Mapping[str, frozenset[str]] = MappingProxyType(_by_language(_DETERMINERS))

_OPENERS: Mapping[str, frozenset[str]] = MappingProxyType(
    {"en": frozenset(_ENGLISH_OPENERS.split()), "fr": frozenset(_FRENCH_OPENERS.split())}
)
_BOUND: Mapping[str, frozenset[str]] = MappingProxyType(
    {"en": frozenset(_ENGLISH_BOUND.split()), "fr": frozenset(_FRENCH_BOUND.split())}
)

_SHORT_WORD = 3
"""In a language without a table, a word of so few letters counts as an article or a preposition.

Not in scripts of wide characters, whose words are as short whatever they are.
"""


class Grammar:
    """The good places for line breaks in one language.

    Attributes:
        language: the first part of the tag.
        is_japanese: whether breaks between wide characters follow the Japanese scripts.

    Args:
        language: a BCP 47 tag; only its first part counts.
    """

    def __init__(self, language: str) -> None:
        primary = language.split("-", maxsplit=1)[0].lower()
        self.language = primary
        self.is_japanese = primary == "ja"
        self._known = primary in _OPENERS
        self._determiners = _DETERMINERS_OF.get(primary, frozenset())
        self._openers = _OPENERS.get(primary, frozenset())
        self._leaning = self._openers | _BOUND.get(primary, frozenset())

    def leans_on_next(self, word: str) -> bool:
        """Whether ``word`` should stay on one line with the word that follows it."""
        if self._known:
            return _folded(word) in self._leaning
        return len(word) <= _SHORT_WORD and word.isalpha() and columns(word) == len(word)

    def needs_next(self, word: str) -> bool:
        """Whether ``word`` is an article or a determiner, which no cue ends with."""
        return _folded(word) in self._determiners

    def opens_phrase(self, word: str) -> bool:
        """Whether ``word`` begins a phrase, so that the place before it is good for a line break."""
        folded = _folded(word)
        elided, apostrophe, _ = folded.partition("'")
        return folded in self._openers or elided + apostrophe in self._openers


def _folded(word: str) -> str:
    return word.casefold().replace("’", "'")
