"""English, example by example: what is written, and what is said for it."""

from __future__ import annotations

import pytest

from sayso.text.normalise import normalise
from sayso.types import Span


def said(text: str, language: str = "en-us") -> str:
    return " ".join(token.spoken for token in normalise(text, Span(start=0, end=len(text)), language=language))


def shares(text: str, language: str = "en-us") -> list[tuple[str, str]]:
    tokens = normalise(text, Span(start=0, end=len(text)), language=language)
    return [(token.spoken, token.span.of(text)) for token in tokens]


NUMBERS = {
    "0": "zero",
    "42": "forty-two",
    "007": "zero zero seven",
    "1,234": "one thousand two hundred thirty-four",
    "1,000,000": "one million",
    "3.14": "three point one four",
    "1234567890123456": "one two three four five six seven eight nine zero one two three four five six",
    "-5": "minus five",
    "−5 degrees": "minus five degrees",
    "1st": "first",
    "22nd": "twenty-second",
    "the 21st century": "the twenty-first century",
    "½": "one half",
    "1½ cups": "one and a half cups",
    "1 1/2 cups": "one and a half cups",
    "3/4": "three quarters",
    "3/4 mi": "three quarters of a mile",
    "10–12": "ten to twelve",
    "10-12": "ten to twelve",
    "3×4": "three times four",
    "3 × 4": "three times four",
    "x2": "times two",
    "2x": "two times",
    "#1": "number one",
    "2 + 2 = 4": "two plus two equals four",
    "24/7": "twenty-four seven",
    "1.2.3": "one point two point three",
    "10K": "ten thousand",
    "Chapter IV": "Chapter four",
    "World War II": "World War two",
    "Henry VIII": "Henry the eighth",
    "Louis XIV was king": "Louis the fourteenth was king",
    "King Charles I of England": "King Charles the first of England",
    "Mary and I": "Mary and I",
    "Rocky II": "Rocky two",
    "CIVIL": "CIVIL",
}
MONEY = {
    "£3.50": "three pounds fifty",
    "£1": "one pound",
    "£0.50": "fifty pence",
    "$3.05": "three dollars five cents",
    "$1": "one dollar",
    "$1.00": "one dollar",
    "$100": "one hundred dollars",
    "-$5": "minus five dollars",
    "$3 million": "three million dollars",
    "£2m": "two million pounds",
    "$1.5bn": "one point five billion dollars",
    "$5k": "five thousand dollars",
    "US$20": "twenty dollars",
    "20 USD": "twenty US dollars",
    "¥500": "five hundred yen",
    "€20": "twenty euros",
    "$5-$10": "five dollars to ten dollars",
    "3 €/kg": "three euros per kilogram",
}
DATES = {
    "in 1984": "in nineteen eighty-four",
    "2007": "two thousand seven",
    "1905": "nineteen oh five",
    "the 1990s": "the nineteen nineties",
    "the ’90s": "the nineties",
    "the 80s": "the eighties",
    "1939–1945": "nineteen thirty-nine to nineteen forty-five",
    "12/25/2024": "December twenty-fifth twenty twenty-four",
    "2024-12-25": "December twenty-fifth twenty twenty-four",
    "March 3rd, 2024": "March third twenty twenty-four",
    "May 3, 2024": "May third twenty twenty-four",
    "3 May 2024": "the third of May twenty twenty-four",
    "the 3rd of May": "the third of May",
    "Jan. 5": "January fifth",
    "5 Jan 2024": "the fifth of January twenty twenty-four",
    "10:30": "ten thirty",
    "10:30 p.m.": "ten thirty P M",
    "10:00": "ten o'clock",
    "10:05": "ten oh five",
    "22:00": "twenty-two hundred",
    "5pm": "five P M",
    "at 5 a.m. sharp": "at five A M sharp",
}
UNITS = {
    "10 km": "ten kilometers",
    "1 km": "one kilometer",
    "1.5 kg": "one point five kilograms",
    "5 lbs": "five pounds",
    "8 oz": "eight ounces",
    "250ml": "two hundred fifty milliliters",
    "90 km/h": "ninety kilometers per hour",
    "60 mph": "sixty miles per hour",
    "20°C": "twenty degrees Celsius",
    "451 °F": "four hundred fifty-one degrees Fahrenheit",
    "16 GB": "sixteen gigabytes",
    "3 kWh": "three kilowatt hours",
    "50 Hz": "fifty hertz",
    "5%": "five percent",
    "12.5 %": "twelve point five percent",
    "40 m²": "forty square meters",
}
ADDRESSES = {
    "https://example.com/a-b?x=1": "example dot com slash a dash b question mark x equals one",
    "www.example.com": "W W W dot example dot com",
    "see example.org.": "see example dot org",
    "jane.doe@example.com": "jane dot doe at example dot com",
    "(555) 123-4567": "five five five one two three four five six seven",
    "555-1234": "five five five one two three four",
    "+1 555 123 4567": "plus one five five five one two three four five six seven",
    "020 7946 0958": "zero two zero seven nine four six zero nine five eight",
}
WORDS = {
    "Mr. and Mrs. Smith": "Mister and Missus Smith",
    "Dr. Jones": "Doctor Jones",
    "St. Paul": "Saint Paul",
    "on Main St.": "on Main Street",
    "No. 5": "number five",
    "No. He said no.": "No He said no",
    "e.g. this, i.e. that": "for example this that is that",
    "cats vs. dogs, etc.": "cats versus dogs et cetera",
    "pp. 10–12": "pages ten to twelve",
    "approx. 5": "approximately five",
    "the BBC": "the B B C",
    "the FBI, CIA and NSA": "the F B I C I A and N S A",
    "the U.S.A.": "the U S A",
    "NASA and NATO": "NASA and NATO",
    "STOP RIGHT THERE": "STOP RIGHT THERE",
    "DO IT NOW": "DO IT NOW",
    "I said NO": "I said NO",
    "the DVDs": "the D V D's",
    "the BBC’s": "the B B C's",
    "R&D": "R and D",
    "mp3": "M P three",
    "H2O": "H two O",
    "COVID-19": "COVID nineteen",
    "word(s)": "words",
    "don’t": "don't",
    "well-known": "well-known",
    "“Hello,” she said": "Hello she said",
    "either and/or both": "either and or both",
    "ﬁne": "fine",
    "++++ ==== 5": "five",
    "$20/month": "twenty dollars per month",
    "5 in.": "five inches",
    "v2.0": "version two point zero",
    "IV. Results": "four Results",
}
EXAMPLES = NUMBERS | MONEY | DATES | UNITS | ADDRESSES | WORDS


@pytest.mark.parametrize(("written", "spoken"), EXAMPLES.items())
def test_english_is_read_as_an_american_would(written: str, spoken: str) -> None:
    """Whatever is written in figures, signs and short forms is said in words."""
    assert said(written) == spoken


@pytest.mark.parametrize(
    ("written", "spoken"),
    {
        "25/12/2024": "the twenty-fifth of December twenty twenty-four",
        "12/25/2024": "the twenty-fifth of December twenty twenty-four",
        "101": "one hundred and one",
        "May 3": "May the third",
        "2007": "two thousand and seven",
    }.items(),
)
def test_english_is_read_as_the_british_would(written: str, spoken: str) -> None:
    """The region decides the order of a date and the "and" of a number."""
    assert said(written, "en-gb") == spoken


@pytest.mark.parametrize(
    ("written", "spans"),
    [
        ("£3.50", [("three", "£3.50"), ("pounds", "£3.50"), ("fifty", "£3.50")]),
        ("$3 million", [("three", "$3"), ("million", "million"), ("dollars", "million")]),
        ("10 km", [("ten", "10"), ("kilometers", "km")]),
        ("5 p.m.", [("five", "5"), ("P", "p.m."), ("M", "p.m.")]),
        ("3 May", [("the", "3"), ("third", "3"), ("of", "3"), ("May", "May")]),
        ("BBC", [("B", "BBC"), ("B", "BBC"), ("C", "BBC")]),
        ("10–12", [("ten", "10"), ("to", "–"), ("twelve", "12")]),
    ],
)
def test_each_spoken_word_maps_to_the_narrowest_written_one(written: str, spans: list[tuple[str, str]]) -> None:
    """Highlighting follows the voice from written word to written word, never backwards."""
    assert shares(written) == spans
