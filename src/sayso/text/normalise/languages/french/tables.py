"""French words for short forms: to teach another one, add a line."""

from __future__ import annotations

from sayso.text.normalise.grammar import Abbreviation, Currency, Unit, When, listed

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
    "km": Unit("kilomètre", "kilomètres"),
    "m": Unit("mètre", "mètres"),
    "cm": Unit("centimètre", "centimètres"),
    "mm": Unit("millimètre", "millimètres"),
    **dict.fromkeys(("µm", "μm"), Unit("micromètre", "micromètres")),
    "nm": Unit("nanomètre", "nanomètres"),
    "km²": Unit("kilomètre carré", "kilomètres carrés"),
    "m²": Unit("mètre carré", "mètres carrés"),
    "m2": Unit("mètre carré", "mètres carrés"),
    "cm²": Unit("centimètre carré", "centimètres carrés"),
    "m³": Unit("mètre cube", "mètres cubes"),
    "m3": Unit("mètre cube", "mètres cubes"),
    "cm³": Unit("centimètre cube", "centimètres cubes"),
    "ha": Unit("hectare", "hectares"),
    "t": Unit("tonne", "tonnes", feminine=True),
    "kg": Unit("kilogramme", "kilogrammes"),
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
    **dict.fromkeys(("°C", "℃"), Unit("degré Celsius", "degrés Celsius")),
    **dict.fromkeys(("°F", "℉"), Unit("degré Fahrenheit", "degrés Fahrenheit")),
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

PREFIXES = {"-": "moins", "−": "moins", "–": "moins", "+": "plus", "±": "plus ou moins", "#": "numéro",
            "~": "environ", "≈": "environ", "<": "moins de", ">": "plus de", "≤": "au plus", "≥": "au moins",
            "×": "fois", "№": "numéro", "§": "paragraphe"}  # fmt: skip

BETWEEN_NUMBERS = {"–": "à", "-": "à", "×": "fois", "÷": "divisé par", "−": "moins", "+": "plus", "/": "sur",
                   "<": "est inférieur à", ">": "est supérieur à"}  # fmt: skip

SIGNS = {"&": "et", "@": "arobase", "+": "plus", "=": "égale", "≠": "est différent de", "±": "plus ou moins",
         "≈": "est environ", "≤": "est au plus", "≥": "est au moins", "÷": "divisé par", "×": "fois",
         "%": "pour cent", "§": "paragraphe", "∞": "infini", "√": "racine de"}  # fmt: skip

URL_SIGNS = {".": "point", "/": "slash", "-": "tiret", "_": "souligné", "@": "arobase", ":": "deux-points",
             "?": "point d'interrogation", "=": "égale", "&": "et", "#": "dièse", "%": "pour cent", "+": "plus",
             "~": "tilde", ",": "virgule", ";": "point-virgule"}  # fmt: skip

MONTH_NAMES = ("janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre",
               "novembre", "décembre")  # fmt: skip
_SHORT_MONTHS = {"janv": 1, "févr": 2, "fév": 2, "avr": 4, "juil": 7, "sept": 9, "oct": 10, "nov": 11, "déc": 12}
MONTHS = {name: number for number, name in enumerate(MONTH_NAMES, start=1)} | {"aout": 8} | _SHORT_MONTHS

_ALWAYS = {
    "M.": "Monsieur",
    "Mme": "Madame", "Mmes": "Mesdames", "Mlle": "Mademoiselle", "Mlles": "Mesdemoiselles", "MM.": "Messieurs",
    "Dr": "Docteur", "Dr.": "Docteur", "Pr": "Professeur", "Pr.": "Professeur", "Mgr": "Monseigneur", "Ste": "Sainte",
    "Sts": "Saints", "Stes": "Saintes", "p. ex.": "par exemple", "par ex.": "par exemple", "ex.": "exemple",
    "c.-à-d.": "c'est-à-dire", "càd": "c'est-à-dire", "cad.": "c'est-à-dire", "etc.": "et cetera", "etc": "et cetera",
    "etc…": "et cetera", "cf.": "confer", "env.": "environ", "bd.": "boulevard", "Bd": "boulevard", "bd": "boulevard",
    "boul.": "boulevard", "av.": "avenue", "apr. J.-C.": "après Jésus-Christ", "av. J.-C.": "avant Jésus-Christ",
    "J.-C.": "Jésus-Christ", "tél.": "téléphone", "Tél.": "téléphone", "max.": "maximum", "min.": "minimum",
    "hab.": "habitants", "dép.": "département", "éd.": "édition", "vs": "versus", "vs.": "versus", "Cie": "Compagnie",
    "Sté": "Société", "RDV": "rendez-vous", "rdv": "rendez-vous", "svp": "s'il vous plaît", "SVP": "s'il vous plaît",
    "stp": "s'il te plaît", "qqn": "quelqu'un", "qqch": "quelque chose", "lun.": "lundi", "mar.": "mardi",
    "mer.": "mercredi", "jeu.": "jeudi", "ven.": "vendredi", "sam.": "samedi", "dim.": "dimanche",
}  # fmt: skip
_BEFORE_NAME = {"St": "Saint", "Me": "Maître"}
_BEFORE_NUMBER = {
    **dict.fromkeys(("n°", "nº", "no", "no.", "No", "No.", "N°", "Nº"), "numéro"),
    **dict.fromkeys(("nos", "n°s"), "numéros"),
    "p.": "page", "pp.": "pages", "chap.": "chapitre", "vol.": "volume", "fig.": "figure", "art.": "article",
    "t.": "tome", "v.": "vers",
}  # fmt: skip


def _abbreviations() -> dict[str, tuple[Abbreviation, ...]]:
    months = {f"{short}.": MONTH_NAMES[number - 1] for short, number in _SHORT_MONTHS.items()}
    tables = (
        (_BEFORE_NUMBER, When.BEFORE_NUMBER),
        (_BEFORE_NAME, When.BEFORE_NAME),
        (_ALWAYS, When.ALWAYS),
        (months, When.ALWAYS),
    )
    out: dict[str, tuple[Abbreviation, ...]] = {}
    for table, when in tables:
        for form, words in table.items():
            out[form] = (*out.get(form, ()), Abbreviation(words, when))
    return out


ABBREVIATIONS = _abbreviations()
# "nos" before a number is "our" more often than "numbers".
del ABBREVIATIONS["nos"]

ACRONYMS = listed(
    "NASA OTAN ONU UNESCO UNICEF OPEP SIDA FIFA UEFA INSEE ENA CAF SMIC SAMU INSERM FNAC OVNI RADAR LASER CEDEX "
    "ALENA ASSEDIC CNIL PACS DOM TOM PIN SIM ZAC ZEP IKEA"
)

INITIALISMS = listed(
    "USA UE URSS EDF GDF RATP SNCF TGV RER TVA PIB PDG DRH QI IA PC CD DVD TV BD ADN ARN VIH FBI CIA BBC IRM UV "
    "HLM ONG IUT RSA CDI CDD API URL USB VIP OGM AOC CAP UK"
)

SHORT_WORDS = listed(
    "A À Y AU CE CET DE DES DU ELLE EN ES EST ET EU HA HE IL JE LA LE LES LUI MA ME MES MOI MON NE NI NON NOS NUL ON "
    "OH OR OU OÙ OUI PAR PAS PEU QUE QUI SA SE SES SI SON SUR TA TE TES TOI TON TU UN UNE VA VAS VIE VOS VU AI AS AVEC "
    "BON BAS FIN FOU JOUR LOI MAL MER MOT NUIT PEUR ROI SOL TOT TÔT TRES VIF VIN ÇA"
)

NUMBERED = listed(
    "chapitre livre partie volume tome acte scène section annexe article phase niveau classe type figure tableau "
    "titre guerre bowl chant leçon étape groupe"
)

RULERS = listed(
    "Louis Henri Charles François Napoléon Philippe Jean Paul Pie Benoît Léon Grégoire Innocent Clément Urbain "
    "Élisabeth Elisabeth Elizabeth George Georges Édouard Edouard Guillaume Jacques Richard Ferdinand "
    "Alphonse Catherine Nicolas Alexandre Frédéric Léopold Albert Ramsès Ptolémée Pierre Robert Hugues Childéric "
    "Clovis Dagobert Victor-Emmanuel Hassan Mohammed"
)
