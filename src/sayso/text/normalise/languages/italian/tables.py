"""Italian words for short forms: to teach another one, add a line."""

from __future__ import annotations

from sayso.text.normalise.grammar import Abbreviation, Currency, Unit, When, listed

MONTHS = ("gennaio", "febbraio", "marzo", "aprile", "maggio", "giugno", "luglio", "agosto", "settembre", "ottobre",
          "novembre", "dicembre")  # fmt: skip
SHORT_MONTHS = {"gen": 1, "genn": 1, "feb": 2, "febbr": 2, "mar": 3, "apr": 4, "mag": 5, "giu": 6, "lug": 7, "ago": 8,
                "set": 9, "sett": 9, "ott": 10, "nov": 11, "dic": 12}  # fmt: skip

_CENT = Unit("centesimo", "centesimi")


def _money(one: str, many: str, cents: Unit | None = _CENT, *, feminine: bool = False) -> Currency:
    return Currency(Unit(one, many, feminine), cents, names_cents=True)


CURRENCIES = {
    **dict.fromkeys(("€", "EUR", "eur"), _money("euro", "euro")),
    **dict.fromkeys(("$", "US$", "USD"), _money("dollaro", "dollari")),
    **dict.fromkeys(("£", "GBP"), _money("sterlina", "sterline", Unit("penny", "pence"), feminine=True)),
    **dict.fromkeys(("¥", "JPY"), _money("yen", "yen", None)),
    **dict.fromkeys(("₩", "KRW"), _money("won", "won", None)),
    **dict.fromkeys(("₹", "INR"), _money("rupia", "rupie", None, feminine=True)),
    **dict.fromkeys(("₽", "RUB"), _money("rublo", "rubli", None)),
    **dict.fromkeys(("CNY", "元"), _money("yuan", "yuan", None)),
    **dict.fromkeys(("CHF", "Fr."), _money("franco svizzero", "franchi svizzeri")),
    "R$": _money("real", "real"),
    **dict.fromkeys(("£.", "L.", "ITL"), _money("lira", "lire", None, feminine=True)),
}
SCALES = {
    "mila": Unit("mila", "mila"),
    **dict.fromkeys(("k", "K"), Unit("mila", "mila")),
    **dict.fromkeys(("milione", "milioni", "mln", "mln.", "M"), Unit("milione", "milioni")),
    **dict.fromkeys(("miliardo", "miliardi", "mld", "mld.", "Mrd"), Unit("miliardo", "miliardi")),
    **dict.fromkeys(("bilione", "bilioni"), Unit("bilione", "bilioni")),
}
PER_UNITS = {
    "giorno": Unit("giorno", "giorni"),
    "mese": Unit("mese", "mesi"),
    "anno": Unit("anno", "anni"),
    "notte": Unit("notte", "notti", feminine=True),
    "persona": Unit("persona", "persone", feminine=True),
}

PREFIXES = {"-": "meno", "−": "meno", "–": "meno", "+": "più", "±": "più o meno", "#": "numero", "№": "numero",
            "~": "circa", "≈": "circa", "<": "meno di", ">": "più di", "≤": "al massimo", "≥": "almeno",
            "×": "per", "§": "paragrafo"}  # fmt: skip
BETWEEN_NUMBERS = {"–": "a", "-": "a", "×": "per", "*": "per", "÷": "diviso", "−": "meno", "+": "più",
                   "/": "su"}  # fmt: skip
RELATIONS = {
    "−": ("meno", "meno"),
    "<": ("è minore di", "meno di"),
    ">": ("è maggiore di", "più di"),
    **dict.fromkeys(("≤", "<="), ("è minore o uguale a", "al massimo")),
    **dict.fromkeys(("≥", ">="), ("è maggiore o uguale a", "almeno")),
    **dict.fromkeys(("≠", "!="), ("è diverso da", "diverso da")),
    **dict.fromkeys(("≈", "≅"), ("è circa", "circa")),
}
SIGNS = {"&": "e", "@": "chiocciola", "+": "più", "=": "uguale a", "≠": "diverso da", "±": "più o meno",
         "≈": "circa", "≤": "al massimo", "≥": "almeno", "÷": "diviso", "×": "per", "%": "percento",
         "§": "paragrafo", "∞": "infinito", "√": "radice di"}  # fmt: skip
URL_SIGNS = {".": "punto", "/": "slash", "-": "trattino", "_": "trattino basso", "@": "chiocciola",
             ":": "due punti", "?": "punto interrogativo", "!": "punto esclamativo", "=": "uguale", "&": "e",
             "#": "cancelletto", "%": "percento", "+": "più", "~": "tilde", ",": "virgola",
             ";": "punto e virgola"}  # fmt: skip

_ALWAYS = {
    "sig.": "signor", "Sig.": "signor", "sig.ra": "signora", "Sig.ra": "signora", "sig.na": "signorina",
    "Sig.na": "signorina", "sigg.": "signori", "Sigg.": "signori", "dott.": "dottor", "Dott.": "dottor",
    "dott.ssa": "dottoressa", "Dott.ssa": "dottoressa", "dr.": "dottor", "Dr.": "dottor", "prof.": "professor",
    "Prof.": "professor", "prof.ssa": "professoressa", "Prof.ssa": "professoressa", "avv.": "avvocato",
    "Avv.": "avvocato", "ing.": "ingegner", "Ing.": "ingegner", "arch.": "architetto", "Arch.": "architetto",
    "geom.": "geometra", "Geom.": "geometra", "on.": "onorevole", "On.": "onorevole", "rag.": "ragionier",
    "ecc.": "eccetera", "ecc": "eccetera", "etc.": "eccetera", "es.": "esempio", "p. es.": "per esempio",
    "p.es.": "per esempio", "a.C.": "avanti Cristo", "a. C.": "avanti Cristo", "d.C.": "dopo Cristo",
    "d. C.": "dopo Cristo", "tel.": "telefono", "Tel.": "telefono", "cfr.": "confronta", "ca.": "circa",
    "c.so": "corso", "C.so": "corso", "p.zza": "piazza", "P.zza": "piazza", "p.za": "piazza", "v.le": "viale",
    "V.le": "viale", "max.": "massimo", "min.": "minimo", "gent.": "gentile", "Gent.": "gentile", "spett.":
    "spettabile",
    "Spett.": "spettabile", "vs.": "contro", "S.p.A.": "esse pi a", "S.r.l.": "esse erre elle",
}  # fmt: skip
_BEFORE_NUMBER = {
    **dict.fromkeys(("n.", "N.", "nr.", "n°", "N°", "nº"), "numero"),
    "pag.": "pagina", "pagg.": "pagine", "p.": "pagina", "pp.": "pagine", "vol.": "volume", "fig.": "figura",
    "art.": "articolo", "artt.": "articoli", "cap.": "capitolo", "par.": "paragrafo",
}  # fmt: skip
_BEFORE_NUMBER |= {short[0].upper() + short[1:]: word for short, word in _BEFORE_NUMBER.items() if len(short) > 2}
_BEFORE_NAME = {"S.": "san", "SS.": "santi", "sec.": "secolo"}

ABBREVIATIONS: dict[str, tuple[Abbreviation, ...]] = {}
for _table, _when in ((_BEFORE_NUMBER, When.BEFORE_NUMBER), (_BEFORE_NAME, When.BEFORE_NAME), (_ALWAYS, When.ALWAYS)):
    for _form, _words in _table.items():
        ABBREVIATIONS[_form] = (*ABBREVIATIONS.get(_form, ()), Abbreviation(_words, _when))

ACRONYMS = listed("NASA NATO ONU UNESCO UNICEF OPEC AIDS FIFA UEFA FIAT RAI ISTAT INPS IVA ENI COOP UFO IRPEF ANSA")
INITIALISMS = listed("UE PIL DNA RNA HIV FBI CIA BBC TV CD DVD PC USA IA ONG API URL USB CGIL")
SHORT_WORDS = listed(
    "A AD AI AL BEN CHE CHI CI CON COSÌ DA DAI DAL DEI DEL DI DIO DUE E È ED ERA FA FU GIÀ GLI HA HAI HO I IL IN IO LA "
    "LE LEI LI LO LUI MA ME MI MIA MIE MIO NE NÉ NEI NEL NO NOI NON O OH OR ORA PER PIÙ PUÒ QUA QUI RE SE SÈ SEI SI SÌ "
    "STA SU SUA SUE SUI SUL SUO TE TI TRA TRE TU TUA TUO UN UNA UNO VA VI VIA VOI"
)
NUMBERED = listed(
    "capitolo libro parte volume tomo atto scena sezione allegato articolo fase livello classe tipo figura tabella "
    "titolo guerra gruppo pagina numero riga anno"
)
RULERS = listed(
    "Vittorio Emanuele Umberto Carlo Alberto Ferdinando Filippo Luigi Enrico Napoleone Pio Benedetto Leone Gregorio "
    "Innocenzo Clemente Urbano Giorgio Guglielmo Edoardo Pietro Elisabetta Caterina Nicola Alessandro Federico "
    "Giovanni Paolo Bonifacio Giulio Sisto Cosimo Francesco"
)
NOT_NOUNS = listed(
    "con per che come più meno del della dei dal alla alle tra fra fino sono era anni milioni milione miliardi "
    "miliardo virgola punto senza ogni the and"
)
FEMININE = listed(
    "parte notte classe mano gente fonte torre nube sorte morte luce voce croce rete legge madre nave neve chiave "
    "carne arte immagine origine foto moto radio auto"
)
MASCULINE = listed("problema tema sistema programma clima poema dramma fantasma poeta papa pigiama pianeta cinema")
