"""French: the kinds of text that were once spoken falsely, each with its cases."""

from __future__ import annotations

import pytest

from sayso.text.normalise import normalise
from sayso.text.normalise.grammar import listed
from sayso.text.normalise.languages.french.feminine import is_feminine
from sayso.types import Span

KINDS: dict[str, dict[str, str]] = {
    "an apostrophe makes a letter a word's": {
        "En 2020 l'équipe": "En deux mille vingt l'équipe",
        "les articles 3 et 4 s'appliquent": "les articles trois et quatre s'appliquent",
        "En 2015 L. Durand": "En deux mille quinze L Durand",
        "5 l d'eau": "cinq litres d'eau",
    },
    "initials are letters": {
        "V. Hugo": "V Hugo",
        "C. S. Lewis": "C S Lewis",
        "D. H. Lawrence": "D H Lawrence",
        "M. Dupont": "Monsieur Dupont",
        "S. M. le roi": "Sa Majesté le roi",
        "II. Méthodes": "deux Méthodes",
    },
    "one is feminine before a feminine noun": {
        "1 page": "une page",
        "1 heure": "une heure",
        "1 livre": "un livre",
        "21 personnes": "vingt et une personnes",
        "31 jours": "trente et un jours",
        "41 questions": "quarante et une questions",
        "101 nuits": "cent une nuits",
        "1 minute": "une minute",
        "11 pages": "onze pages",
        "1,5 page": "un virgule cinq page",
        "la page 1 page": "la page une page",
    },
    "brackets of functions": {
        "f(x) vaut g(x, y)": "f de x vaut g de x y",
        "(a + b)²": "a plus b au carré",
    },
    "a comparison after a preposition": {
        "avec p < 0,05": "avec p inférieur à zéro virgule zéro cinq",
        "pour n ≥ 5": "pour n supérieur ou égal à cinq",
        "si p < 0,05": "si p est inférieur à zéro virgule zéro cinq",
    },
    "large scores": {
        "Paris bat Lyon 110-98": "Paris bat Lyon cent dix à quatre-vingt-dix-huit",
        "Paris bat Lyon 3-1": "Paris bat Lyon trois un",
    },
    "software": {
        "Python 3.11": "Python trois point onze",
        "la version 1.10": "la version un point dix",
        "la commande tar -x": "la commande tar tiret x",
        "Ctrl+C": "contrôle plus C",
    },
    "letters before a hyphen and a number": {
        "AB-1234": "A B mille deux cent trente-quatre",
        "COVID-19": "COVID dix-neuf",
    },
    "units after a power of ten": {
        "1,6e-19 C": "un virgule six fois dix puissance moins dix-neuf coulombs",
    },
    "fractions": {
        "1/7": "un septième",
        "2/7": "deux septièmes",
        "1/2 tasse": "une demi tasse",
        "1/2 verre": "un demi verre",
        "1/4 tasse": "un quart de tasse",
        "15/20": "quinze sur vingt",
        "9/10": "neuf sur dix",
        "1/10": "un dixième",
        "5/3": "cinq tiers",
        "1 1/2": "un et demi",
    },
    "times and measures": {
        "24h/24": "vingt-quatre heures sur vingt-quatre",
        "7j/7": "sept jours sur sept",
        "24 h/24 et 7 j/7": "vingt-quatre heures sur vingt-quatre et sept jours sur sept",
        "1m80": "un mètre quatre-vingts",
        "2 m 05": "deux mètres zéro cinq",
        "de 9h à 17h30": "de neuf heures à dix-sept heures trente",
        "9h-12h": "neuf heures à douze heures",
    },
    "superscripts": {
        "1ᵉʳ": "premier",
        "Mᵐᵉ Durand": "Madame Durand",
        "Mˡˡᵉ": "Mademoiselle",
        "Dʳ Petit": "Docteur Petit",
        "XIXᵉ siècle": "dix-neuvième siècle",
        "nᵒ 5": "numéro cinq",
        "2ᵉ": "deuxième",
    },
    "long numbers": {
        "1 000 000 000e": "un milliardième",
        "1 000 000": "un million",
        "1\u00a0000\u00a0000": "un million",
        "1\u202f000\u202f000 €": "un million d'euros",
        "1\u2009000\u2009000": "un million",
        "2 000e": "deux millième",
    },
    "money": {
        "5 k€": "cinq mille euros",
        "5 M€": "cinq millions d'euros",
        "3 Md€": "trois milliards d'euros",
        "10-20 €": "dix à vingt euros",
        "20 €/mois": "vingt euros par mois",
        "3 €/kg": "trois euros par kilogramme",
    },
    "units": {
        "120 hab./km²": "cent vingt habitants par kilomètre carré",
        "9,81 m/s²": "neuf virgule quatre-vingt-un mètres par seconde carrée",
        "10⁻³": "dix puissance moins trois",
        "x²": "x au carré",
        "1e-5": "un fois dix puissance moins cinq",
        "100 millions de km": "cent millions de kilomètres",
        "5 mg/j": "cinq milligrammes par jour",
        "12 KG": "douze kilogrammes",
        "130 km/h": "cent trente kilomètres heure",
    },
    "dates": {
        "le 17/06": "le dix-sept juin",
        "le 25 sept. à midi": "le vingt-cinq septembre à midi",
        "les 17/18/19 mars": "les dix-sept dix-huit dix-neuf mars",
        "les 17-18-19 juin 2025": "les dix-sept dix-huit dix-neuf juin deux mille vingt-cinq",
        "du 3 au 5 mai": "du trois au cinq mai",
        "2016/07/03": "trois juillet deux mille seize",
        "17.06": "dix-sept juin",
        "il vaut 17.06 en tout": "il vaut dix-sept virgule zéro six en tout",
        "les 80s": "les eighties",
        "les années 80": "les années quatre-vingts",
    },
    "ordinals": {
        "6°": "sixième",
        "il fait 6°": "il fait six degrés",
        "1° Le maire": "premièrement Le maire",
        "6° C": "six degrés Celsius",
    },
    "signs": {
        "p < 0,05": "p est inférieur à zéro virgule zéro cinq",
        "âge ≥ 18 ans": "âge au moins dix-huit ans",
        "10 ± 2": "dix plus ou moins deux",
        "1-2=5": "un moins deux égale cinq",
        "St-Denis": "Saint-Denis",
        "§§ 4-6": "paragraphes quatre à six",
        "#gagné": "hashtag gagné",
    },
}
CASES = [(kind, written, spoken) for kind, cases in KINDS.items() for written, spoken in cases.items()]


def said(text: str, language: str = "fr-fr") -> str:
    return " ".join(token.spoken for token in normalise(text, Span(start=0, end=len(text)), language=language))


@pytest.mark.parametrize(("kind", "written", "spoken"), CASES, ids=[f"{kind}: {text}" for kind, text, _ in CASES])
def test_french_kinds_are_spoken_rightly(kind: str, written: str, spoken: str) -> None:
    """Each kind is a rule, and each case is one of its forms."""
    assert said(written) == spoken, kind


@pytest.mark.parametrize(
    "noun",
    sorted(listed("page heure question personne tasse nuit fois liberté chance voiture semaine année fille baguette")),
)
def test_feminine_nouns_are_known(noun: str) -> None:
    """By a list, or by their ending; in the plural, too."""
    assert is_feminine(noun)
    assert is_feminine(noun if noun.endswith("s") else f"{noun}s")


@pytest.mark.parametrize(
    "noun",
    sorted(listed("livre musée lycée homme jour mois groupe problème espion million camion côté comité été voyage an")),
)
def test_masculine_nouns_are_not_taken_for_feminine(noun: str) -> None:
    """Nor are other words after a number."""
    assert not is_feminine(noun)
