"""The application of examples/cards: Prisma's own client and SQL, from npm, without any download but npm's."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from psycopg.conninfo import conninfo_to_dict

from support.missing_parts import missing

if TYPE_CHECKING:
    from collections.abc import Mapping

EXAMPLE = Path(__file__).parents[3] / "examples" / "cards"
MIGRATION = EXAMPLE / "prisma" / "migrations" / "20260101000000_decks" / "migration.sql"

STATUS_AS_TEXT = {
    r"enum TtsJobStatus \{.*?\}\n": "",
    r"TtsJobStatus @default\(pending\)": 'String @default("pending")',
}
"""Changes of the schema: the status is text."""

_OFFLINE = {
    "CHECKPOINT_DISABLE": "1",
    "PRISMA_ENGINES_MIRROR": "http://127.0.0.1:9",
    "PRISMA_SCHEMA_ENGINE_BINARY": "/bin/true",
    "PRISMA_QUERY_ENGINE_LIBRARY": "/bin/true",
}
"""The engines that Prisma would download are not used: its WebAssembly does their work."""

_SECONDS = 240


def prisma_url(conninfo: str, **parameters: str) -> str:
    """The DATABASE_URL of an application for a database of this machine, which listens on a socket.

    Args:
        conninfo: of the database.
        **parameters: such as ``schema``.
    """
    parts = conninfo_to_dict(conninfo)
    query = urlencode({"host": str(parts["host"]), **parameters}, safe="/")
    return f"postgresql://{quote(str(parts['user']))}@localhost:{parts['port']}/{parts['dbname']}?{query}"


class PrismaApplication:
    """The application in a directory of its own.

    Args:
        directory: with the files of the example, and its packages.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def generate(self) -> None:
        """Generate the client from the schema, as `prisma generate` does."""
        self._prisma("generate")

    def change_schema(self, changes: Mapping[str, str]) -> None:
        """Change the example's schema by regular expressions, each of which is found once."""
        schema = self._directory / "prisma" / "schema.prisma"
        text = (EXAMPLE / "prisma" / "schema.prisma").read_text(encoding="utf-8")
        for pattern, replacement in changes.items():
            text, count = re.subn(pattern, replacement, text, flags=re.DOTALL)
            assert count == 1, pattern
        schema.write_text(text, encoding="utf-8")

    def tables_sql(self, url: str) -> str:
        """The SQL that `prisma migrate` makes for the schema.

        Args:
            url: the DATABASE_URL of any database.
        """
        diff = self._prisma(
            "migrate", "diff", "--from-empty", "--to-schema-datamodel", "prisma/schema.prisma", "--script", url=url
        )
        return diff[diff.index("-- Create") :]

    def insert_deck(self, url: str, *arguments: str) -> str:
        """Run the example's script, and return what it prints.

        Args:
            url: the DATABASE_URL.
            *arguments: of the script.
        """
        return self._run("node", "insert_deck.mjs", *arguments, url=url)

    def run_script(self, url: str, script: str) -> str:
        """Run statements of an ES module in which ``prisma`` is a client, and return what they print."""
        path = self._directory / "script.mjs"
        path.write_text(
            'import { PrismaPg } from "@prisma/adapter-pg";\n'
            'import { PrismaClient } from "@prisma/client";\n'
            "const connectionString = process.env.DATABASE_URL;\n"
            'const schema = new URL(connectionString).searchParams.get("schema") ?? undefined;\n'
            "const prisma = new PrismaClient({ adapter: new PrismaPg({ connectionString }, { schema }) });\n"
            f"{script}\nawait prisma.$disconnect();\n",
            encoding="utf-8",
        )
        return self._run("node", path.name, url=url)

    def _prisma(self, *arguments: str, url: str = "postgresql://localhost/unused") -> str:
        return self._run("node", "node_modules/prisma/build/index.js", *arguments, url=url)

    def _run(self, *command: str, url: str) -> str:
        ran = subprocess.run(
            command,
            cwd=self._directory,
            env=os.environ | _OFFLINE | {"DATABASE_URL": url},
            capture_output=True,
            text=True,
            check=False,
            timeout=_SECONDS,
        )
        assert ran.returncode == 0, f"{' '.join(command)}: {ran.stdout}\n{ran.stderr}"
        return ran.stdout


def installed_application(directory: Path) -> PrismaApplication:
    """The example with its packages, in a new directory; the test is skipped without npm.

    Args:
        directory: an empty one; it gets about 170 MB.
    """
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        missing("node and npm are not installed: Prisma's client is not tested")
    assert npm is not None
    ignored = shutil.ignore_patterns("node_modules")
    shutil.copytree(EXAMPLE, directory, dirs_exist_ok=True, ignore=ignored)
    installed = subprocess.run(
        [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
        cwd=directory,
        capture_output=True,
        text=True,
        check=False,
        timeout=_SECONDS,
    )
    if installed.returncode:
        missing(f"npm cannot install Prisma: {installed.stderr.strip()[-300:]}")
    return PrismaApplication(directory)
