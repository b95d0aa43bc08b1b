"""Spanish, Italian and Portuguese: each kind of written text with its cases."""

from __future__ import annotations

import pytest

from sayso.text.normalise import normalise
from sayso.types import Span

KINDS: dict[str, dict[str, dict[str, str]]] = {
    "es": {
        "short forms before Roman numerals": {
            "Véase el cap. IV": "Véase el capítulo cuatro",
            "Cap. XII": "capítulo doce",
            "el art. V": "el artículo cinco",
            "vol. II": "volumen dos",
        },
        "ordinals with the sign of degrees": {"el 2° piso": "el segundo piso", "a 20°": "a veinte grados"},
        "versions": {"v2.0": "versión dos punto cero", "la versión v1.2": "la versión uno punto dos"},
        "negative money": {"-$5": "menos cinco dólares", "-5 €": "menos cinco euros", "-US$ 5": "menos cinco dólares"},
        "numbers": {
            "1.234.567 habitantes": "un millón doscientos treinta y cuatro mil quinientos sesenta y siete habitantes",
            "1 000 personas": "mil personas",
            "3,5": "tres coma cinco",
            ".5": "cero coma cinco",
            "31.000.000": "treinta y un millones",
            "2.000.000.000": "dos mil millones",
            "007": "cero cero siete",
        },
        "a number agrees with what it counts": {
            "21 años": "veintiún años",
            "1 casa": "una casa",
            "200 personas": "doscientas personas",
            "1 día": "un día",
            "1 km": "un kilómetro",
            "página 1": "página uno",
            "de 1 a 5": "de uno a cinco",
        },
        "ordinals": {"1.ª": "primera", "3er piso": "tercer piso", "18.º": "decimoctavo", "31.º": "trigésimo primero"},
        "money": {
            "5 €": "cinco euros",
            "$5": "cinco dólares",
            "12,50 €": "doce euros y cincuenta céntimos",
            "1 £": "una libra",
            "2,5 millones de euros": "dos coma cinco millones de euros",
            "€2 millones": "dos millones de euros",
        },
        "percent": {"5 %": "cinco por ciento", "-8,5%": "menos ocho coma cinco por ciento"},
        "dates": {
            "12/05/2024": "doce de mayo de dos mil veinticuatro",
            "5 febrero 1990": "cinco de febrero de mil novecientos noventa",
            "1 de enero": "primero de enero",
        },
        "times": {
            "a las 10:30": "a las diez y media",
            "a las 15.20": "a las quince y veinte",
            "5 p.m.": "cinco de la tarde",
            "1:00": "una",
        },
        "Roman numerals": {"siglo XX": "siglo veinte", "Felipe II": "Felipe segundo", "Alfonso XIII": "Alfonso trece"},
        "units": {"90 km/h": "noventa kilómetros por hora", "5 m²": "cinco metros cuadrados"},
        "fractions": {
            "1/2": "un medio",
            "3/4": "tres cuartos",
            "1/30": "un treintavo",
            "24/7": "veinticuatro siete",
            "50/50": "cincuenta cincuenta",
        },
        "abbreviations": {"El Sr. García": "El señor García", "EE. UU.": "Estados Unidos", "n.º 5": "número cinco"},
    },
    "it": {
        "ordinals with the sign of degrees": {
            "il 1° maggio": "il primo maggio",
            "al 2° piano": "al secondo piano",
            "È 1° in classifica": "È primo in classifica",
            "a 20°": "a venti gradi",
            "sono 5 °C": "sono cinque gradi Celsius",
        },
        "short forms before Roman numerals": {"Cap. IV": "capitolo quattro", "nel vol. II": "nel volume due"},
        "versions": {"v2.0": "versione due punto zero"},
        "a clock that shows a leading zero": {"03:38": "tre e trentotto minuti", "alle 3:38": "alle tre e trentotto"},
        "numbers": {
            "1.000": "mille",
            "1.234.567": "un milione duecento trentaquattromila cinquecento sessantasette",
            "3,5": "tre virgola cinque",
            "21": "ventuno",
            "53": "cinquantatré",
        },
        "an article before a number": {"l'8 marzo": "l'otto marzo", "dell'1%": "dell'un percento"},
        "ordinals": {"1º posto": "primo posto", "2ª edizione": "seconda edizione", "il 1° maggio": "il primo maggio"},
        "money": {
            "5 €": "cinque euro",
            "3,20 €": "tre euro e venti centesimi",
            "€ 1,2 mld": "uno virgola due miliardi di euro",
        },
        "dates": {"12/05/2024": "dodici maggio duemila ventiquattro", "1 gennaio": "primo gennaio"},
        "times": {"10:30": "dieci e mezza", "alle 15.30": "alle quindici e mezza"},
        "Roman numerals": {"XX secolo": "ventesimo secolo", "sec. XV": "secolo quindicesimo", "Pio IX": "Pio nono"},
        "units": {"30°": "trenta gradi", "100 km/h": "cento chilometri orari", "1 m": "un metro"},
        "abbreviations": {"Sig. Rossi": "signor Rossi", "ecc.": "eccetera", "pag. 12": "pagina dodici"},
    },
    "pt": {
        "negative money": {"-R$ 5": "menos cinco reais", "-R$5,50": "menos cinco reais e cinquenta centavos"},
        "versions": {"v2.0": "versão dois ponto zero"},
        "ordinals with the sign of degrees": {"o 3° lugar": "o terceiro lugar", "a 3°": "a três graus"},
        "short forms before Roman numerals": {"o cap. IV": "o capítulo quatro"},
        "numbers": {
            "1.234": "mil duzentos e trinta e quatro",
            "1 100": "mil e cem",
            "3,14": "três vírgula um quatro",
            "1000000000": "um bilhão",
            "16": "dezesseis",
        },
        "a number agrees with what it counts": {
            "2 casas": "duas casas",
            "1 mesa": "uma mesa",
            "200 pessoas": "duzentas pessoas",
        },
        "ordinals": {"2º": "segundo", "22ª": "vigésima segunda"},
        "money": {
            "R$ 12,50": "doze reais e cinquenta centavos",
            "R$ 1": "um real",
            "R$ 2,5 milhões": "dois vírgula cinco milhões de reais",
        },
        "percent": {"5 %": "cinco por cento"},
        "dates": {"12/05/2024": "doze de maio de dois mil e vinte e quatro", "1 de maio": "primeiro de maio"},
        "times": {
            "15h30": "quinze horas e trinta",
            "às 10:00": "às dez horas",
            "às 14.30": "às catorze horas e trinta",
        },
        "Roman numerals": {"século XX": "século vinte", "Pedro II": "Pedro segundo"},
        "abbreviations": {"O Sr. Silva": "O senhor Silva", "n.º 5": "número cinco"},
    },
    "pt-pt": {"numbers": {"16": "dezasseis", "1000000000": "mil milhões"}, "units": {"2 km": "dois quilómetros"}},
}


def said(text: str, language: str) -> str:
    """What is spoken."""
    return " ".join(token.spoken for token in normalise(text, Span(start=0, end=len(text)), language=language))


@pytest.mark.parametrize(
    ("language", "kind"), [(language, kind) for language, kinds in KINDS.items() for kind in kinds]
)
def test_a_kind_is_said_as_a_reader_would(language: str, kind: str) -> None:
    """All cases of a kind, so that a failure shows every one that is wrong."""
    cases = KINDS[language][kind]
    assert {text: said(text, language) for text in cases} == cases
