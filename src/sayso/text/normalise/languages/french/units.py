"""French units, currencies, scales and fractions: to teach another one, add a line."""

from __future__ import annotations

from sayso.text.normalise.grammar import Currency, Unit

_CENTIME = Unit("centime", "centimes")
_CENT = Unit("cent", "cents")
_DOLLAR = Currency(Unit("dollar", "dollars"), _CENT)
_EURO = Currency(Unit("euro", "euros"), _CENTIME)
_POUND = Currency(Unit("livre", "livres", feminine=True), Unit("penny", "pence"))
_YEN = Currency(Unit("yen", "yens"), None)
_FRANC = Currency(Unit("franc suisse", "francs suisses"), _CENTIME)

CURRENCIES = {
    **dict.fromkeys(("€", "EUR"), _EURO),
    **dict.fromkeys(("$", "US$", "$US", "USD"), _DOLLAR),
    **dict.fromkeys(("£", "GBP"), _POUND),
    **dict.fromkeys(("¥", "JPY"), _YEN),
    **dict.fromkeys(("$CA", "CA$", "CAD"), Currency(Unit("dollar canadien", "dollars canadiens"), _CENT)),
    **dict.fromkeys(("₩", "KRW"), Currency(Unit("won", "wons"), None)),
    **dict.fromkeys(("₹", "INR"), Currency(Unit("roupie", "roupies", feminine=True), None)),
    **dict.fromkeys(("₽", "RUB"), Currency(Unit("rouble", "roubles"), None)),
    **dict.fromkeys(("元", "CNY"), Currency(Unit("yuan", "yuans"), None)),
    "R$": Currency(Unit("réal", "réaux"), _CENTIME),
    "FCFA": Currency(Unit("franc CFA", "francs CFA"), None),
    "CHF": _FRANC,
}

SCALES = {
    "mille": Unit("mille", "mille"),
    **dict.fromkeys(("k", "K"), Unit("mille", "mille")),
    **dict.fromkeys(("million", "millions", "M"), Unit("million", "millions")),
    **dict.fromkeys(("milliard", "milliards", "Md", "Mds"), Unit("milliard", "milliards")),
}

UNITS = {
    "%": Unit("pour cent", "pour cent"),
    "‰": Unit("pour mille", "pour mille"),
    **dict.fromkeys(("km", "KM", "Km"), Unit("kilomètre", "kilomètres")),
    "m": Unit("mètre", "mètres"),
    "cm": Unit("centimètre", "centimètres"),
    "mm": Unit("millimètre", "millimètres"),
    **dict.fromkeys(("µm", "μm"), Unit("micromètre", "micromètres")),
    "nm": Unit("nanomètre", "nanomètres"),
    "mm²": Unit("millimètre carré", "millimètres carrés"),
    "km³": Unit("kilomètre cube", "kilomètres cubes"),
    **dict.fromkeys(("hab.", "hab"), Unit("habitant", "habitants")),
    "km²": Unit("kilomètre carré", "kilomètres carrés"),
    "m²": Unit("mètre carré", "mètres carrés"),
    "m2": Unit("mètre carré", "mètres carrés"),
    "cm²": Unit("centimètre carré", "centimètres carrés"),
    "m³": Unit("mètre cube", "mètres cubes"),
    "m3": Unit("mètre cube", "mètres cubes"),
    "cm³": Unit("centimètre cube", "centimètres cubes"),
    "ha": Unit("hectare", "hectares"),
    "t": Unit("tonne", "tonnes", feminine=True),
    **dict.fromkeys(("kg", "KG", "Kg"), Unit("kilogramme", "kilogrammes")),
    "g": Unit("gramme", "grammes"),
    "mg": Unit("milligramme", "milligrammes"),
    **dict.fromkeys(("µg", "μg"), Unit("microgramme", "microgrammes")),
    **dict.fromkeys(("l", "L"), Unit("litre", "litres")),
    "cl": Unit("centilitre", "centilitres"),
    "dl": Unit("décilitre", "décilitres"),
    **dict.fromkeys(("ml", "mL"), Unit("millilitre", "millilitres")),
    "km/h": Unit("kilomètre heure", "kilomètres heure"),
    "m/s": Unit("mètre par seconde", "mètres par seconde"),
    "h": Unit("heure", "heures", feminine=True),
    **dict.fromkeys(("min", "mn"), Unit("minute", "minutes", feminine=True)),
    **dict.fromkeys(("s", "sec"), Unit("seconde", "secondes", feminine=True)),
    "ms": Unit("milliseconde", "millisecondes", feminine=True),
    "°": Unit("degré", "degrés"),
    **dict.fromkeys(("°C", "° C", "℃"), Unit("degré Celsius", "degrés Celsius")),
    **dict.fromkeys(("°F", "° F", "℉"), Unit("degré Fahrenheit", "degrés Fahrenheit")),
    **dict.fromkeys(("Ko", "ko", "kB", "KB"), Unit("kilooctet", "kilooctets")),
    **dict.fromkeys(("Mo", "MB"), Unit("mégaoctet", "mégaoctets")),
    **dict.fromkeys(("Go", "GB"), Unit("gigaoctet", "gigaoctets")),
    **dict.fromkeys(("To", "TB"), Unit("téraoctet", "téraoctets")),
    "W": Unit("watt", "watts"),
    "kW": Unit("kilowatt", "kilowatts"),
    "MW": Unit("mégawatt", "mégawatts"),
    "GW": Unit("gigawatt", "gigawatts"),
    "Wh": Unit("wattheure", "wattheures"),
    "kWh": Unit("kilowattheure", "kilowattheures"),
    "MWh": Unit("mégawattheure", "mégawattheures"),
    "V": Unit("volt", "volts"),
    "kV": Unit("kilovolt", "kilovolts"),
    "mA": Unit("milliampère", "milliampères"),
    "Hz": Unit("hertz", "hertz"),
    "kHz": Unit("kilohertz", "kilohertz"),
    "MHz": Unit("mégahertz", "mégahertz"),
    "GHz": Unit("gigahertz", "gigahertz"),
    "dB": Unit("décibel", "décibels"),
    "kcal": Unit("kilocalorie", "kilocalories", feminine=True),
    "kJ": Unit("kilojoule", "kilojoules"),
    "px": Unit("pixel", "pixels"),
    "mmHg": Unit("millimètre de mercure", "millimètres de mercure"),
    "Pa": Unit("pascal", "pascals"),
    "hPa": Unit("hectopascal", "hectopascals"),
    "kPa": Unit("kilopascal", "kilopascals"),
    "MPa": Unit("mégapascal", "mégapascals"),
    "mol": Unit("mole", "moles", feminine=True),
    "mmol": Unit("millimole", "millimoles", feminine=True),
    "mV": Unit("millivolt", "millivolts"),
    "kN": Unit("kilonewton", "kilonewtons"),
    "Ω": Unit("ohm", "ohms"),
    "ppm": Unit("partie par million", "parties par million", feminine=True),
    "µL": Unit("microlitre", "microlitres"),
    "c. à s.": Unit("cuillère à soupe", "cuillères à soupe", feminine=True),
    "c. à c.": Unit("cuillère à café", "cuillères à café", feminine=True),
    "kbit/s": Unit("kilobit par seconde", "kilobits par seconde"),
    "Mbit/s": Unit("mégabit par seconde", "mégabits par seconde"),
    "Gbit/s": Unit("gigabit par seconde", "gigabits par seconde"),
}

PHYSICAL_UNITS = {
    "C": Unit("coulomb", "coulombs"),
    "F": Unit("farad", "farads"),
    "J": Unit("joule", "joules"),
    "K": Unit("kelvin", "kelvins"),
    "N": Unit("newton", "newtons"),
    "T": Unit("tesla", "teslas"),
}

PER_UNITS = {
    **dict.fromkeys(("j", "jour"), Unit("jour", "jours")),
    "an": Unit("an", "ans"),
    "mois": Unit("mois", "mois"),
    **dict.fromkeys(("sem", "semaine"), Unit("semaine", "semaines")),
    **dict.fromkeys(("pers", "personne"), Unit("personne", "personnes")),
    "nuit": Unit("nuit", "nuits"),
    "hab": Unit("habitant", "habitants"),
}

FRACTIONS = {
    "1/2": (("un", "demi"), ("et", "demi")),
    **{
        f"{top}/{bottom}": ((number, part), ("et", number, part))
        for top, number in ((1, "un"), (2, "deux"), (3, "trois"), (4, "quatre"), (5, "cinq"), (7, "sept"))
        for bottom, one, many in (
            (3, "tiers", "tiers"),
            (4, "quart", "quarts"),
            (5, "cinquième", "cinquièmes"),
            (6, "sixième", "sixièmes"),
            (8, "huitième", "huitièmes"),
        )
        for part in (one if top == 1 else many,)
        if top < bottom
    },
}
