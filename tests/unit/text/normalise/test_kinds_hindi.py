"""Hindi: each kind of written text with its cases."""

from __future__ import annotations

import pytest

from sayso.text.normalise import normalise
from sayso.types import Span

KINDS: dict[str, dict[str, str]] = {
    "numbers": {
        "२१": "इक्कीस",
        "21": "इक्कीस",
        "1,23,456": "एक लाख तेईस हज़ार चार सौ छप्पन",
        "१०००००००": "एक करोड़",
        "०५": "शून्य पाँच",
        "2.50": "दो दशमलव पाँच शून्य",
        "-5": "माइनस पाँच",
        ".5": "शून्य दशमलव पाँच",
        "-.05": "माइनस शून्य दशमलव शून्य पाँच",
        ".25%": "शून्य दशमलव दो पाँच प्रतिशत",
        "5-10": "पाँच से दस",
    },
    "money": {
        "₹500": "पाँच सौ रुपए",
        "₹९९९.५०": "नौ सौ निन्यानबे रुपए पचास पैसे",
        "$5 लाख": "पाँच लाख डॉलर",
        "₹0.50": "पचास पैसे",
    },
    "percent and units": {
        "25%": "पच्चीस प्रतिशत",
        "5 km": "पाँच किलोमीटर",
        "20 km²": "बीस वर्ग किलोमीटर",
        "1.5 yr": "डेढ़ साल",
    },
    "dates": {
        "15/08/1947": "पंद्रह अगस्त उन्नीस सौ सैंतालीस",
        "2024-01-26": "छब्बीस जनवरी दो हज़ार चौबीस",
        "१९९० में": "उन्नीस सौ नब्बे में",
        "1990 रुपए": "एक हज़ार नौ सौ नब्बे रुपए",
    },
    "times": {"8:00": "आठ बजे", "10:00 बजे": "दस बजे", "7:21": "सात बजकर इक्कीस मिनट"},
    "ordinals": {"१ली": "पहली", "20वां": "बीसवां", "2nd": "सेकंड"},
    "fractions": {"२/७": "दो बटा सात", "½": "आधा", "¾": "तीन बटा चार", "१ १/२": "एक और एक बटा दो"},
    "telephones": {"022-29411128": "शून्य दो दो दो नौ चार एक एक एक दो आठ"},
    "abbreviations": {"डॉ. अमित": "डॉक्टर अमित"},
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_is_said_as_a_reader_would(kind: str) -> None:
    """All cases of a kind, so that a failure shows every one that is wrong."""
    said = {
        text: " ".join(token.spoken for token in normalise(text, Span(start=0, end=len(text)), language="hi"))
        for text in KINDS[kind]
    }
    assert said == KINDS[kind]
