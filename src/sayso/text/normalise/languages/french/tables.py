"""French words for short forms: to teach another one, add a line."""

from __future__ import annotations

from sayso.text.normalise.grammar import Abbreviation, When, listed

PREFIXES = {"-": "moins", "−": "moins", "–": "moins", "+": "plus", "±": "plus ou moins", "#": "numéro",
            "~": "environ", "≈": "environ", "<": "moins de", ">": "plus de", "≤": "au plus", "≥": "au moins",
            "×": "fois", "№": "numéro", "§": "paragraphe"}  # fmt: skip

BETWEEN_NUMBERS = {"–": "à", "-": "à", "×": "fois", "*": "fois", "÷": "divisé par", "−": "moins", "+": "plus",
                   "/": "sur"}  # fmt: skip

RELATIONS = {
    "−": ("moins", "moins"),
    "<": ("est inférieur à", "moins de"),
    ">": ("est supérieur à", "plus de"),
    **dict.fromkeys(("≤", "<="), ("est inférieur ou égal à", "au plus")),
    **dict.fromkeys(("≥", ">="), ("est supérieur ou égal à", "au moins")),
    **dict.fromkeys(("≠", "!="), ("est différent de", "différent de")),
    "==": ("égale", "égal à"),
    **dict.fromkeys(("≈", "≅"), ("est environ", "environ")),
}

SIGNS = {"&": "et", "@": "arobase", "+": "plus", "=": "égale", "≠": "est différent de", "±": "plus ou moins",
         "≈": "est environ", "≤": "est au plus", "≥": "est au moins", "÷": "divisé par", "×": "fois",
         "%": "pour cent", "§": "paragraphe", "§§": "paragraphes", "∞": "infini", "√": "racine de"}  # fmt: skip

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
    "stp": "s'il te plaît", "Ctrl": "contrôle", "ctrl": "contrôle", "CTRL": "contrôle",
    "qqn": "quelqu'un", "qqch": "quelque chose", "lun.": "lundi", "mar.": "mardi",
    **dict.fromkeys(("Mᵐᵉ", "Mᵐᵉ."), "Madame"), "Mᵐᵉˢ": "Mesdames", "Mˡˡᵉ": "Mademoiselle", "Mˡˡᵉˢ": "Mesdemoiselles",
    "Mʳ": "Monsieur", "Mᵍʳ": "Monseigneur", "Dʳ": "Docteur", "Dʳˢ": "Docteurs", "Dʳᵉ": "Docteure", "Dʳᵉˢ": "Docteures",
    "Pʳ": "Professeur", "Pʳᵉ": "Professeure", "Mᵉ": "Maître", "Sᵗ": "Saint", "Sᵗᵉ": "Sainte", "Cⁱᵉ": "Compagnie",
    "Dre": "Docteure", "Pre": "Professeure",
    "INT.": "Intérieur", "EXT.": "Extérieur", "Réf.": "Référence", "réf.": "référence",
    **dict.fromkeys(("n°", "nº", "N°"), "numéro"),
    "mer.": "mercredi", "jeu.": "jeudi", "ven.": "vendredi", "sam.": "samedi", "dim.": "dimanche",
}  # fmt: skip
_BEFORE_NAME = {"St": "Saint", "Me": "Maître"}
_BEFORE_NUMBER = {
    **dict.fromkeys(("n°", "nº", "nᵒ", "no", "no.", "No", "No.", "N°", "Nº", "Nᵒ"), "numéro"),
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
    "RUE "
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
