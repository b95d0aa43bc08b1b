"""``sayso run``: run services in this process."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sayso.bootstrap.local_engines import has_local_engines
from sayso.bootstrap.roles import ROLES, roles_named
from sayso.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from socket import socket

    from sayso.bootstrap.plan import ProcessPlan
    from sayso.bootstrap.roles import Role
    from sayso.cli.serving import HttpServer
    from sayso.settings import ProcessSettings
    from sayso.workers import WorkerGroup

LOOPBACK = "127.0.0.1"
LOCALHOST = "localhost"
EVERYWHERE = "0.0.0.0"  # noqa: S104 -- what a container's published port needs; keys guard it


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
    until_empty: Annotated[
        bool,
        typer.Option(
            "--until-empty",
            help="End with exit code 0 when the queue is empty: no jobs wait, and none are in hand anywhere.",
        ),
    ] = False,
) -> None:
    """Serve until the process is stopped; ``--help`` shows `run_help`."""
    import structlog

    from sayso.bootstrap.plan import ProcessPlan
    from sayso.cli.listening_socket import listening
    from sayso.cli.serving import end_at_sigterm

    end_at_sigterm()
    plan = ProcessPlan.load(roles_named(roles), host=host or None, port=port)
    settings = plan.server
    log = structlog.get_logger(__name__)
    address = listening_address(settings, plan.roles, settings.host)
    with listening(address, settings.port) as sockets:
        server = serve(
            plan,
            address=address,
            sockets=sockets,
            on_ready=lambda url: log.info("serving", url=url),
            until_empty=until_empty,
        )
    server.leave()


def run_help() -> str:
    """The text of ``sayso run --help``, with every role."""
    of_roles = "\n\n".join(f"{role.name}: {role.summary}" for role in ROLES.values())
    of_all = (
        "Every process serves /healthz, /backlog and /metrics. At the first Ctrl-C or SIGTERM it takes no new work and "
        "finishes or releases running jobs within SAYSO_SHUTDOWN_SECONDS. At the second it releases them at once."
    )
    if not has_local_engines():
        from sayso.bootstrap.engine_needs import served_without_engines

        of_all += f"\n\n{served_without_engines()}"
    return f"Serve until stopped.\n\n{of_roles}\n\n{of_all}"


def serve(
    plan: ProcessPlan,
    *,
    address: str,
    sockets: Sequence[socket],
    on_ready: Callable[[str], None],
    trouble: Callable[[], str | None] = lambda: None,
    until_empty: bool = False,
) -> HttpServer:
    """Serve on an address until the process is stopped, and return the server, which knows how it was stopped.

    Args:
        plan: the roles and their settings.
        address: as `listening_address` returns it.
        sockets: bound to it.
        on_ready: called with the URL once it is served.
        trouble: why something that the workers need does not run, for /healthz; None while it does.
        until_empty: stop by itself, too, when the workers have nothing to do.

    Raises:
        InvalidInput: a setting cannot be used, or no role has workers whose queue could be empty.
        ModelMissing: a worker's model has not been pulled.
        CannotListen: another process listens there by now.
    """
    import uvicorn

    from sayso.api.app import create_app
    from sayso.api.http.connections import Bounds, default_connections
    from sayso.bootstrap.plan import open_process
    from sayso.cli.serving import HttpServer
    from sayso.observability import configure_traces

    settings = plan.server
    end_traces = configure_traces(settings.traces_endpoint)
    try:
        process = replace(open_process(plan, trouble=trouble), is_closed=_is_closed(settings, plan.roles, address))
        is_done = _emptiness(process.workers) if until_empty else None
        app = create_app(process, hosts=_names(settings, process.base_url, address))
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
            if process.workers is not None:
                process.workers.stop()
            for service in process.services:
                server.call_soon(partial(service.on_stop, app))

        def on_hurry() -> None:
            if process.workers is not None:
                process.workers.hurry()

        server = HttpServer(app, config, on_ready=on_ready, on_stop=on_stop, on_hurry=on_hurry, is_done=is_done)
        server.run(list(sockets))
        return server
    finally:
        end_traces()


def _emptiness(workers: WorkerGroup | None) -> Callable[[], bool]:
    """Whether the workers have nothing to do."""
    if workers is None:
        raise InvalidInput(
            "--until-empty needs a role that takes jobs from a queue.", hint="As in: sayso run stories --until-empty"
        )
    return workers.is_idle


def listening_address(settings: ProcessSettings, roles: Collection[Role[Any]], host: str | None) -> str:
    """The address to listen on: a loopback address if the API has no keys, unless anonymous access is allowed.

    Where an API must have keys, roles that work without clients listen everywhere without any; see `_is_closed`.

    Raises:
        InvalidInput: the API has no keys, and must have some (SAYSO_REQUIRE_KEYS).
    """
    import structlog

    host = host and host.removeprefix("[").removesuffix("]")
    serving = [role for role in roles if role.serves_http]
    if settings.api_keys or settings.allow_anonymous or not serving:
        return host or EVERYWHERE
    if settings.require_keys and not (host is not None and _is_loopback(host)):
        if all(role.works_without_clients for role in serving):
            return host or EVERYWHERE
        raise InvalidInput(
            "SAYSO_API_KEYS is not set: the API would be open to every client that reaches this container.",
            hint="Make an entry with: sayso keys new NAME; or keep the keys that clients have with: sayso keys import. "
            "SAYSO_ALLOW_ANONYMOUS=true serves everyone.",
        )
    if host is not None and not _is_loopback(host):
        structlog.get_logger(__name__).warning(
            "there are no API keys, so only this machine is served",
            instead_of=host,
            hint="make a key with: sayso keys new NAME; or set SAYSO_ALLOW_ANONYMOUS=true",
        )
        return LOOPBACK
    return host or LOOPBACK


def _is_closed(settings: ProcessSettings, roles: Collection[Role[Any]], address: str) -> bool:
    """Whether requests of clients are refused: others can reach the address, and there are no keys."""
    is_open = settings.api_keys or settings.allow_anonymous or _is_loopback(address)
    return not is_open and any(role.serves_http for role in roles)


def _names(settings: ProcessSettings, base_url: str | None, address: str) -> Collection[str] | None:
    """The host names to answer to; None for any, when neither the settings nor the network restrict them."""
    from sayso.api.http.origins import parse_host, parse_origin

    if not settings.hosts and not _is_loopback(address):
        return None
    names = {LOCALHOST}
    for entry in settings.hosts:
        host = parse_host(entry)
        if host is None:
            raise InvalidInput(
                "SAYSO_HOSTS has an entry that is not a valid name.", hint="Write names as speech.example.com."
            )
        names.add(host[0])
    base = parse_origin(base_url or "")
    return names if base is None else names | {base.host}


def _is_loopback(host: str) -> bool:
    """Whether an address is a loopback address; ``localhost`` is one (RFC 6761)."""
    import ipaddress

    if host.lower().removesuffix(".") == LOCALHOST:
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
