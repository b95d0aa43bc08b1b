"""The application's tables "TtsJob" and "Card" as one deployment has them, and their names and types in SQL."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from psycopg import sql

from sayso.cards.phrases import language_of_key
from sayso.postgres.connections import storable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import LiteralString

JOB_TABLE, CARD_TABLE = "TtsJob", "Card"

_INTEGERS = {"int2": 2**15, "int4": 2**31, "int8": 2**63}

_LONGEST_NUMBER = 40
"""So many digits are no number of any of these types."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Column:
    """A column of a table.

    Attributes:
        name: as it is spelled.
        type_schema: the schema of its type.
        type_name: the name of its type, which may be an enum or a domain.
        base: the name of PostgreSQL's type behind a domain; the same for other types.
        modifier: of its type, as ``pg_attribute.atttypmod`` has it; -1 for none.
        is_nullable: whether it may be null.
        has_default: whether an insert may leave it out, though it is not nullable.
        ordinal: its place in the table.
    """

    name: str
    type_schema: str
    type_name: str
    base: str
    modifier: int
    is_nullable: bool
    has_default: bool
    ordinal: int

    @property
    def identifier(self) -> sql.Identifier:
        """Its name in SQL."""
        return identifier(self.name)

    @property
    def type(self) -> sql.Identifier:
        """Its type in SQL, without a length."""
        return identifier(self.type_schema, self.type_name)

    @property
    def is_time(self) -> bool:
        """Whether it is a moment."""
        return self.base in {"timestamp", "timestamptz"}

    @property
    def length(self) -> int | None:
        """The largest number of characters; None for no limit."""
        return self.modifier - 4 if self.base in {"varchar", "bpchar"} and self.modifier >= 0 else None

    def canonical(self, text: str) -> str | None:
        """A text as the database writes the value that it stands for; None if no value of this column is so written."""
        if self.base == "uuid":
            return _canonical_uuid(text)
        if self.base in _INTEGERS:
            return _canonical_number(text, limit=_INTEGERS[self.base])
        is_kept = storable(text) == text and (self.length is None or len(text) <= self.length)
        return text if is_kept else None

    def accepts(self, text: str) -> bool:
        """Whether a text stands for a value of this column."""
        return self.canonical(text) is not None

    def of_text(self, value: sql.Composable) -> sql.Composed:
        """A text in SQL as a value of this column's type."""
        return sql.SQL("{}::text::{}").format(value, self.type)

    @property
    def now(self) -> sql.Composed:
        """The present in SQL, as a value of this column: in UTC, whatever the time zone of the session is."""
        return self.of_moment(sql.SQL("clock_timestamp()"))

    def of_moment(self, value: sql.Composable) -> sql.Composed:
        """A ``timestamptz`` in SQL as a value of this column, cut to whole milliseconds as Prisma has them."""
        moment = sql.SQL("date_trunc({}, {})").format(sql.Literal(self._unit), value)
        return sql.SQL("({})").format(moment) if self.base == "timestamptz" else _in_utc(moment)

    def as_moment(self, value: sql.Composable) -> sql.Composed:
        """A value of this column in SQL as a ``timestamptz``."""
        return sql.SQL("({})").format(value) if self.base == "timestamptz" else _in_utc(value)

    @property
    def _unit(self) -> str:
        # The token of a lease is a time in such a column: what is written must be what is read.
        return "milliseconds" if self.modifier < 0 or self.modifier >= 3 else "second"


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """A table of the application, or a view that can be updated.

    Attributes:
        schema: its schema.
        name: its name.
        kind: ``r`` for a table, ``p`` if it is partitioned, ``v`` for a view, ``f`` for a foreign table.
        columns: by name, in their order.
    """

    schema: str
    name: str
    kind: str
    columns: Mapping[str, Column]

    @property
    def identifier(self) -> sql.Identifier:
        """Its name in SQL."""
        return identifier(self.schema, self.name)

    def get(self, name: str) -> Column | None:
        """A column; None if the table lacks it."""
        return self.columns.get(name)

    def __getitem__(self, name: str) -> Column:
        return self.columns[name]

    def __contains__(self, name: str) -> bool:
        return name in self.columns

    def required(self, given: Iterable[str]) -> list[str]:
        """The columns that an insert must give a value for, without those that it gives one for."""
        return [
            column.name
            for column in self.columns.values()
            if not column.is_nullable and not column.has_default and column.name not in given
        ]


@dataclass(frozen=True, kw_only=True, slots=True)
class ApplicationTables:
    """What an application has.

    Attributes:
        application: its name in Sayso's own tables, which several applications may share: its database and schema.
        jobs: "TtsJob".
        cards: "Card"; None if the application has none, or none with a URL.
        is_unicode: whether their texts can have any character.
        warnings: what may keep Sayso from its work, in sentences.
        row_security: what to do about tables of which policies may hide rows from this user, in sentences.
    """

    application: str
    jobs: Table
    cards: Table | None
    is_unicode: bool = True
    warnings: tuple[str, ...] = ()
    row_security: tuple[str, ...] = ()

    @property
    def url_columns(self) -> Mapping[str, Column]:
        """The columns of "Card" for URLs, by name."""
        columns = self.cards.columns if self.cards else {}
        return {name: column for name, column in columns.items() if is_url_column(name)}


def is_url_column(name: str) -> bool:
    """Whether a column of "Card" has the URL of a language."""
    return language_of_key(name, "audioUrl") is not None


def identifier(*names: str) -> sql.Identifier:
    """A name in SQL, in a statement with parameters: a percent sign there begins one."""
    return sql.Identifier(*(name.replace("%", "%%") for name in names))


def compose(template: LiteralString, **parts: sql.Composable) -> sql.Composed:
    """A statement with its parts in their places."""
    return sql.SQL(template).format(**parts)


def _in_utc(value: sql.Composable) -> sql.Composed:
    return sql.SQL("({} at time zone 'UTC')").format(value)


def _canonical_uuid(text: str) -> str | None:
    try:
        return str(UUID(text))
    except ValueError:
        return None


def _canonical_number(text: str, *, limit: int) -> str | None:
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdecimal() and len(digits) < _LONGEST_NUMBER):
        return None
    number = int(text)
    return str(number) if -limit <= number < limit else None
