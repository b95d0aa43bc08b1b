"""Spanish words for short forms: to teach another one, add a line."""

from __future__ import annotations

from sayso.text.normalise.grammar import Abbreviation, Currency, Unit, When, listed

MONTHS = ("enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto", "septiembre", "octubre",
          "noviembre", "diciembre")  # fmt: skip
SHORT_MONTHS = {"ene": 1, "feb": 2, "mar": 3, "abr": 4, "may": 5, "jun": 6, "jul": 7, "ago": 8, "sept": 9, "sep": 9,
                "oct": 10, "nov": 11, "dic": 12}  # fmt: skip

_CENT = Unit("céntimo", "céntimos")
_CENTAVO = Unit("centavo", "centavos")


def _money(one: str, many: str, cents: Unit | None = _CENTAVO, *, feminine: bool = False) -> Currency:
    return Currency(Unit(one, many, feminine), cents, names_cents=True)


CURRENCIES = {
    **dict.fromkeys(("€", "EUR", "eur"), _money("euro", "euros", _CENT)),
    **dict.fromkeys(("$", "US$"), _money("dólar", "dólares")),
    **dict.fromkeys(("USD", "usd"), _money("dólar estadounidense", "dólares estadounidenses")),
    **dict.fromkeys(("£", "GBP"), _money("libra", "libras", Unit("penique", "peniques"), feminine=True)),
    **dict.fromkeys(("¥", "JPY", "jpy"), _money("yen", "yenes")),
    **dict.fromkeys(("₩", "KRW"), _money("won", "wones", None)),
    **dict.fromkeys(("₹", "INR"), _money("rupia", "rupias", None, feminine=True)),
    **dict.fromkeys(("₽", "RUB"), _money("rublo", "rublos", None)),
    **dict.fromkeys(("CNY", "元"), _money("yuan", "yuanes", None)),
    **dict.fromkeys(("CHF", "chf"), _money("franco suizo", "francos suizos", _CENT)),
    **dict.fromkeys(("R$", "r$", "BRL"), _money("real", "reales")),
    **dict.fromkeys(("MXN", "MX$", "mex$"), _money("peso mexicano", "pesos mexicanos")),
    **dict.fromkeys(("ARS", "AR$"), _money("peso argentino", "pesos argentinos")),
    **dict.fromkeys(("COP", "COL$"), _money("peso colombiano", "pesos colombianos")),
    **dict.fromkeys(("CLP", "CLP$"), _money("peso chileno", "pesos chilenos")),
    **dict.fromkeys(("S/", "PEN"), _money("sol", "soles", _CENT)),
    **dict.fromkeys(("CRC", "crc", "₡"), _money("colón costarricense", "colones costarricenses", _CENT)),
    **dict.fromkeys(("HNL", "hnl"), _money("lempira", "lempiras")),
    **dict.fromkeys(("GTQ", "gtq"), _money("quetzal", "quetzales")),
    **dict.fromkeys(("NIO", "nio", "C$"), _money("córdoba", "córdobas")),
    **dict.fromkeys(("BOB", "Bs"), _money("boliviano", "bolivianos")),
    **dict.fromkeys(("HKD", "hkd"), _money("dólar de Hong Kong", "dólares de Hong Kong")),
    **dict.fromkeys(("ptas", "ptas.", "pta", "pta."), _money("peseta", "pesetas", _CENT, feminine=True)),
    "kr": _money("corona", "coronas", None, feminine=True),
}

SCALES = {
    "mil": Unit("mil", "mil"),
    **dict.fromkeys(("k", "K"), Unit("mil", "mil")),
    **dict.fromkeys(("millón", "millones", "M"), Unit("millón", "millones")),
    **dict.fromkeys(("billón", "billones"), Unit("billón", "billones")),
    **dict.fromkeys(("trillón", "trillones"), Unit("trillón", "trillones")),
    "mil millones": Unit("mil millones", "mil millones"),
}
PER_UNITS = {
    "día": Unit("día", "días"),
    "mes": Unit("mes", "meses"),
    "año": Unit("año", "años"),
    "noche": Unit("noche", "noches", feminine=True),
    "persona": Unit("persona", "personas", feminine=True),
}

PREFIXES = {"-": "menos", "−": "menos", "–": "menos", "+": "más", "±": "más menos", "#": "número", "№": "número",
            "~": "aproximadamente", "≈": "aproximadamente", "<": "menos de", ">": "más de", "≤": "como máximo",
            "≥": "al menos", "×": "por", "§": "sección"}  # fmt: skip
BETWEEN_NUMBERS = {"–": "a", "-": "a", "×": "por", "*": "por", "÷": "entre", "−": "menos", "+": "más",
                   "/": "sobre"}  # fmt: skip
RELATIONS = {
    "−": ("menos", "menos"),
    "<": ("es menor que", "menos de"),
    ">": ("es mayor que", "más de"),
    **dict.fromkeys(("≤", "<="), ("es menor o igual que", "como máximo")),
    **dict.fromkeys(("≥", ">="), ("es mayor o igual que", "al menos")),
    **dict.fromkeys(("≠", "!="), ("es distinto de", "distinto de")),
    **dict.fromkeys(("≈", "≅"), ("es aproximadamente", "aproximadamente")),
}
SIGNS = {"&": "y", "@": "arroba", "+": "más", "=": "es igual a", "≠": "es distinto de", "±": "más menos",
         "≈": "aproximadamente", "≤": "como máximo", "≥": "al menos", "÷": "entre", "×": "por", "%": "por ciento",
         "§": "sección", "∞": "infinito", "√": "raíz de"}  # fmt: skip
URL_SIGNS = {".": "punto", "/": "barra", "-": "guion", "_": "guion bajo", "@": "arroba", ":": "dos puntos",
             "?": "signo de interrogación", "=": "igual", "&": "y", "#": "almohadilla", "%": "por ciento",
             "+": "más", "~": "virgulilla", ",": "coma", ";": "punto y coma", "|": "barra vertical"}  # fmt: skip

_ALWAYS = {
    "Sr.": "señor", "sr.": "señor", "Sra.": "señora", "sra.": "señora", "Srta.": "señorita", "srta.": "señorita",
    "Sres.": "señores", "Dr.": "doctor", "dr.": "doctor", "Dra.": "doctora", "dra.": "doctora", "Prof.": "profesor",
    "Profa.": "profesora", "Lic.": "licenciado", "Ing.": "ingeniero", "D.ª": "doña", "Dña.": "doña", "Ud.": "usted",
    "ud.": "usted", "Uds.": "ustedes", "uds.": "ustedes", "Vd.": "usted", "Vds.": "ustedes", "etc.": "etcétera",
    "etc": "etcétera", "p. ej.": "por ejemplo", "p.ej.": "por ejemplo", "EE. UU.": "Estados Unidos",
    "EE.UU.": "Estados Unidos", "EEUU": "Estados Unidos", "ee. uu.": "Estados Unidos", "a. C.": "antes de Cristo",
    "a.C.": "antes de Cristo", "d. C.": "después de Cristo", "d.C.": "después de Cristo", "tel.": "teléfono",
    "Tel.": "teléfono", "avda.": "avenida", "Avda.": "avenida", "Av.": "avenida", "av.": "avenida", "pza.": "plaza",
    "Pza.": "plaza", "Pl.": "plaza", "esq.": "esquina", "izq.": "izquierda", "dcha.": "derecha", "aprox.":
    "aproximadamente", "máx.": "máximo", "mín.": "mínimo", "ed.": "edición", "cía.": "compañía", "Cía.": "compañía",
    "dpto.": "departamento", "Dpto.": "departamento", "vs.": "contra", "S. A.": "ese a", "S.A.": "ese a",
    "FF. AA.": "Fuerzas Armadas", "JJ. OO.": "Juegos Olímpicos", "RR. HH.": "recursos humanos", "gral.": "general",
    "Gral.": "general", "cap.": "capítulo", "Cap.": "capítulo", "Cía": "compañía",
}  # fmt: skip
_BEFORE_NUMBER = {
    **dict.fromkeys(("n.º", "N.º", "nº", "Nº", "n°", "N°", "núm.", "Núm."), "número"),
    "pág.": "página", "págs.": "páginas", "p.": "página", "pp.": "páginas", "vol.": "volumen", "fig.": "figura",
    "art.": "artículo", "arts.": "artículos", "C/": "calle",
}  # fmt: skip
_BEFORE_NUMBER |= {short[0].upper() + short[1:]: word for short, word in _BEFORE_NUMBER.items() if len(short) > 2}
_BEFORE_NAME = {"D.": "don", "Sta.": "santa", "Sto.": "santo", "S.": "san", "C/": "calle"}

ABBREVIATIONS: dict[str, tuple[Abbreviation, ...]] = {}
for _table, _when in ((_BEFORE_NUMBER, When.BEFORE_NUMBER), (_BEFORE_NAME, When.BEFORE_NAME), (_ALWAYS, When.ALWAYS)):
    for _form, _words in _table.items():
        ABBREVIATIONS[_form] = (*ABBREVIATIONS.get(_form, ()), Abbreviation(_words, _when))

ACRONYMS = listed("NASA OTAN ONU UNESCO UNICEF OPEP SIDA FIFA UEFA RENFE AVE OVNI PYME IVA ONCE RAE CEPAL OEA NIF")
INITIALISMS = listed("UE PIB ADN ARN VIH FBI CIA BBC TV CD DVD PC IA USA DNI PP PSOE ONG API URL USB UCI")
SHORT_WORDS = listed(
    "A AL ANTE ASÍ AUN BAJO BIEN CON DA DE DEL DÍA DOS EL ELLA EN ERA ES ESA ESE ESO ESTA FIN FUE HA HAN HAY HOY IR LA "
    "LAS LE LES LO LOS LUZ MAL MAR MÁS ME MI MIS MUY NI NO NOS O OS PAN PAZ POR QUE QUÉ REY SAL SE SER SI SÍ SIN SOL "
    "SON SU SUS TAL TAN TE TU TÚ TUS UN UNA UNO VA VE VER VEZ VI VOZ Y YA YO"
)
NUMBERED = listed(
    "capítulo libro parte volumen tomo acto escena sección anexo artículo fase nivel clase tipo figura tabla título "
    "guerra grupo página número línea año siglo habitación piso calle"
)
RULERS = listed(
    "Felipe Carlos Alfonso Fernando Isabel Juan Pablo Luis Enrique Napoleón Pío Benedicto León Gregorio Inocencio "
    "Clemente Urbano Jorge Guillermo Eduardo Pedro Sancho Ramiro Ordoño Jaime Catalina Nicolás Alejandro Federico "
    "Ramsés Francisco María"
)
NOT_NOUNS = listed(
    "con por para que como más menos del los las una uno sobre entre hasta desde pero son fue han mil millones millón "
    "billones billón trillones trillón coma punto era está están sin según cada the and"
)
FEMININE = listed(
    "noche mano parte clase calle tarde vez leche gente fuente torre nube sangre suerte muerte sal flor luz voz cruz "
    "red ley mujer imagen orden serie foto moto radio"
)
MASCULINE = listed(
    "día mapa planeta problema tema sistema programa idioma clima poema drama fantasma cura guardia policía kilómetro "
    "artista turista atleta futbolista poeta papa pijama sofá telegrama diagrama gramo"
)
