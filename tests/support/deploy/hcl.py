"""Evaluate the expressions of HCL that Terraform's files here use, so that tests see values and not text.

No Terraform binary is needed: python-hcl2 parses the files, and this evaluates what it leaves as text: templates,
references, calls, objects, tuples, ``for`` expressions, conditions, splats and operators
(https://github.com/hashicorp/hcl/blob/main/hclsyntax/spec.md). What it does not know, it refuses.
"""

from __future__ import annotations

import json
import operator
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

_TOKEN = re.compile(
    r"""\s*(?:
    (?P<number>\d+(?:\.\d+)?)
  | (?P<name>[A-Za-z_][\w-]*)
  | (?P<quote>")
  | (?P<mark>=>|\.\.\.|\[\*\]|==|!=|>=|<=|&&|\|\||[-+*/%!<>?:=.,(){}\[\]])
)""",
    re.VERBOSE,
)

_BINARY: list[dict[str, Callable[[Any, Any], Any]]] = [
    {"||": lambda a, b: a or b},
    {"&&": lambda a, b: a and b},
    {"==": operator.eq, "!=": operator.ne},
    {"<": operator.lt, ">": operator.gt, "<=": operator.le, ">=": operator.ge},
    {"+": operator.add, "-": operator.sub},
    {"*": operator.mul, "/": operator.truediv, "%": operator.mod},
]


class EvaluationError(Exception):
    """An expression that cannot be evaluated, as Terraform's `try` catches it."""


def _coalesce(*values: Any) -> Any:
    found = next((value for value in values if value not in (None, "")), None)
    if found is None:
        raise EvaluationError("coalesce: no value")
    return found


def _flatten(values: Iterable[Any]) -> list[Any]:
    return [each for value in values for each in (_flatten(value) if isinstance(value, list) else [value])]


def _one(values: list[Any]) -> Any:
    if len(values) > 1:
        raise EvaluationError("one: more than one value")
    return values[0] if values else None


def _lookup(values: Mapping[str, Any], key: str, *default: Any) -> Any:
    if key in values:
        return values[key]
    if default:
        return default[0]
    raise EvaluationError(f"lookup: {key}")


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "coalesce": _coalesce,
    "compact": lambda values: [value for value in values if value not in (None, "")],
    "concat": lambda *lists: [value for each in lists for value in each],
    "contains": lambda values, value: value in values,
    "distinct": lambda values: list(dict.fromkeys(values)),
    "element": lambda values, number: values[number],
    "flatten": _flatten,
    "join": lambda separator, texts: separator.join(texts),
    "jsonencode": json.dumps,
    "keys": sorted,
    "length": len,
    "lookup": _lookup,
    "merge": lambda *maps: {key: value for each in maps for key, value in (each or {}).items()},
    "max": max,
    "min": min,
    "one": _one,
    "setsubtract": lambda some, others: [value for value in some if value not in others],
    "slice": lambda values, start, end: values[start:end],
    "sort": sorted,
    "split": lambda separator, text: text.split(separator),
    "tolist": list,
    "toset": lambda values: sorted(set(values)),
    "tostring": str,
    "values": lambda mapping: [mapping[key] for key in sorted(mapping)],
}


class Evaluator:
    """Evaluates one expression.

    Args:
        text: of the expression.
        scope: the values of the names at its beginning, such as ``var`` and ``local``.
    """

    def __init__(self, text: str, scope: Mapping[str, Any]) -> None:
        self._text = text
        self._scope = dict(scope)
        self._at = 0

    def whole(self) -> Any:
        """The value.

        Raises:
            EvaluationError: a name is unknown, or the expression is none that is known here.
        """
        value = self._condition()
        if self._peek() is not None:
            raise EvaluationError(f"not understood: {self._text[self._at :]!r}")
        return value

    # Tokens

    def _peek(self) -> str | None:
        found = _TOKEN.match(self._text, self._at)
        if found is None:
            if self._text[self._at :].strip():
                raise EvaluationError(f"not understood: {self._text[self._at :]!r}")
            return None
        return found.group().strip()

    def _take(self, expected: str | None = None) -> str:
        found = _TOKEN.match(self._text, self._at)
        if found is None or (expected is not None and found.group().strip() != expected):
            raise EvaluationError(f"{expected or 'more'} expected: {self._text[self._at :]!r}")
        self._at = found.end()
        return found.group().strip()

    def _has(self, mark: str) -> bool:
        if self._peek() == mark:
            self._take()
            return True
        return False

    # Expressions

    def _condition(self) -> Any:
        value = self._operation(0)
        if not self._has("?"):
            return value
        chosen = self._branch(is_taken=bool(value))
        self._take(":")
        other = self._branch(is_taken=not value)
        return chosen if value else other

    def _branch(self, *, is_taken: bool) -> Any:
        """One of the two values of a condition; what is not taken may not be known."""
        start = self._at
        try:
            return self._condition()
        except EvaluationError:
            if is_taken:
                raise
            self._at = start
            self._skip()
            return None

    def _skip(self) -> None:
        """Go to the end of an expression, without its value."""
        depth = 0
        while (word := self._peek()) is not None:
            if depth == 0 and word in {":", ",", ")", "]", "}"}:
                return
            depth += {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}.get(word, 0)
            if word == '"':
                self._template()
            else:
                self._take()

    def _operation(self, level: int) -> Any:
        if level == len(_BINARY):
            return self._unary()
        value = self._operation(level + 1)
        while (mark := self._peek()) in _BINARY[level]:
            self._take()
            value = _BINARY[level][str(mark)](value, self._operation(level + 1))
        return value

    def _unary(self) -> Any:
        if self._has("!"):
            return not self._unary()
        if self._has("-"):
            return -self._unary()
        value = self._primary()
        while (mark := self._peek()) in {".", "[", "[*]"}:
            if mark == "[*]":
                self._take()
                value = self._splat(value)
                continue
            self._take()
            key = self._take() if mark == "." else self._condition()
            if mark == "[":
                self._take("]")
            value = self._of(value, key)
        return value

    def _splat(self, value: Any) -> Any:
        values = [] if value is None else value if isinstance(value, list) else [value]
        while self._has("."):
            key = self._take()
            values = [self._of(each, key) for each in values]
        return values

    def _of(self, value: Any, key: Any) -> Any:
        try:
            return value[int(key)] if isinstance(value, list) else value[key]
        except (KeyError, IndexError, TypeError, ValueError):
            raise EvaluationError(f"there is no {key} in {self._text!r}") from None

    def _primary(self) -> Any:
        word = self._peek()
        if word is None:
            raise EvaluationError(f"an expression expected: {self._text!r}")
        if word == '"':
            return self._template()
        self._take()
        if word == "(":
            value = self._condition()
            self._take(")")
            return value
        if word == "[":
            return self._list()
        if word == "{":
            return self._object()
        if word[0].isdigit():
            return float(word) if "." in word else int(word)
        if word in {"true", "false", "null"}:
            return {"true": True, "false": False, "null": None}[word]
        if self._peek() == "(":
            return self._call(word)
        if word not in self._scope:
            raise EvaluationError(f"{word} is not known in {self._text!r}")
        return self._scope[word]

    def _call(self, name: str) -> Any:
        self._take("(")
        if name == "try":
            return self._tried()
        arguments: list[Any] = []
        while not self._has(")"):
            arguments.append(self._condition())
            self._has(",")
        if name not in FUNCTIONS:
            raise EvaluationError(f"the function {name} is not known")
        return FUNCTIONS[name](*arguments)

    def _tried(self) -> Any:
        found: list[Any] = []
        while not self._has(")"):
            start = self._at
            try:
                found.append(self._condition())
            except EvaluationError:
                self._at = start
                self._skip()
            self._has(",")
        if not found:
            raise EvaluationError(f"try: no value in {self._text!r}")
        return found[0]

    def _list(self) -> list[Any]:
        if self._peek() == "for":
            return self._for("]", self._condition)
        values = []
        while not self._has("]"):
            values.append(self._condition())
            self._has(",")
        return values

    def _object(self) -> dict[str, Any]:
        if self._peek() == "for":
            return dict(self._for("}", self._pair))
        found: dict[str, Any] = {}
        while not self._has("}"):
            key = self._template() if self._peek() == '"' else self._take()
            self._take("=" if self._peek() == "=" else ":")
            found[str(key)] = self._condition()
            self._has(",")
        return found

    def _pair(self) -> tuple[Any, Any]:
        key = self._condition()
        self._take("=>")
        return key, self._condition()

    def _for(self, end: str, item: Callable[[], Any]) -> list[Any]:
        self._take("for")
        names = [self._take()]
        if self._has(","):
            names.append(self._take())
        self._take("in")
        source = self._condition()
        self._take(":")
        pairs = list(source.items()) if isinstance(source, dict) else list(enumerate(source))
        start, outer, found = self._at, dict(self._scope), []
        for key, value in pairs:
            self._at = start
            self._scope = {**outer, **dict(zip(names, (key, value) if len(names) == 2 else (value,), strict=True))}
            made = item()
            if not self._has("if") or self._condition():
                found.append(made)
        if not pairs:
            self._skip_to(end)
        self._scope = outer
        self._take(end)
        return found

    def _skip_to(self, end: str) -> None:
        while self._peek() not in {end, None}:
            self._skip()
            if self._peek() in {":", ","} or (self._peek() not in {end, None}):
                self._take()

    def _template(self) -> str:
        self._take('"')
        parts: list[str] = []
        while True:
            character = self._text[self._at]
            if character == '"':
                self._at += 1
                return "".join(parts)
            if self._text.startswith("${", self._at):
                end = _closing(self._text, self._at + 2)
                value = Evaluator(self._text[self._at + 2 : end], self._scope).whole()
                parts.append("true" if value is True else "false" if value is False else str(value))
                self._at = end + 1
            elif character == "\\":
                parts.append({"n": "\n", "t": "\t"}.get(self._text[self._at + 1], self._text[self._at + 1]))
                self._at += 2
            else:
                parts.append(character)
                self._at += 1


def _closing(text: str, at: int) -> int:
    """Where the interpolation that begins before ``at`` ends."""
    depth = 0
    while True:
        if text[at] == "}" and depth == 0:
            return at
        depth += {"{": 1, "}": -1}.get(text[at], 0)
        at += 1


def evaluated(value: Any, scope: Mapping[str, Any]) -> Any:
    """A value as python-hcl2 leaves it, with everything in it evaluated.

    Raises:
        EvaluationError: a name is unknown, or an expression is none that is known here.
    """
    if isinstance(value, dict):
        marks = ("__comments__", "__is_block__", "__inline_comments__")
        return {
            (Evaluator(key, scope).whole() if key.startswith('"') else key): evaluated(each, scope)
            for key, each in value.items()
            if key not in marks
        }
    if isinstance(value, list):
        return [evaluated(each, scope) for each in value]
    if not isinstance(value, str):
        return value
    text = value[2:-1] if value.startswith("${") and value.endswith("}") else value
    return Evaluator(text, scope).whole()
