"""Chinese and Japanese: each kind of written text with its cases."""

from __future__ import annotations

import pytest

from sayso.text.normalise import normalise
from sayso.types import Span

KINDS: dict[str, dict[str, dict[str, str]]] = {
    "zh": {
        "numbers": {
            "0": "零",
            "10": "十",
            "105": "一百零五",
            "110": "一百一十",
            "2000": "两千",
            "50010": "五万零一十",
            "1,234,567": "一百二十三万四千五百六十七",
            "3.14": "三点一四",
            ".5": "零点五",
            "-.5": "负零点五",
            "约.25%": "约百分之零点二五",
            "007": "零零七",
            "2个": "两个",
            "12个": "十二个",
            "第2个": "第二个",
            "½": "二分之一",
            "13800138000": "一三八零零一三八零零零",
        },
        "percent and fractions": {
            "25%": "百分之二十五",
            "-0.5%": "负百分之零点五",
            "1/3": "三分之一",
            "1又1/5": "一又五分之一",
        },
        "money": {"$5": "五美元", "¥12.50": "十二点五零元", "$1.5万": "一点五万美元", "500€": "五百欧元"},
        "dates": {
            "2024年5月12日": "二零二四年五月十二日",
            "2019/2/10": "二零一九年二月十日",
            "02月": "二月",
            "3年": "三年",
        },
        "times": {"10:30": "十点三十分", "8:00": "八点", "03:04:05": "三点四分五秒"},
        "units": {"25kg": "二十五千克", "38°C": "三十八摄氏度", "120m²": "一百二十平方米"},
        "ranges": {"10-20": "十到二十", "1月-3月": "一月到三月", "010-1234-5678": "零一零一二三四五六七八"},
        "machines": {"192.168.0.1": "一九二点一六八点零点一"},
    },
    "ja": {
        "numbers": {
            "1002": "千二",
            "10000": "一万",
            "15000000": "一千五百万",
            "気温は-2.5度": "気温はマイナス二点五度",
            "0時": "零時",
        },
        "percent and fractions": {"25%": "二十五パーセント", "1/2": "二分の一"},
        "money": {"$5": "五ドル", "¥100": "百円", "500円": "五百円"},
        "dates": {"2024年": "二千二十四年", "2024/05/12": "二千二十四年五月十二日", "3日(水)": "三日水曜日"},
        "times": {"10:30": "十時三十分", "9時半": "九時半"},
        "units": {"5km": "五キロメートル", "25°C": "二十五度"},
        "ranges": {"1月1日(月)〜3日(水)": "一月一日月曜日から三日水曜日", "そうだね〜": "そうだね"},
    },
}
KINDS["cmn"] = {"numbers": {"25%": "百分之二十五"}}


def said(text: str, language: str) -> str:
    """What is spoken, without the spaces between words."""
    return "".join(token.spoken for token in normalise(text, Span(start=0, end=len(text)), language=language))


@pytest.mark.parametrize(
    ("language", "kind"), [(language, kind) for language, kinds in KINDS.items() for kind in kinds]
)
def test_a_kind_is_said_as_a_reader_would(language: str, kind: str) -> None:
    """All cases of a kind, so that a failure shows every one that is wrong."""
    cases = KINDS[language][kind]
    assert {text: said(text, language) for text in cases} == cases
