"""French, example by example: what is written, and what is said for it."""

from __future__ import annotations

import pytest

from sayso.text.normalise import normalise
from sayso.types import Span


def said(text: str, language: str = "fr-fr") -> str:
    return " ".join(token.spoken for token in normalise(text, Span(start=0, end=len(text)), language=language))


EXAMPLES = {
    "21": "vingt et un",
    "80": "quatre-vingts",
    "1 234 567,89": ("un million deux cent trente-quatre mille cinq cent soixante-sept virgule quatre-vingt-neuf"),
    "1.234.567": "un million deux cent trente-quatre mille cinq cent soixante-sept",
    "1\u202f234": "mille deux cent trente-quatre",
    "12\u00a0000 pages": "douze mille pages",
    "3,14": "trois virgule quatorze",
    "3,05": "trois virgule zéro cinq",
    "-5": "moins cinq",
    "1er": "premier",
    "1re": "première",
    "2e": "deuxième",
    "2nde": "seconde",
    "21e": "vingt et unième",
    "80e": "quatre-vingtième",
    "200e": "deux centième",
    "les 1ers": "les premiers",
    "XIXe siècle": "dix-neuvième siècle",
    "Ve République": "cinquième République",
    "Louis XIV": "Louis quatorze",
    "François Ier": "François premier",
    "chapitre II": "chapitre deux",
    "Le Ciel": "Le Ciel",
    "½": "un demi",
    "1½ h": "une heure et demie",
    "3/4": "trois quarts",
    "10–12": "dix à douze",
    "24/24": "vingt-quatre sur vingt-quatre",
    "3 × 4": "trois fois quatre",
    "3,50 €": "trois euros cinquante",
    "3,05 €": "trois euros cinq centimes",
    "20€": "vingt euros",
    "1 €": "un euro",
    "0,50 €": "cinquante centimes",
    "2,5 M€": "deux virgule cinq millions d'euros",
    "3 millions $": "trois millions de dollars",
    "1 000 000 €": "un million d'euros",
    "21 £": "vingt et une livres",
    "en 1984": "en mille neuf cent quatre-vingt-quatre",
    "3 mars 2024": "trois mars deux mille vingt-quatre",
    "1er mai": "premier mai",
    "1 mai": "premier mai",
    "25/12/2024": "vingt-cinq décembre deux mille vingt-quatre",
    "2024-12-25": "vingt-cinq décembre deux mille vingt-quatre",
    "17h30": "dix-sept heures trente",
    "17 h 30": "dix-sept heures trente",
    "17h00": "dix-sept heures",
    "9 h": "neuf heures",
    "1h": "une heure",
    "21 h": "vingt et une heures",
    "10:30": "dix heures trente",
    "10 km": "dix kilomètres",
    "1,5 l": "un virgule cinq litre",
    "21 t": "vingt et une tonnes",
    "90 km/h": "quatre-vingt-dix kilomètres heure",
    "20 °C": "vingt degrés Celsius",
    "5 %": "cinq pour cent",
    "d'1 kg": "d'un kilogramme",
    "06 12 34 56 78": "zéro six douze trente-quatre cinquante-six soixante-dix-huit",
    "0612345678": "zéro six douze trente-quatre cinquante-six soixante-dix-huit",
    "+33 6 12 34 56 78": "plus trente-trois six douze trente-quatre cinquante-six soixante-dix-huit",
    "moi@exemple.fr": "moi arobase exemple point F R",
    "https://exemple.fr/a-b": "exemple point F R slash a tiret b",
    "M. Dupont et Mme Durand": "Monsieur Dupont et Madame Durand",
    "M. et Mme de Gaulle": "Monsieur et Madame de Gaulle",
    "12 €/mois": "douze euros par mois",
    "Dr Petit": "Docteur Petit",
    "Me Dupond": "Maître Dupond",
    "St Pierre et Ste Anne": "Saint Pierre et Sainte Anne",
    "av. Foch": "avenue Foch",
    "p. ex. ceci, c.-à-d. cela": "par exemple ceci c'est-à-dire cela",
    "n° 5": "numéro cinq",
    "la SNCF": "la S N C F",
    "l'URSS": "l'U R S S",
    "l’ONU": "l'ONU",
    "aujourd’hui": "aujourd'hui",
    "« Bonjour », dit-il": "Bonjour dit-il",
    "Tom & Jerry": "Tom et Jerry",
    "ami(e)s": "amies",
    "e\u0301te\u0301": "été",
}


@pytest.mark.parametrize(("written", "spoken"), EXAMPLES.items())
def test_french_is_read_as_in_france(written: str, spoken: str) -> None:
    """Whatever is written in figures, signs and short forms is said in words."""
    assert said(written) == spoken


def test_belgians_have_their_own_seventy() -> None:
    """The region decides how tens are said."""
    assert said("71", "fr-be") == "septante et un"


def test_quotes_set_apart_open_the_word_that_follows() -> None:
    """A French quote keeps its space and stays with the words it encloses."""
    text = "Il dit : « Oui ! »"
    tokens = normalise(text, Span(start=0, end=len(text)), language="fr-fr")
    assert [(token.lead, token.span.of(text), token.trail) for token in tokens] == [
        ("", "Il", ""),
        ("", "dit", " :"),
        ("« ", "Oui", " ! »"),
    ]
