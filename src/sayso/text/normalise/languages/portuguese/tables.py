"""Portuguese words for short forms: to teach another one, add a line."""

from __future__ import annotations

from sayso.text.normalise.grammar import Abbreviation, Currency, Unit, When, listed

MONTHS = ("janeiro", "fevereiro", "março", "abril", "maio", "junho", "julho", "agosto", "setembro", "outubro",
          "novembro", "dezembro")  # fmt: skip
SHORT_MONTHS = {"jan": 1, "fev": 2, "mar": 3, "abr": 4, "mai": 5, "jun": 6, "jul": 7, "ago": 8, "set": 9, "out": 10,
                "nov": 11, "dez": 12}  # fmt: skip

_CENT = Unit("centavo", "centavos")
_EURO_CENT = Unit("cêntimo", "cêntimos")


def _money(one: str, many: str, cents: Unit | None = _CENT, *, feminine: bool = False) -> Currency:
    return Currency(Unit(one, many, feminine), cents, names_cents=True)


CURRENCIES = {
    **dict.fromkeys(("R$", "BRL"), _money("real", "reais")),
    **dict.fromkeys(("€", "EUR"), _money("euro", "euros", _EURO_CENT)),
    **dict.fromkeys(("$", "US$", "USD"), _money("dólar", "dólares")),
    **dict.fromkeys(("£", "GBP"), _money("libra", "libras", Unit("penny", "pence"), feminine=True)),
    **dict.fromkeys(("¥", "JPY"), _money("iene", "ienes", None)),
    **dict.fromkeys(("₩", "KRW"), _money("won", "wons", None)),
    **dict.fromkeys(("₹", "INR"), _money("rupia", "rupias", None, feminine=True)),
    **dict.fromkeys(("₽", "RUB"), _money("rublo", "rublos", None)),
    **dict.fromkeys(("CNY", "元"), _money("yuan", "yuans", None)),
    "CHF": _money("franco suíço", "francos suíços"),
    **dict.fromkeys(("Kz", "AOA"), _money("kwanza", "kwanzas")),
    **dict.fromkeys(("MT", "MZN"), _money("metical", "meticais")),
}
SCALES = {
    "mil": Unit("mil", "mil"),
    **dict.fromkeys(("k", "K"), Unit("mil", "mil")),
    **dict.fromkeys(("milhão", "milhões", "mi", "M"), Unit("milhão", "milhões")),
    **dict.fromkeys(("bilhão", "bilhões", "bi"), Unit("bilhão", "bilhões")),
    **dict.fromkeys(("bilião", "biliões"), Unit("bilião", "biliões")),
    **dict.fromkeys(("trilhão", "trilhões", "tri"), Unit("trilhão", "trilhões")),
}
PER_UNITS = {
    "dia": Unit("dia", "dias"),
    "mês": Unit("mês", "meses"),
    "ano": Unit("ano", "anos"),
    "noite": Unit("noite", "noites", feminine=True),
    "pessoa": Unit("pessoa", "pessoas", feminine=True),
}

PREFIXES = {"-": "menos", "−": "menos", "–": "menos", "+": "mais", "±": "mais ou menos", "#": "número",
            "№": "número", "~": "cerca de", "≈": "cerca de", "<": "menos de", ">": "mais de", "≤": "no máximo",
            "≥": "no mínimo", "×": "vezes", "§": "parágrafo"}  # fmt: skip
BETWEEN_NUMBERS = {"–": "a", "-": "a", "×": "vezes", "*": "vezes", "÷": "dividido por", "−": "menos", "+": "mais",
                   "/": "sobre"}  # fmt: skip
RELATIONS = {
    "−": ("menos", "menos"),
    "<": ("é menor que", "menos de"),
    ">": ("é maior que", "mais de"),
    **dict.fromkeys(("≤", "<="), ("é menor ou igual a", "no máximo")),
    **dict.fromkeys(("≥", ">="), ("é maior ou igual a", "no mínimo")),
    **dict.fromkeys(("≠", "!="), ("é diferente de", "diferente de")),
    **dict.fromkeys(("≈", "≅"), ("é cerca de", "cerca de")),
}
SIGNS = {"&": "e", "@": "arroba", "+": "mais", "=": "é igual a", "≠": "é diferente de", "±": "mais ou menos",
         "≈": "cerca de", "≤": "no máximo", "≥": "no mínimo", "÷": "dividido por", "×": "vezes", "%": "por cento",
         "§": "parágrafo", "∞": "infinito", "√": "raiz de"}  # fmt: skip
URL_SIGNS = {".": "ponto", "/": "barra", "-": "hífen", "_": "sublinhado", "@": "arroba", ":": "dois pontos",
             "?": "ponto de interrogação", "=": "igual", "&": "e", "#": "cerquilha", "%": "por cento", "+": "mais",
             "~": "til", ",": "vírgula", ";": "ponto e vírgula"}  # fmt: skip

_ALWAYS = {
    "Sr.": "senhor", "sr.": "senhor", "Sra.": "senhora", "sra.": "senhora", "Srª": "senhora", "Srta.": "senhorita",
    "Srs.": "senhores", "Dr.": "doutor", "dr.": "doutor", "Dra.": "doutora", "dra.": "doutora", "Drª": "doutora",
    "Prof.": "professor", "prof.": "professor", "Profa.": "professora", "Profª": "professora", "Eng.": "engenheiro",
    "Exmo.": "excelentíssimo", "Exma.": "excelentíssima", "D.ª": "dona", "etc.": "et cetera", "etc": "et cetera",
    "p. ex.": "por exemplo", "p.ex.": "por exemplo", "ex.": "exemplo", "a.C.": "antes de Cristo",
    "a. C.": "antes de Cristo", "d.C.": "depois de Cristo", "d. C.": "depois de Cristo", "tel.": "telefone",
    "Tel.": "telefone", "av.": "avenida", "Av.": "avenida", "Pça.": "praça", "apto.": "apartamento",
    "aprox.": "aproximadamente", "máx.": "máximo", "mín.": "mínimo", "ed.": "edição", "cia.": "companhia",
    "Cia.": "companhia", "depto.": "departamento", "vs.": "contra", "EUA": "Estados Unidos", "E.U.A.": "Estados Unidos",
    "ext.": "extensão", "Ltda.": "limitada", "S.A.": "esse a", "S/A": "esse a", "Gal.": "general", "séc.": "século",
    "Séc.": "século", "vc": "você",
}  # fmt: skip
_BEFORE_NUMBER = {
    **dict.fromkeys(("n.º", "N.º", "nº", "Nº", "n°", "N°", "núm."), "número"),
    "pág.": "página", "págs.": "páginas", "p.": "página", "pp.": "páginas", "vol.": "volume", "fig.": "figura",
    "art.": "artigo", "arts.": "artigos", "cap.": "capítulo",
}  # fmt: skip
_BEFORE_NUMBER |= {short[0].upper() + short[1:]: word for short, word in _BEFORE_NUMBER.items() if len(short) > 2}
_BEFORE_NAME = {"D.": "dom", "Sta.": "santa", "Sto.": "santo", "S.": "são", "R.": "rua"}

ABBREVIATIONS: dict[str, tuple[Abbreviation, ...]] = {}
for _table, _when in ((_BEFORE_NUMBER, When.BEFORE_NUMBER), (_BEFORE_NAME, When.BEFORE_NAME), (_ALWAYS, When.ALWAYS)):
    for _form, _words in _table.items():
        ABBREVIATIONS[_form] = (*ABBREVIATIONS.get(_form, ()), Abbreviation(_words, _when))

ACRONYMS = listed("NASA OTAN ONU UNESCO UNICEF OPEP AIDS SIDA FIFA UEFA USP SUS MEC INSS IVA ICMS OVNI OMS ENEM")
INITIALISMS = listed("UE PIB DNA RNA ADN HIV FBI CIA BBC TV CD DVD PC IA ONG API URL USB RG CPF CNPJ PT SP RJ UTI")
SHORT_WORDS = listed(
    "A À AO AOS AS ATÉ BEM BOM COM DA DAR DAS DE DEZ DIA DO DOIS DOS E É ELA ELE EM ERA ESSA ESSE EU FIM FOI HÁ IR JÁ "
    "LÁ LEI LER LHE LUZ MAIS MAL MÃE MAR MAS ME MEU MÊS MIL NA NÃO NAS NEM NO NÓS NOS O OS OU PAI PAZ PÉ POR QUE QUEM "
    "REI RIO SE SEM SER SEU SIM SOB SOL SÓ SOU SUA TAL TÃO TE TEM TER TEU TRÊS TU TUA UM UMA VAI VER VEZ VI VIR VOZ"
)
NUMBERED = listed(
    "capítulo livro parte volume tomo ato cena seção secção anexo artigo fase nível classe tipo figura tabela título "
    "guerra grupo página número linha ano"
)
RULERS = listed(
    "Pedro João Afonso Manuel Filipe Carlos Luís Henrique Napoleão Pio Bento Leão Gregório Inocêncio Clemente Urbano "
    "Jorge Guilherme Eduardo Fernando Maria Isabel Elizabeth Catarina Nicolau Alexandre Frederico Paulo Sancho Dinis "
    "Francisco"
)
NOT_NOUNS = listed(
    "com por para que como mais menos dos das uma sobre entre até desde mas são foi mil milhões milhão bilhões bilhão "
    "trilhões trilhão vírgula ponto era está estão sem cada the and"
)
FEMININE = listed(
    "noite mão parte classe gente fonte torre sorte morte luz voz cruz rede lei mulher vez flor cor imagem ordem série "
    "viagem foto moto rádio maçã irmã manhã"
)
MASCULINE = listed(
    "dia mapa planeta problema tema sistema programa idioma clima poema drama fantasma poeta papa pijama sofá grama "
    "quilograma"
)
