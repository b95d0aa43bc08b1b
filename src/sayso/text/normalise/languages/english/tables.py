"""English words for short forms: to teach another one, add a line."""

from __future__ import annotations

from sayso.text.normalise.grammar import Abbreviation, When, listed

PREFIXES = {"-": "minus", "−": "minus", "–": "minus", "+": "plus", "±": "plus or minus", "#": "number",
            "~": "about", "≈": "about", "<": "less than", ">": "more than", "≤": "at most", "≥": "at least",
            "×": "times", "№": "number", "§": "section"}  # fmt: skip

BETWEEN_NUMBERS = {"–": "to", "-": "to", "×": "times", "*": "times", "÷": "divided by", "−": "minus",
    "+": "plus"}  # fmt: skip

RELATIONS = {
    "−": ("minus", "minus"),
    "<": ("is less than", "less than"),
    ">": ("is more than", "more than"),
    **dict.fromkeys(("≤", "<="), ("is at most", "at most")),
    **dict.fromkeys(("≥", ">="), ("is at least", "at least")),
    **dict.fromkeys(("≠", "!="), ("is not equal to", "not equal to")),
    "==": ("equals", "equal to"),
    **dict.fromkeys(("≈", "≅"), ("is about", "about")),
}

SIGNS = {"&": "and", "@": "at", "+": "plus", "=": "equals", "≠": "is not equal to", "±": "plus or minus",
         "≈": "is about", "≤": "is at most", "≥": "is at least", "÷": "divided by", "×": "times",
         "%": "percent", "§": "section", "§§": "sections", "∞": "infinity", "√": "square root of"}  # fmt: skip

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

_CHAT = {"thx": "thanks", "thnx": "thanks", "pls": "please", "plz": "please", "ppl": "people", "btw": "by the way",
         "tmrw": "tomorrow", "msg": "message"}  # fmt: skip
_ALWAYS = {
    "Sen.": "Senator", "Gov.": "Governor", "Gen.": "General", "Col.": "Colonel", "Capt.": "Captain",
    "Lt.": "Lieutenant", "Sgt.": "Sergeant", "Maj.": "Major", "Rev.": "Reverend", "MR.": "Mister", "MRS.": "Missus",
    "DR.": "Doctor", "MS.": "Ms", "PROF.": "Professor", "Tel.": "telephone", "tel.": "telephone", "Bldg.": "Building",
    "bldg.": "building", "Adm. Board": "Administrative Board", "Adm. Code": "Administrative Code",
    "Adm. Law": "Administrative Law", "Ref.": "Reference", "apt.": "apartment", "Apt.": "Apartment",
    "Mr": "Mister", "Mr.": "Mister", "Mrs": "Missus", "Mrs.": "Missus", "Ms.": "Ms", "Dr": "Doctor",
    "Prof.": "Professor",
    "vs.": "versus", "vs": "versus", "etc.": "et cetera", "etc": "et cetera", "e.g.": "for example",
    "i.e.": "that is", "cf.": "compare", "approx.": "approximately", "Jr.": "Junior", "Jr": "Junior", "Sr.": "Senior",
    "Inc.": "Incorporated", "Ltd.": "Limited", "Ltd": "Limited", "Corp.": "Corporation", "Co.": "Company",
    "Bros.": "Brothers", "dept.": "department", "Dept.": "Department", "govt.": "government", "max.": "maximum",
    "min.": "minimum", "misc.": "miscellaneous",
    "incl.": "including", "excl.": "excluding", "Ph.D.": "P H D", "PhD": "P H D", "a.k.a.": "also known as",
    "aka": "also known as", "w/o": "without", "w/": "with", "c/o": "care of", "n/a": "N A", "N/A": "N A",
    "I/O": "I O", "et al.": "et al", "para.": "paragraph", "paras.": "paragraphs", "Com.": "Committee",
    "INT.": "Interior", "EXT.": "Exterior", "Messrs.": "Messieurs", "Messrs": "Messieurs", "Esq.": "Esquire",
    "ft.": "feet", "ibid.": "ibid", "a.m.": "A M",
    "p.m.": "P M", "A.M.": "A M", "P.M.": "P M",
    "DOB": "date of birth", "addr": "address", "addr.": "address", "Ctrl": "Control", "ctrl": "control",
    "CTRL": "Control", "Cmd": "Command",
    **_CHAT, **{short.capitalize(): said.capitalize() for short, said in _CHAT.items()},
}  # fmt: skip
_BEFORE_NAME = {
    "St.": "Saint", "St": "Saint", "Dr.": "Doctor", "Mt.": "Mount", "Ft.": "Fort",



    "Rep.": "Representative", "Pres.": "President", "Hon.": "Honorable", "Sr": "Sister",
    "Msgr.": "Monsignor", "Adm.": "Admiral",
}  # fmt: skip
_BEFORE_NUMBER = {
    "No.": "number", "no.": "number", "Nos.": "numbers", "nos.": "numbers", "p.": "page", "pp.": "pages",
    "Fig.": "figure", "fig.": "figure", "Vol.": "volume", "vol.": "volume", "Ch.": "chapter", "ch.": "chapter",
    "Sec.": "section", "sec.": "section", "Eq.": "equation", "c.": "circa", "ca.": "circa", "est.": "established",
    "Est.": "established", "ext.": "extension", "Art.": "Article", "art.": "article", "Arts.": "Articles",
    "arts.": "articles", "apt": "apartment", "Apt": "Apartment", "Ext.": "extension",
    **dict.fromkeys(("N°", "n°", "Nº", "nº"), "number"),
}  # fmt: skip
_BETWEEN_NAMES = {"v.": "versus", "v": "versus"}


def _abbreviations() -> dict[str, tuple[Abbreviation, ...]]:
    months = {short: next(name for name in MONTH_NAMES if name.startswith(short)) for short in _SHORT_MONTHS}
    tables = (
        (_BEFORE_NUMBER, When.BEFORE_NUMBER),
        (_BETWEEN_NAMES, When.BETWEEN_NAMES),
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
    "GAN GUI JSON YAML CRUD ARM"
)

INITIALISMS = listed(
    "USA UK EU UN US BBC FBI CIA NSA IBM CEO CFO CTO ATM IT TV PC AI API URL USB DVD CD GPS DNA RNA HIV FAQ DIY "
    "VIP UFO ID IQ PR HR VAT IPO GDP EPA NHS MIT UCLA UAE LA NYC DC AM PM BC AD CE BCE SUV ETA RSVP PDF HTML CPU GPU "
    "SQL ISBN ISSN IEEE AC AMA EKG IRA IRS IOU OAP OCD PTA UV UVA UHF XL AKA AGM ISO IP RIP IMO UNHCR OK"
)

SHORT_WORDS = listed(
    "A I AM AN AS AT BE BY DO GO HE IF IN IS IT ME MY NO OF ON OR SO TO UP US WE OH AH HA HI THE AND ALL ANY ARE ASK "
    "BAD BIG BUT BUY CAN DAY DID DON END FAR FEW FOR FUN GET GOD GOT HAD HAS HER HEY HIM HIS HOT HOW ITS JOB LET "
    "LIE LOT MAN MEN MAY NEW NOT NOW OFF OLD ONE OUR OUT OWN PUT RED RUN SAD SAY SEE SET SHE SIT SIX SON TEN TOO TOP "
    "TRY TWO USE WAR WAS WAY WHO WHY WIN YES YET YOU BOOM WOW HUH AHA MOM DAD SIR CAT DOG BOY MID PRE NON "
    "SUB"
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
