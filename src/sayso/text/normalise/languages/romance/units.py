"""Units of Spanish, Italian and Portuguese: to teach another one, add a line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sayso.text.normalise.grammar import Unit

if TYPE_CHECKING:
    from collections.abc import Callable

# Symbols | singular and plural in Spanish | in Italian | in Portuguese of Brazil; a star marks a feminine name.
# A line that begins with a bar continues the one before.
_ROWS = """
% | por ciento/por ciento | percento/percento | por cento/por cento
‰ | por mil/por mil | per mille/per mille | por mil/por mil
km KM Km | kilómetro/kilómetros | chilometro/chilometri | quilômetro/quilômetros
m | metro/metros | metro/metri | metro/metros
dm | decímetro/decímetros | decimetro/decimetri | decímetro/decímetros
cm | centímetro/centímetros | centimetro/centimetri | centímetro/centímetros
mm | milímetro/milímetros | millimetro/millimetri | milímetro/milímetros
µm μm | micrómetro/micrómetros | micrometro/micrometri | micrômetro/micrômetros
nm | nanómetro/nanómetros | nanometro/nanometri | nanômetro/nanômetros
mi | milla/millas* | miglio/miglia | milha/milhas*
ft | pie/pies | piede/piedi | pé/pés
yd | yarda/yardas* | iarda/iarde* | jarda/jardas*
km² km2 | kilómetro cuadrado/kilómetros cuadrados | chilometro quadrato/chilometri quadrati
  | quilômetro quadrado/quilômetros quadrados
m² m2 | metro cuadrado/metros cuadrados | metro quadrato/metri quadrati | metro quadrado/metros quadrados
cm² cm2 | centímetro cuadrado/centímetros cuadrados | centimetro quadrato/centimetri quadrati
  | centímetro quadrado/centímetros quadrados
m³ m3 | metro cúbico/metros cúbicos | metro cubo/metri cubi | metro cúbico/metros cúbicos
cm³ cm3 | centímetro cúbico/centímetros cúbicos | centimetro cubo/centimetri cubi
  | centímetro cúbico/centímetros cúbicos
ha | hectárea/hectáreas* | ettaro/ettari | hectare/hectares
t | tonelada/toneladas* | tonnellata/tonnellate* | tonelada/toneladas*
kg KG Kg | kilogramo/kilogramos | chilogrammo/chilogrammi | quilo/quilos
g gr | gramo/gramos | grammo/grammi | grama/gramas
mg | miligramo/miligramos | milligrammo/milligrammi | miligrama/miligramas
µg μg | microgramo/microgramos | microgrammo/microgrammi | micrograma/microgramas
lb | libra/libras* | libbra/libbre* | libra/libras*
oz | onza/onzas* | oncia/once* | onça/onças*
l L | litro/litros | litro/litri | litro/litros
hl | hectolitro/hectolitros | ettolitro/ettolitri | hectolitro/hectolitros
cl | centilitro/centilitros | centilitro/centilitri | centilitro/centilitros
dl | decilitro/decilitros | decilitro/decilitri | decilitro/decilitros
ml mL | mililitro/mililitros | millilitro/millilitri | mililitro/mililitros
km/h kph | kilómetro por hora/kilómetros por hora | chilometro orario/chilometri orari
  | quilômetro por hora/quilômetros por hora
mph | milla por hora/millas por hora* | miglio orario/miglia orarie | milha por hora/milhas por hora*
m/s | metro por segundo/metros por segundo | metro al secondo/metri al secondo | metro por segundo/metros por segundo
h | hora/horas* | ora/ore* | hora/horas*
min | minuto/minutos | minuto/minuti | minuto/minutos
s seg sec | segundo/segundos | secondo/secondi | segundo/segundos
ms | milisegundo/milisegundos | millisecondo/millisecondi | milissegundo/milissegundos
° | grado/grados | grado/gradi | grau/graus
°C ℃ | grado Celsius/grados Celsius | grado Celsius/gradi Celsius | grau Celsius/graus Celsius
°F ℉ | grado Fahrenheit/grados Fahrenheit | grado Fahrenheit/gradi Fahrenheit | grau Fahrenheit/graus Fahrenheit
K | kelvin/kelvin | kelvin/kelvin | kelvin/kelvins
kB KB | kilobyte/kilobytes | kilobyte/kilobyte | kilobyte/kilobytes
MB | megabyte/megabytes | megabyte/megabyte | megabyte/megabytes
GB | gigabyte/gigabytes | gigabyte/gigabyte | gigabyte/gigabytes
TB | terabyte/terabytes | terabyte/terabyte | terabyte/terabytes
Mbit/s Mbps | megabit por segundo/megabits por segundo | megabit al secondo/megabit al secondo
  | megabit por segundo/megabits por segundo
A | amperio/amperios | ampere/ampere | ampere/amperes
mA | miliamperio/miliamperios | milliampere/milliampere | miliampere/miliamperes
V | voltio/voltios | volt/volt | volt/volts
kV | kilovoltio/kilovoltios | chilovolt/chilovolt | quilovolt/quilovolts
W | vatio/vatios | watt/watt | watt/watts
kW | kilovatio/kilovatios | chilowatt/chilowatt | quilowatt/quilowatts
MW | megavatio/megavatios | megawatt/megawatt | megawatt/megawatts
GW | gigavatio/gigavatios | gigawatt/gigawatt | gigawatt/gigawatts
kWh | kilovatio hora/kilovatios hora | chilowattora/chilowattora | quilowatt-hora/quilowatts-hora
MWh | megavatio hora/megavatios hora | megawattora/megawattora | megawatt-hora/megawatts-hora
Hz | hercio/hercios | hertz/hertz | hertz/hertz
kHz | kilohercio/kilohercios | chilohertz/chilohertz | quilohertz/quilohertz
MHz | megahercio/megahercios | megahertz/megahertz | megahertz/megahertz
GHz | gigahercio/gigahercios | gigahertz/gigahertz | gigahertz/gigahertz
dB | decibelio/decibelios | decibel/decibel | decibel/decibéis
kcal | kilocaloría/kilocalorías* | chilocaloria/chilocalorie* | quilocaloria/quilocalorias*
kJ | kilojulio/kilojulios | chilojoule/chilojoule | quilojoule/quilojoules
Pa | pascal/pascales | pascal/pascal | pascal/pascais
hPa | hectopascal/hectopascales | ettopascal/ettopascal | hectopascal/hectopascais
px | píxel/píxeles | pixel/pixel | pixel/pixels
hab. | habitante/habitantes | abitante/abitanti | habitante/habitantes
Ω | ohmio/ohmios | ohm/ohm | ohm/ohms
"""

_LANGUAGES = ("es", "it", "pt")


def units_of(language: str) -> dict[str, Unit]:
    """The units of "es", "it" or "pt", by symbol."""
    out: dict[str, Unit] = {}
    for row in _ROWS.strip().replace("\n  |", " |").splitlines():
        symbols, *names = (cell.strip() for cell in row.split("|"))
        one, _, many = names[_LANGUAGES.index(language)].partition("/")
        unit = Unit(one, many.removesuffix("*"), feminine=many.endswith("*"))
        out |= dict.fromkeys(symbols.split(), unit)
    return out


def unit_raiser(
    *,
    square: str,
    cube: str,
    to_the: str,
    masculine: tuple[str, str] = ("o", "os"),
    feminine: tuple[str, str] = ("a", "as"),
) -> Callable[[Unit, int, bool], Unit]:
    """How a unit is raised to a power: by an adjective that agrees with it, else by the number.

    Args:
        square: the adjective for 2 without its ending.
        cube: that for 3.
        to_the: what stands before any other exponent.
        masculine: the endings of the adjectives, of one and of many.
        feminine: those of feminine units.
    """
    adjectives = {2: square, 3: cube}

    def raise_unit(unit: Unit, exponent: int, divided: bool) -> Unit:  # noqa: ARG001, FBT001 -- a callback
        adjective = adjectives.get(exponent)
        if adjective is None:
            return Unit(f"{unit.one} {to_the} {exponent}", f"{unit.many} {to_the} {exponent}", unit.feminine)
        one, many = feminine if unit.feminine else masculine
        return Unit(f"{unit.one} {adjective}{one}", f"{unit.many} {adjective}{many}", unit.feminine)

    return raise_unit
