"""What differs between Chinese and Japanese."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass(frozen=True, kw_only=True)
class EastAsian:
    """A language that writes numbers in characters and no spaces between words.

    Attributes:
        cardinal: a number in characters, from its digits.
        year: a year before 年, from its digits.
        point: the decimal mark.
        minus: before a negative number.
        percent: says a percentage, from the number in characters.
        hour: the counter of hours on a clock.
        day: the counter of days in a date that is written in figures.
        to: between the two ends of a range.
        of: between the denominator and the numerator of a fraction.
        mixed: between a whole number and a fraction.
        units, currencies, signs: by symbol.
    """

    cardinal: Callable[[str], str]
    year: Callable[[str], str]
    point: str
    minus: str
    percent: Callable[[str], str]
    hour: str
    day: str
    to: str
    of: str
    mixed: str
    units: Mapping[str, str]
    currencies: Mapping[str, str]
    signs: Mapping[str, str]


CHINESE_UNITS = {
    "kg": "千克", "g": "克", "mg": "毫克", "t": "吨", "km": "千米", "m": "米", "cm": "厘米", "mm": "毫米",
    "nm": "纳米",
    "km²": "平方千米", "m²": "平方米", "cm²": "平方厘米", "m³": "立方米", "km/h": "千米每小时", "m/s": "米每秒",
    "L": "升",
    "l": "升", "ml": "毫升", "mL": "毫升", "°C": "摄氏度", "℃": "摄氏度", "°F": "华氏度", "°": "度", "h": "小时",
    "min": "分钟",
    "s": "秒", "ms": "毫秒", "W": "瓦", "kW": "千瓦", "kWh": "千瓦时", "V": "伏", "Hz": "赫兹", "kHz": "千赫",
    "MHz": "兆赫",
    "GHz": "吉赫", "dB": "分贝", "ha": "公顷",
}  # fmt: skip
JAPANESE_UNITS = {
    "kg": "キログラム", "g": "グラム", "mg": "ミリグラム", "t": "トン", "km": "キロメートル", "m": "メートル",
    "cm": "センチメートル",
    "mm": "ミリメートル", "nm": "ナノメートル", "km²": "平方キロメートル", "m²": "平方メートル",
    "cm²": "平方センチメートル",
    "m³": "立方メートル", "km/h": "キロメートル毎時", "m/s": "メートル毎秒", "L": "リットル", "l": "リットル",
    "ml": "ミリリットル",
    "mL": "ミリリットル", "°C": "度", "℃": "度", "°F": "華氏度", "°": "度", "min": "分", "s": "秒",
    "ms": "ミリ秒", "W": "ワット",
    "kW": "キロワット", "kWh": "キロワット時", "V": "ボルト", "Hz": "ヘルツ", "kHz": "キロヘルツ",
    "MHz": "メガヘルツ",
    "GHz": "ギガヘルツ", "dB": "デシベル", "ha": "ヘクタール",
}  # fmt: skip
CHINESE_CURRENCIES = {
    **dict.fromkeys(("$", "US$"), "美元"), "€": "欧元", "£": "英镑", **dict.fromkeys(("¥", "RMB", "CNY"), "元"),
    "₩": "韩元", "₹": "卢比", "₽": "卢布", "HK$": "港元",
}  # fmt: skip
JAPANESE_CURRENCIES = {
    **dict.fromkeys(("$", "US$"), "ドル"), "€": "ユーロ", "£": "ポンド", "¥": "円", "₩": "ウォン", "₹": "ルピー",
    "₽": "ルーブル",
}  # fmt: skip
CHINESE_SIGNS = {"&": "和", "@": "艾特", "=": "等于", "+": "加", "×": "乘以", "÷": "除以"}
JAPANESE_SIGNS = {
    "&": "アンド",
    "@": "アットマーク",
    "=": "イコール",
    "+": "プラス",
    "×": "かける",
    "÷": "割る",
    "√": "ルート",
}
