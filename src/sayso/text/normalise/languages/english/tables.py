"""English words for short forms: to teach another one, add a line."""

from __future__ import annotations

from sayso.text.normalise.grammar import Abbreviation, Currency, Unit, When, listed

_CENT = Unit("cent", "cents")
_DOLLAR = Unit("dollar", "dollars")
_EURO = Currency(Unit("euro", "euros"), _CENT)
_POUND = Currency(Unit("pound", "pounds"), Unit("penny", "pence"))
_YEN = Currency(Unit("yen", "yen"), None)
_PAISA = Unit("paisa", "paise")

CURRENCIES = {
    "$": Currency(_DOLLAR, _CENT),
    "US$": Currency(_DOLLAR, _CENT),
    "USD": Currency(Unit("US dollar", "US dollars"), _CENT),
    "CA$": Currency(Unit("Canadian dollar", "Canadian dollars"), _CENT),
    "A$": Currency(Unit("Australian dollar", "Australian dollars"), _CENT),
    "£": _POUND,
    "GBP": _POUND,
    "€": _EURO,
    "EUR": _EURO,
    "¥": _YEN,
    "JPY": _YEN,
    "₹": Currency(Unit("rupee", "rupees"), _PAISA),
    "CHF": Currency(Unit("Swiss franc", "Swiss francs"), Unit("centime", "centimes")),
    "₿": Currency(Unit("bitcoin", "bitcoins"), None),
}

SCALES = {
    "hundred": Unit("hundred", "hundred"),
    **dict.fromkeys(("thousand", "k", "K"), Unit("thousand", "thousand")),
    **dict.fromkeys(("million", "m", "mn", "M"), Unit("million", "million")),
    **dict.fromkeys(("billion", "bn", "B"), Unit("billion", "billion")),
    **dict.fromkeys(("trillion", "tn", "T"), Unit("trillion", "trillion")),
}

UNITS = {
    "%": Unit("percent", "percent"),
    "‰": Unit("per mille", "per mille"),
    "km": Unit("kilometer", "kilometers"),
    "m": Unit("meter", "meters"),
    "cm": Unit("centimeter", "centimeters"),
    "mm": Unit("millimeter", "millimeters"),
    "µm": Unit("micrometer", "micrometers"),
    "μm": Unit("micrometer", "micrometers"),
    "nm": Unit("nanometer", "nanometers"),
    "mi": Unit("mile", "miles"),
    "ft": Unit("foot", "feet"),
    "in.": Unit("inch", "inches"),
    "yd": Unit("yard", "yards"),
    "km²": Unit("square kilometer", "square kilometers"),
    "m²": Unit("square meter", "square meters"),
    "cm²": Unit("square centimeter", "square centimeters"),
    "m³": Unit("cubic meter", "cubic meters"),
    "cm³": Unit("cubic centimeter", "cubic centimeters"),
    "sq ft": Unit("square foot", "square feet"),
    "ha": Unit("hectare", "hectares"),
    "kg": Unit("kilogram", "kilograms"),
    "g": Unit("gram", "grams"),
    "mg": Unit("milligram", "milligrams"),
    "µg": Unit("microgram", "micrograms"),
    "μg": Unit("microgram", "micrograms"),
    "lb": Unit("pound", "pounds"),
    "lbs": Unit("pound", "pounds"),
    "oz": Unit("ounce", "ounces"),
    "l": Unit("liter", "liters"),
    "L": Unit("liter", "liters"),
    "cl": Unit("centiliter", "centiliters"),
    "dl": Unit("deciliter", "deciliters"),
    "ml": Unit("milliliter", "milliliters"),
    "mL": Unit("milliliter", "milliliters"),
    "gal": Unit("gallon", "gallons"),
    "km/h": Unit("kilometer per hour", "kilometers per hour"),
    "kph": Unit("kilometer per hour", "kilometers per hour"),
    "mph": Unit("mile per hour", "miles per hour"),
    "m/s": Unit("meter per second", "meters per second"),
    "mpg": Unit("mile per gallon", "miles per gallon"),
    "h": Unit("hour", "hours"),
    "hr": Unit("hour", "hours"),
    "hrs": Unit("hour", "hours"),
    "min": Unit("minute", "minutes"),
    "mins": Unit("minute", "minutes"),
    "s": Unit("second", "seconds"),
    "sec": Unit("second", "seconds"),
    "secs": Unit("second", "seconds"),
    "ms": Unit("millisecond", "milliseconds"),
    "°": Unit("degree", "degrees"),
    "°C": Unit("degree Celsius", "degrees Celsius"),
    "°F": Unit("degree Fahrenheit", "degrees Fahrenheit"),
    "℃": Unit("degree Celsius", "degrees Celsius"),
    "℉": Unit("degree Fahrenheit", "degrees Fahrenheit"),
    **dict.fromkeys(("KB", "kB"), Unit("kilobyte", "kilobytes")),
    "MB": Unit("megabyte", "megabytes"),
    "GB": Unit("gigabyte", "gigabytes"),
    "TB": Unit("terabyte", "terabytes"),
    "Mbps": Unit("megabit per second", "megabits per second"),
    "Gbps": Unit("gigabit per second", "gigabits per second"),
    "W": Unit("watt", "watts"),
    "kW": Unit("kilowatt", "kilowatts"),
    "MW": Unit("megawatt", "megawatts"),
    "GW": Unit("gigawatt", "gigawatts"),
    "Wh": Unit("watt hour", "watt hours"),
    "kWh": Unit("kilowatt hour", "kilowatt hours"),
    "MWh": Unit("megawatt hour", "megawatt hours"),
    "V": Unit("volt", "volts"),
    "kV": Unit("kilovolt", "kilovolts"),
    "mA": Unit("milliamp", "milliamps"),
    "mAh": Unit("milliamp hour", "milliamp hours"),
    "Hz": Unit("hertz", "hertz"),
    "kHz": Unit("kilohertz", "kilohertz"),
    "MHz": Unit("megahertz", "megahertz"),
    "GHz": Unit("gigahertz", "gigahertz"),
    "dB": Unit("decibel", "decibels"),
    "kcal": Unit("kilocalorie", "kilocalories"),
    "kJ": Unit("kilojoule", "kilojoules"),
    "psi": Unit("pound per square inch", "pounds per square inch"),
    "px": Unit("pixel", "pixels"),
    "fps": Unit("frame per second", "frames per second"),
    "rpm": Unit("revolution per minute", "revolutions per minute"),
    "¢": _CENT,
}

FRACTIONS = {
    "1/2": (("one", "half"), ("and", "a", "half")),
    "1/3": (("one", "third"), ("and", "a", "third")),
    "1/4": (("one", "quarter"), ("and", "a", "quarter")),
    **{
        f"{top}/{bottom}": ((number, part), ("and", number, part))
        for top, number in ((1, "one"), (2, "two"), (3, "three"), (4, "four"), (5, "five"), (7, "seven"))
        for bottom, one, many in (
            (3, "third", "thirds"),
            (4, "quarter", "quarters"),
            (5, "fifth", "fifths"),
            (6, "sixth", "sixths"),
            (8, "eighth", "eighths"),
        )
        for part in (one if top == 1 else many,)
        if top < bottom and (top, bottom) not in {(1, 3), (1, 4)}
    },
}

PREFIXES = {"-": "minus", "−": "minus", "–": "minus", "+": "plus", "±": "plus or minus", "#": "number",
            "~": "about", "≈": "about", "<": "less than", ">": "more than", "≤": "at most", "≥": "at least",
            "×": "times", "№": "number", "§": "section"}  # fmt: skip

BETWEEN_NUMBERS = {"–": "to", "-": "to", "×": "times", "÷": "divided by", "−": "minus", "+": "plus",
                   "<": "is less than", ">": "is more than"}  # fmt: skip

SIGNS = {"&": "and", "@": "at", "+": "plus", "=": "equals", "≠": "is not equal to", "±": "plus or minus",
         "≈": "is about", "≤": "is at most", "≥": "is at least", "÷": "divided by", "×": "times",
         "%": "percent", "§": "section", "∞": "infinity", "√": "square root of"}  # fmt: skip

URL_SIGNS = {".": "dot", "/": "slash", "-": "dash", "_": "underscore", "@": "at", ":": "colon", "?": "question mark",
             "=": "equals", "&": "and", "#": "hash", "%": "percent", "+": "plus", "~": "tilde", ",": "comma",
             ";": "semicolon"}  # fmt: skip

MONTH_NAMES = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
               "November", "December")  # fmt: skip
_SHORT_MONTHS = ("Jan", "Feb", "Mar", "Apr", "Jun", "Jul", "Aug", "Sep", "Sept", "Oct", "Nov", "Dec")
_SHORT_DAYS = {"Mon": "Monday", "Tue": "Tuesday", "Tues": "Tuesday", "Wed": "Wednesday", "Thu": "Thursday",
               "Thur": "Thursday", "Thurs": "Thursday", "Fri": "Friday"}  # fmt: skip
MONTHS = {name: number for number, name in enumerate(MONTH_NAMES, start=1)} | {
    short: number
    for short in _SHORT_MONTHS
    for number, name in enumerate(MONTH_NAMES, start=1)
    if name.startswith(short)
}

_ALWAYS = {
    "Mr": "Mister", "Mr.": "Mister", "Mrs": "Missus", "Mrs.": "Missus", "Ms.": "Ms", "Dr": "Doctor",
    "Prof.": "Professor",
    "vs.": "versus", "vs": "versus", "v.": "versus", "etc.": "et cetera", "etc": "et cetera", "e.g.": "for example",
    "i.e.": "that is", "cf.": "compare", "approx.": "approximately", "Jr.": "Junior", "Jr": "Junior", "Sr.": "Senior",
    "Inc.": "Incorporated", "Ltd.": "Limited", "Ltd": "Limited", "Corp.": "Corporation", "Co.": "Company",
    "Bros.": "Brothers", "dept.": "department", "Dept.": "Department", "govt.": "government", "Ave.": "Avenue",
    "Blvd.": "Boulevard", "Rd.": "Road", "max.": "maximum", "min.": "minimum", "misc.": "miscellaneous",
    "incl.": "including", "excl.": "excluding", "Ph.D.": "P H D", "PhD": "P H D", "a.k.a.": "also known as",
    "aka": "also known as", "w/o": "without", "a.m.": "A M", "p.m.": "P M", "A.M.": "A M", "P.M.": "P M",
}  # fmt: skip
_BEFORE_NAME = {
    "St.": "Saint", "St": "Saint", "Dr.": "Doctor", "Mt.": "Mount", "Ft.": "Fort", "Gen.": "General",
    "Col.": "Colonel",
    "Capt.": "Captain", "Lt.": "Lieutenant", "Sgt.": "Sergeant", "Maj.": "Major", "Rev.": "Reverend",
    "Gov.": "Governor",
    "Sen.": "Senator", "Rep.": "Representative", "Pres.": "President", "Hon.": "Honorable", "Sr": "Sister",
    "Msgr.": "Monsignor", "Adm.": "Admiral",
}  # fmt: skip
_BEFORE_NUMBER = {
    "No.": "number", "no.": "number", "Nos.": "numbers", "nos.": "numbers", "p.": "page", "pp.": "pages",
    "Fig.": "figure", "fig.": "figure", "Vol.": "volume", "vol.": "volume", "Ch.": "chapter", "ch.": "chapter",
    "Sec.": "section", "sec.": "section", "Eq.": "equation", "c.": "circa", "ca.": "circa", "est.": "established",
    "Est.": "established", "ext.": "extension", "Ext.": "extension", "Tel.": "telephone", "tel.": "telephone",
    **dict.fromkeys(("N°", "n°", "Nº", "nº"), "number"),
}  # fmt: skip
_AFTER_NAME = {"St.": "Street", "Dr.": "Drive", "St": "Street"}


def _abbreviations() -> dict[str, tuple[Abbreviation, ...]]:
    months = {short: next(name for name in MONTH_NAMES if name.startswith(short)) for short in _SHORT_MONTHS}
    tables = (
        (_BEFORE_NUMBER, When.BEFORE_NUMBER),
        (_AFTER_NAME, When.AFTER_NAME),
        (_BEFORE_NAME, When.BEFORE_NAME),
        (_ALWAYS, When.ALWAYS),
        (months, When.BEFORE_NUMBER),
        (months, When.AFTER_NUMBER),
        ({f"{short}.": name for short, name in months.items()}, When.ALWAYS),
        ({f"{short}.": name for short, name in _SHORT_DAYS.items()}, When.ALWAYS),
        ({"Sat.": "Saturday", "Sun.": "Sunday"}, When.BEFORE_NUMBER),
    )
    out: dict[str, tuple[Abbreviation, ...]] = {}
    for table, when in tables:
        for form, words in table.items():
            out[form] = (*out.get(form, ()), Abbreviation(words, when))
    return out


ABBREVIATIONS = _abbreviations()

ACRONYMS = listed(
    "NASA NATO UNESCO UNICEF OPEC AIDS SARS RADAR LASER SONAR FIFA UEFA NAFTA ASAP AWOL BREXIT COVID DARPA GIF IKEA "
    "JPEG LIDAR MENSA NASDAQ NIMBY OSHA PIN RAM ROM SCUBA SIM SWAT TASER WASP YOLO ZIP CAPTCHA BAFTA ACAS "
    "GAN GUI JSON YAML CRUD"
)

INITIALISMS = listed(
    "USA UK EU UN US BBC FBI CIA NSA IBM CEO CFO CTO ATM IT TV PC AI API URL USB DVD CD GPS DNA RNA HIV FAQ DIY "
    "VIP UFO ID IQ PR HR VAT IPO GDP EPA NHS MIT UCLA UAE LA NYC DC AM PM BC AD CE BCE SUV ETA RSVP PDF HTML CPU GPU "
    "SQL AC AMA EKG IRA IRS IOU OAP OCD PTA UV UVA UHF XL AKA AGM ISO IP RIP IMO UNHCR OK"
)

SHORT_WORDS = listed(
    "A I AM AN AS AT BE BY DO GO HE IF IN IS IT ME MY NO OF ON OR SO TO UP US WE OH AH HA HI THE AND ALL ANY ARE ASK "
    "BAD BIG BUT BUY CAN DAY DID DON END FAR FEW FOR FUN GET GOD GOT HAD HAS HER HEY HIM HIS HOT HOW ITS JOB LET "
    "LIE LOT MAN MEN MAY NEW NOT NOW OFF OLD ONE OUR OUT OWN PUT RED RUN SAD SAY SEE SET SHE SIT SIX SON TEN TOO TOP "
    "TRY TWO USE WAR WAS WAY WHO WHY WIN YES YET YOU BOOM WOW HUH AHA MOM DAD SIR CAT DOG BOY"
)

NUMBERED = listed(
    "chapter book part volume vol act scene section appendix article phase stage level class type figure table title "
    "war bowl grade canto unit lesson module step mark round group tier category verse"
)

RULERS = listed(
    "Louis Henry Charles Elizabeth George Edward William James Richard Philip Ferdinand Alfonso Catherine Nicholas "
    "Alexander Frederick Wilhelm Napoleon Leopold Albert Paul John Pius Benedict Leo Gregory Innocent Clement Urban "
    "Ramses Ptolemy Peter Francis Mary Christian Gustav Ivan Harald Haakon Olaf Otto Robert Stephen Umberto Victor "
    "Emmanuel Margaret Sixtus Julius Boniface Celestine"
)
