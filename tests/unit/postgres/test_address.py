"""The address of a database: what applications have in DATABASE_URL, read as libpq and as their libraries would."""

from __future__ import annotations

import pytest

from sayso.errors import InvalidInput
from sayso.postgres.address import parse_address

WHERE = {"user": "ann", "password": "S3cret", "host": "db.internal", "port": "5432", "dbname": "shop"}
URL = "postgresql://ann:S3cret@db.internal:5432/shop"


@pytest.mark.parametrize(
    "prefix", ["postgresql://", "postgres://", "postgresql+psycopg://", "postgresql+asyncpg://", "jdbc:postgresql://"]
)
def test_the_schemes_of_other_libraries_are_read(prefix: str) -> None:
    """SQLAlchemy's and JDBC's names for the same thing lead to the same database."""
    assert parse_address(URL.replace("postgresql://", prefix)).parameters == WHERE


def test_what_prisma_appends_is_understood() -> None:
    """The pool's size and PgBouncer are heeded, libpq's own parameters kept, and the rest named."""
    address = parse_address(
        f"{URL}?schema=public&pgbouncer=true&connection_limit=5&pool_timeout=20&socket_timeout=30"
        "&statement_cache_size=0&sslaccept=strict&connect_timeout=7&sslmode=require&application_name=shop%20api"
    )
    assert address.parameters == WHERE | {
        "connect_timeout": "7",
        "sslmode": "require",
        "application_name": "shop api",
    }
    assert address.is_pooled
    assert address.connection_limit == 5
    assert address.schema == "public"
    assert address.ignored == ("pool_timeout", "socket_timeout", "statement_cache_size", "sslaccept")


@pytest.mark.parametrize("quote", ['"', "'"])
def test_quotes_of_an_environment_file_are_no_part_of_an_address(quote: str) -> None:
    """Docker keeps them, dotenv does not."""
    assert parse_address(f" {quote}{URL}?schema=app{quote}\n").parameters == WHERE
    assert parse_address(f"{quote}{URL}?schema=app{quote}").schema == "app"


def test_a_service_of_prisma_is_no_database() -> None:
    """The error says which address to give, and repeats nothing of a key."""
    with pytest.raises(InvalidInput, match="service of Prisma") as caught:
        parse_address("prisma://accelerate.prisma-data.net/?api_key=secret")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("query", "mode"),
    [
        ("sslmode=no-verify", "require"),
        ("ssl=true", "require"),
        ("ssl=require", "require"),
        ("ssl=verify-full", "verify-full"),
        ("ssl=false", "disable"),
        ("ssl=true&sslmode=verify-full", "verify-full"),
        ("sslmode=verify-ca&ssl=true", "verify-ca"),
    ],
)
def test_encryption_that_was_asked_for_is_never_dropped(query: str, mode: str) -> None:
    """Other libraries' word for it becomes libpq's, and gives way to libpq's own."""
    assert parse_address(f"{URL}?{query}").parameters["sslmode"] == mode


@pytest.mark.parametrize("secret", ["a?b", "a?ssl=true", "what?&schema=x", "a%40b", "a%3Fb"])
def test_a_password_with_a_question_mark_is_no_query(secret: str) -> None:
    """What stands before the host is the password, as libpq reads it."""
    address = parse_address(f"postgresql://ann:{secret}@db.internal/shop?schema=public")
    assert address.parameters["password"] == secret.replace("%40", "@").replace("%3F", "?")
    assert address.parameters["host"] == "db.internal"
    assert address.schema == "public"
    assert address.ignored == ()


@pytest.mark.parametrize(
    "address",
    [
        "postgresql:///shop?host=/var/run/postgresql&schema=public",
        "postgresql://?host=/var/run/postgresql&dbname=shop",
        "host=/var/run/postgresql dbname=shop",
    ],
)
def test_sockets_and_keywords_are_read_as_before(address: str) -> None:
    """A socket's directory in the query, and libpq's own form, mean what they mean to libpq."""
    assert parse_address(address).parameters == {"host": "/var/run/postgresql", "dbname": "shop"}


@pytest.mark.parametrize("limit", ["", "0", "-1", "many", "1.5"])
def test_a_pool_of_no_size_is_refused(limit: str) -> None:
    """What is no number of connections is said, and nothing of the address repeated."""
    with pytest.raises(InvalidInput, match="connection_limit") as caught:
        parse_address(f"{URL}?connection_limit={limit}")
    assert "S3cret" not in str(caught.value)
