"""``sayso run``: the services, in this process."""

from __future__ import annotations

import signal
import sys
from typing import TYPE_CHECKING, Annotated, Literal, get_args

import typer

from sayso.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from socket import socket
    from types import FrameType

    from sayso.settings import Settings

LOOPBACK = "127.0.0.1"
LOCALHOST = "localhost"
EVERYWHERE = "0.0.0.0"  # noqa: S104 -- what a container's published port needs; keys guard it

Role = Literal["api", "stories"]
ROLES: tuple[Role, ...] = get_args(Role)


def run(
    roles: Annotated[list[str], typer.Argument(metavar="ROLE…", help=f"Any of {', '.join(ROLES)}.")],
    *,
    host: Annotated[
        str | None,
        typer.Option(
            help="Address to listen on.  \\[env: HOST]",
            show_default="0.0.0.0, but 127.0.0.1 for an API without keys",
        ),
    ] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65_535, help="Port to listen on.  \\[env: PORT]", show_default="8000")
    ] = None,
) -> None:
    """Serve until told to stop.

    api: OpenAI's audio API and more, with a page at / and its documentation at /docs. Without API keys it listens on
    this machine alone; make one with: sayso keys new NAME. With DATABASE_URL it takes narrations, too.

    stories: narrates what comes from SQS (QUEUE_URL) or from Postgres (DATABASE_URL), SAYSO_STORIES_AT_ONCE at a time.

    Every process serves /healthz, /backlog and /metrics. Told to stop (Ctrl-C, SIGTERM) it takes no more work, and
    finishes what is in hand or hands it back within SAYSO_SHUTDOWN_SECONDS.
    """
    from sayso.settings import load_settings

    unknown = [role for role in roles if role not in ROLES]
    if unknown:
        raise InvalidInput(f"There is no role {unknown[0]!r}.", hint=f"There are: {', '.join(ROLES)}.")
    settings = load_settings()
    chosen: set[Role] = {role for role in ROLES if role in roles}
    serve(settings, chosen, host=host or settings.host, port=settings.port if port is None else port)


def serve(
    settings: Settings,
    roles: Collection[Role],
    *,
    host: str | None,
    port: int,
    on_ready: Callable[[str], None] = lambda _: None,
    trouble: Callable[[], str | None] = lambda: None,
) -> None:
    """Serve on an address until the process is told to stop.

    Args:
        settings: what with.
        roles: which services.
        host: the address; None for what the settings allow.
        port: 0 for any that is free.
        on_ready: told the URL once it is served.
        trouble: why something that the workers need does not run, for /healthz; None while it does.

    Raises:
        InvalidInput: a setting cannot be used.
        ModelMissing: a worker's model has not been pulled.
    """
    import asyncio

    import uvicorn

    from sayso.api.app import create_app
    from sayso.bootstrap.api import open_served
    from sayso.observability import configure_traces

    # The server finishes what is in hand, and then raises the signal again: to be told to stop is no failure.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    end_traces = configure_traces(settings.traces_endpoint)
    try:
        address = _address(settings, roles, host)
        served = open_served(settings, api="api" in roles, stories="stories" in roles, trouble=trouble)
        app = create_app(served, api="api" in roles, hosts=_names(settings, address))
        config = uvicorn.Config(
            app,
            host=address,
            port=port,
            http="httptools",  # refuses an upload in its middle, so that the client hears why
            loop="uvloop",
            ws="none",
            proxy_headers=bool(settings.trusted_proxies),
            forwarded_allow_ips=list(settings.trusted_proxies),
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=round(settings.shutdown_seconds),
        )

        class Server(uvicorn.Server):
            """A server that says where it is, and takes no more work from the moment of the signal."""

            async def startup(self, sockets: list[socket] | None = None) -> None:
                await super().startup(sockets)
                self.loop = asyncio.get_running_loop()
                name = f"[{address}]" if ":" in address else address
                for server in self.servers:
                    on_ready(f"http://{name}:{server.sockets[0].getsockname()[1]}")

            def handle_exit(self, sig: int, frame: FrameType | None) -> None:
                if served.stories is not None:
                    served.stories.stop()
                narrations = app.state.served.narrations
                if narrations is not None:  # those who follow would be waited for
                    self.loop.call_soon_threadsafe(narrations.release_followers)
                super().handle_exit(sig, frame)

        Server(config).run()
    finally:
        end_traces()


def _address(settings: Settings, roles: Collection[Role], host: str | None) -> str:
    """Where to listen: on this machine alone unless somebody must show a key, says that nobody need, or need not."""
    import structlog

    host = host and host.removeprefix("[").removesuffix("]")
    if settings.api_keys or settings.allow_anonymous or "api" not in roles:
        return host or EVERYWHERE
    if host is not None and not _is_loopback(host):
        structlog.get_logger(__name__).warning(
            "there are no API keys, so only this machine is served",
            instead_of=host,
            hint="make a key with: sayso keys new NAME; or set SAYSO_ALLOW_ANONYMOUS=true",
        )
        return LOOPBACK
    return host or LOOPBACK


def _names(settings: Settings, address: str) -> Collection[str] | None:
    """The names to answer to; None for any, as where the network's own names lead here and no setting has them."""
    from sayso.api.origins import parse_host, parse_origin

    if not settings.hosts and not _is_loopback(address):
        return None
    names = {LOCALHOST}
    for entry in settings.hosts:
        host = parse_host(entry)
        if host is None:
            raise InvalidInput("SAYSO_HOSTS has an entry that is no name.", hint="Write names as speech.example.com.")
        names.add(host[0])
    base = parse_origin(settings.public_base_url or "")
    return names if base is None else names | {base.host}


def _is_loopback(host: str) -> bool:
    """Whether an address to listen on is this machine's own; ``localhost`` is (RFC 6761)."""
    import ipaddress

    if host.lower().removesuffix(".") == LOCALHOST:
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
