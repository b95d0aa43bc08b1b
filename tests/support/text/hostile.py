"""Texts that make careless patterns slow, derived from a pattern's own parse tree."""

from __future__ import annotations

import dataclasses
import importlib
import pkgutil
import re
from collections.abc import Mapping
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# Not by an import: whether there are stubs of the parser depends on what else is installed.
op: Any = importlib.import_module("re._constants")
parser: Any = importlib.import_module("re._parser")

ATOMS = (
    *"aA1 \t\n.,!?'\"“«’-–_*~`#></\\()[]|=:@&$€%½é漢😀",
    *("\u0301", "\u00a0", "\u200b", "\u2028"),
    *("](", "![", "[a]:", "[^a]: ", "](<", '](a "', "[[]", "&amp;", "&#1", "<!--", "-->", "<a ", "</", "<a a=", "a=b "),
    *('="', "---\n", "```", "~~~", "- ", "1. ", "> ", "http://", "www.", "a@", "a.", "a-", "a'", "IV ", "J. ", "Dr. "),
    *("[pause 1s]", "[pause ", "[voice:", "{\\", "{\\a}", "00:", "--> ", ". . ", '." ', "1:", "1/", "1.2.", "+1 "),
)
ENDINGS = ("\x00", " x", "")

_POOL = "aZ1 \t\n\u00a0.,;:!?'\"“’-–_*~`#<>/\\()[]{}|=@&$€%+½é漢\u0301\x00"


def patterns_of(*packages: str, more: tuple[object, ...] = ()) -> list[re.Pattern[str]]:
    """Every compiled pattern of some packages: of their modules, classes, values, and closures.

    Args:
        packages: their names.
        more: values that exist only once they are requested.
    """
    found: dict[tuple[str, int], re.Pattern[str]] = {}
    seen: dict[int, object] = {}  # which keeps them alive, so that no two have the same id
    waiting: list[object] = [*more, *(module for name in packages for module in _modules(name))]
    while waiting:
        value = waiting.pop()
        if id(value) in seen:
            continue
        seen[id(value)] = value
        if isinstance(value, re.Pattern):
            if isinstance(value.pattern, str):  # not one over our own bytes
                found[value.pattern, value.flags] = value
        else:
            waiting += _parts(value, packages)
    return sorted(found.values(), key=lambda pattern: (pattern.pattern, pattern.flags))


def _modules(package: str) -> Iterator[ModuleType]:
    root = importlib.import_module(package)
    yield root
    for info in pkgutil.walk_packages(root.__path__, f"{package}."):
        yield importlib.import_module(info.name)


def _parts(value: object, packages: tuple[str, ...]) -> Iterator[object]:
    """The parts of a value that belong to the packages."""
    if isinstance(value, Mapping):
        yield from value.values()
    elif isinstance(value, (list, tuple, set, frozenset)):
        yield from value
    elif isinstance(value, FunctionType):
        for cell in value.__closure__ or ():
            yield cell.cell_contents
    elif isinstance(value, ModuleType | type) and _home(value).startswith(packages):
        yield from vars(value).values()
    elif dataclasses.is_dataclass(value) and _home(type(value)).startswith(packages):
        yield from (getattr(value, field.name) for field in dataclasses.fields(value))


def _home(value: ModuleType | type) -> str:
    return value.__name__ if isinstance(value, ModuleType) else value.__module__


def texts_for(pattern: re.Pattern[str]) -> Iterator[Callable[[int], str]]:
    """Makers of texts of a given length that repeat each repetition of a pattern, and then make it fail."""
    for atom in ATOMS:
        yield lambda size, b=atom: b * (size // len(b)) + ENDINGS[0]  # type: ignore[misc]
    for prefix, pump in dict.fromkeys(_pumps(parser.parse(pattern.pattern, pattern.flags), "")):
        for ending in ENDINGS:
            yield lambda size, a=prefix, b=pump, c=ending: a + b * (size // len(b)) + c  # type: ignore[misc]
        if prefix:
            yield lambda size, both=prefix + pump: both * (size // len(both))  # type: ignore[misc]
            yield lambda size, a=prefix, b=pump: a * (size // 2 // len(a)) + b * (size // 2 // len(b))  # type: ignore[misc]


def _pumps(tree: Any, prefix: str) -> Iterator[tuple[str, str]]:
    """The text before each repetition of a pattern, and the repeated text."""
    for kind, value in tree:
        if kind in _REPEATS:
            body = value[2]
            for pump in _samples(body):
                yield prefix, pump
                yield prefix + _sample(body), pump
            yield from _pumps(body, prefix)
        elif kind is op.SUBPATTERN:
            yield from _pumps(value[3], prefix)
        elif kind is op.ATOMIC_GROUP:
            yield from _pumps(value, prefix)
        elif kind is op.BRANCH:
            for branch in value[1]:
                yield from _pumps(branch, prefix)
        elif kind in {op.ASSERT, op.ASSERT_NOT}:
            yield from _pumps(value[1], prefix)
        prefix += _sample([(kind, value)])


_REPEATS = {op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT}


def _samples(tree: Any) -> list[str]:
    """Some texts that this part of a pattern matches; of one set of characters, one of each kind."""
    parts = list(tree)
    if len(parts) == 1:
        kind, value = parts[0]
        if kind is op.IN:
            return [char for char in _POOL if _is_in(char, value)]
        if kind is op.ANY:
            return list("a <")
        if kind is op.NOT_LITERAL:
            return [char for char in _POOL if ord(char) != value]
        if kind is op.BRANCH:
            return [sample for branch in value[1] for sample in _samples(branch)]
        if kind is op.SUBPATTERN:
            return _samples(value[3])
        if kind is op.ATOMIC_GROUP:
            return _samples(value)
    return [sample] if (sample := _sample(parts)) else []


def _sample(tree: Any) -> str:
    """A text that this part of a pattern matches, without look-arounds and references."""
    text = ""
    for kind, value in tree:
        if kind is op.LITERAL:
            text += chr(value)
        elif kind in _REPEATS:
            text += _sample(value[2]) * max(value[0], min(1, value[1]))
        elif kind is op.SUBPATTERN:
            text += _sample(value[3])
        elif kind is op.ATOMIC_GROUP:
            text += _sample(value)
        elif kind is op.BRANCH:
            text += _sample(value[1][0])
        elif kind in {op.IN, op.ANY, op.NOT_LITERAL}:
            text += next(iter(_samples([(kind, value)])), "")
    return text


def _is_in(char: str, items: Any) -> bool:
    negated = items[0][0] is op.NEGATE
    return any(_matches(char, kind, value) for kind, value in items if kind is not op.NEGATE) != negated


_CATEGORIES: dict[Any, Callable[[str], bool]] = {
    op.CATEGORY_DIGIT: str.isdecimal,
    op.CATEGORY_NOT_DIGIT: lambda char: not char.isdecimal(),
    op.CATEGORY_SPACE: str.isspace,
    op.CATEGORY_NOT_SPACE: lambda char: not char.isspace(),
    op.CATEGORY_WORD: lambda char: char.isalnum() or char == "_",
    op.CATEGORY_NOT_WORD: lambda char: not (char.isalnum() or char == "_"),
}


def _matches(char: str, kind: Any, value: Any) -> bool:
    if kind is op.LITERAL:
        return bool(ord(char) == value)
    if kind is op.RANGE:
        return bool(value[0] <= ord(char) <= value[1])
    return bool(_CATEGORIES[value](char))
