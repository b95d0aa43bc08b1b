"""The registry of roles: what a process can be. Everything that runs, probes or measures a role begins here.

A new role is one entry below and one module beside this one, with the function that opens it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sayso.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from sayso.bootstrap.process import Process, Service
    from sayso.settings import Settings


@dataclass(frozen=True, kw_only=True, slots=True)
class Role:
    """A service that a process can run.

    Attributes:
        name: what `sayso run` calls it.
        summary: what it does, in sentences, for ``sayso run --help``.
        open: finds its parts, without loading or starting anything, and says what they add to the process.
        serves_http: whether clients call it: then the process listens on this machine alone while there are no API
            keys. Operational endpoints are served in any case.
        in_up: whether `sayso up` runs it.
    """

    name: str
    summary: str
    open: Callable[[Process, Settings], Service]
    serves_http: bool
    in_up: bool = True


# Each part is imported when the role is opened: `sayso --help` names all roles and waits for none.


def _open_api(process: Process, settings: Settings) -> Service:
    from sayso.bootstrap.api import open_api

    return open_api(process, settings)


def _open_stories(process: Process, settings: Settings) -> Service:
    from sayso.bootstrap.stories import open_stories

    return open_stories(process, settings)


_ALL = (
    Role(
        name="api",
        summary="OpenAI's audio API and more, with a page at / and its documentation at /docs. Without API keys it "
        "listens on this machine alone; make one with: sayso keys new NAME. With DATABASE_URL it takes narrations, "
        "too.",
        open=_open_api,
        serves_http=True,
    ),
    Role(
        name="stories",
        summary="narrates what comes from SQS (QUEUE_URL) or from Postgres (DATABASE_URL), SAYSO_STORIES_AT_ONCE at a "
        "time.",
        open=_open_stories,
        serves_http=False,
    ),
)

ROLES: dict[str, Role] = {role.name: role for role in _ALL}
"""Every role by its name, in the order in which a process opens them."""


def roles_named(names: Collection[str]) -> list[Role]:
    """The roles with these names, in the order of the registry and each once.

    Raises:
        InvalidInput: there is no such role.
    """
    for name in names:
        if name not in ROLES:
            raise InvalidInput(f"There is no role {name!r}.", hint=f"There are: {', '.join(ROLES)}.")
    return [role for name, role in ROLES.items() if name in names]
