"""``sayso run``: the services, in this process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, get_args

import typer

from sayso.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from socket import socket

    from sayso.cli.serving import HttpServer
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
    finishes what is in hand or hands it back within SAYSO_SHUTDOWN_SECONDS. Told a second time, it hands back at once.
    """
    import structlog

    from sayso.cli.listening_socket import listening
    from sayso.cli.serving import end_at_sigterm
    from sayso.settings import load_settings

    end_at_sigterm()
    unknown = [role for role in roles if role not in ROLES]
    if unknown:
        raise InvalidInput(f"There is no role {unknown[0]!r}.", hint=f"There are: {', '.join(ROLES)}.")
    settings = load_settings()
    chosen: set[Role] = {role for role in ROLES if role in roles}
    log = structlog.get_logger(__name__)
    address = listening_address(settings, chosen, host or settings.host)
    with listening(address, settings.port if port is None else port) as sockets:
        server = serve(
            settings, chosen, address=address, sockets=sockets, on_ready=lambda url: log.info("serving", url=url)
        )
    server.leave()


def serve(
    settings: Settings,
    roles: Collection[Role],
    *,
    address: str,
    sockets: Sequence[socket],
    on_ready: Callable[[str], None],
    trouble: Callable[[], str | None] = lambda: None,
) -> HttpServer:
    """Serve on an address until the process is told to stop, and return the server, which knows how it was told.

    Args:
        settings: what with.
        roles: which services.
        address: where, as `listening_address` gives it.
        sockets: bound to it.
        on_ready: told the URL once it is served.
        trouble: why something that the workers need does not run, for /healthz; None while it does.

    Raises:
        InvalidInput: a setting cannot be used.
        ModelMissing: a worker's model has not been pulled.
        CannotListen: another process listens there since.
    """
    import uvicorn

    from sayso.api.app import create_app
    from sayso.api.http.connections import Bounds, default_connections
    from sayso.bootstrap.api import open_served
    from sayso.cli.serving import HttpServer
    from sayso.observability import configure_traces

    end_traces = configure_traces(settings.traces_endpoint)
    try:
        served = open_served(settings, api="api" in roles, stories="stories" in roles, trouble=trouble)
        app = create_app(served, api="api" in roles, hosts=_names(settings, address))
        bounds = Bounds(
            connections=settings.connections or default_connections(),
            head_seconds=settings.head_seconds,
            stalled_seconds=settings.stalled_seconds,
        )
        config = uvicorn.Config(
            app,
            host=address,
            port=sockets[0].getsockname()[1],
            http=bounds.protocol(),
            backlog=bounds.backlog,
            loop="uvloop",
            ws="none",
            proxy_headers=bool(settings.trusted_proxies),
            forwarded_allow_ips=list(settings.trusted_proxies),
            lifespan="off",  # it is around the server
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=round(settings.shutdown_seconds),
        )

        def on_stop() -> None:
            if served.stories is not None:
                served.stories.stop()
            narrations = app.state.served.narrations
            if narrations is not None:  # those who follow would be waited for
                server.call_soon(narrations.release_followers)

        def on_hurry() -> None:
            if served.stories is not None:
                served.stories.hurry()

        server = HttpServer(app, config, on_ready=on_ready, on_stop=on_stop, on_hurry=on_hurry)
        server.run(list(sockets))
        return server
    finally:
        end_traces()


def listening_address(settings: Settings, roles: Collection[Role], host: str | None) -> str:
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
    from sayso.api.http.origins import parse_host, parse_origin

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
