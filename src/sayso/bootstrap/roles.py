"""The registry of roles: everything that runs, probes or measures a role uses it.

A new role is one entry below, one module in this room, with the function that opens it, and a class in
`sayso.settings.roles` with the settings that it reads.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from sayso.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from sayso.bootstrap.process import Process, Service
    from sayso.settings import ApiSettings, CardsSettings, ProcessSettings, StoriesSettings, SyncSettings

S = TypeVar("S", bound="ProcessSettings")


@dataclass(frozen=True, kw_only=True, slots=True)
class Role(Generic[S]):
    """A service that a process can run.

    Attributes:
        name: as in `sayso run`.
        summary: for ``sayso run --help``, in sentences.
        settings: the class of its settings, with its own defaults.
        open: finds its parts, without loading or starting anything, and returns what they add to the process.
        serves_http: whether it has clients; without API keys, the process then listens on a loopback address only.
            Operational endpoints are served in any case.
        works_without_clients: whether its work comes from elsewhere, too: where an API must have keys
            (SAYSO_REQUIRE_KEYS), it starts without any, and refuses the requests of clients.
        needs_engines: whether it cannot work without local engines, which a slim image lacks.
        in_up: whether `sayso up` runs it.
    """

    name: str
    summary: str
    settings: Callable[[], type[S]]
    open: Callable[[Process, S], Service]
    serves_http: bool
    works_without_clients: bool = False
    needs_engines: bool = False
    in_up: bool = True


# Each part is imported when the role is opened: `sayso --help` lists all roles and loads none.


def _api_settings() -> type[ApiSettings]:
    from sayso.settings import ApiSettings

    return ApiSettings


def _open_api(process: Process, settings: ApiSettings) -> Service:
    from sayso.bootstrap.api import open_api

    return open_api(process, settings)


def _stories_settings() -> type[StoriesSettings]:
    from sayso.settings import StoriesSettings

    return StoriesSettings


def _open_stories(process: Process, settings: StoriesSettings) -> Service:
    from sayso.bootstrap.stories import open_stories

    return open_stories(process, settings)


def _cards_settings() -> type[CardsSettings]:
    from sayso.settings import CardsSettings

    return CardsSettings


def _open_cards(process: Process, settings: CardsSettings) -> Service:
    from sayso.bootstrap.cards import open_cards

    return open_cards(process, settings)


def _sync_settings() -> type[SyncSettings]:
    from sayso.settings import SyncSettings

    return SyncSettings


def _open_sync(process: Process, settings: SyncSettings) -> Service:
    from sayso.bootstrap.modelsync import open_sync

    return open_sync(process, settings)


_ALL: tuple[Role[Any], ...] = (
    Role(
        name="api",
        summary="OpenAI's audio API and more, with a page at / and its documentation at /docs. Without API keys it "
        "listens on a loopback address only; make one with: sayso keys new NAME. With DATABASE_URL it accepts "
        "narrations, too.",
        settings=_api_settings,
        open=_open_api,
        serves_http=True,
    ),
    Role(
        name="stories",
        summary="narrates stories from SQS (QUEUE_URL) or from Postgres (DATABASE_URL), SAYSO_STORIES_AT_ONCE at a "
        "time.",
        settings=_stories_settings,
        open=_open_stories,
        serves_http=False,
        needs_engines=True,
    ),
    Role(
        name="cards",
        summary='speaks the phrases of the decks of another application: rows of "TtsJob" in its database '
        "(DATABASE_URL), as Prisma has them. MP3 files go to LOCAL_STORAGE_PATH or S3 (STORAGE_TYPE), and their URLs "
        "to the cards. Jobs can be sent over HTTP, too: /api/tts.",
        settings=_cards_settings,
        open=_open_cards,
        serves_http=True,
        works_without_clients=True,
    ),
    Role(
        name="sync",
        summary="copies the models of a bucket (S3_BUCKET_NAME) to a volume (MODELS_BASE_PATH), verified and at once, "
        "when the bucket's events (SQS_UPDATE_QUEUE_URL) say that they have changed. It listens on port 8080, without "
        "keys on every address, too: POST /sync/full and GET /sync/status.",
        settings=_sync_settings,
        open=_open_sync,
        serves_http=False,
        in_up=False,
    ),
)

ROLES: dict[str, Role[Any]] = {role.name: role for role in _ALL}
"""Every role by its name, in the order in which a process opens them."""


def roles_named(names: Collection[str]) -> list[Role[Any]]:
    """The roles with these names, in the order of the registry, without repetition.

    Raises:
        InvalidInput: there is no such role.
    """
    for name in names:
        if name not in ROLES:
            raise InvalidInput(f"There is no role {name!r}.", hint=f"There are: {', '.join(ROLES)}.")
    return [role for name, role in ROLES.items() if name in names]
