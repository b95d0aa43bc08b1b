"""S3 over HTTP by moto, with faults on request: in a step of an upload, or in the middle of a response."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import boto3
from moto.server import ThreadedMotoServer
from pydantic import SecretStr

from sayso.aws.session import AwsAccess, Patience
from sayso.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

_REFUSAL = b"<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"
_HANG_SECONDS = 30

Kind = Literal["refuse", "lose", "hang", "cut"]


@dataclass(frozen=True, kw_only=True)
class Fault:
    """A fault of a request.

    Attributes:
        kind: it is refused, or executed and the response lost, or executed and never answered, or the response is cut.
        method: the HTTP method of the affected request.
        query: a part of the query of the affected request.
    """

    kind: Kind
    method: str
    query: str = ""


@dataclass(frozen=True, kw_only=True)
class Request:
    """A request: the headers' names are as WSGI writes them."""

    method: str
    query: str
    headers: Mapping[str, str]


class S3Server:
    """The server; `requests` is its log.

    S3 guarantees that one of several conditional puts succeeds. moto reads and writes in two steps, so requests
    are served one at a time here.
    """

    def __init__(self, application: Callable[..., Iterable[bytes]]) -> None:
        self.url = ""
        self.requests: list[Request] = []
        self.faults: list[Fault] = []
        self._application = application
        self._one_at_a_time = threading.Lock()
        self.released = threading.Event()

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        answer: list[Any] = []

        def keep(*arguments: Any) -> None:
            answer[:] = arguments[:2]

        with self._one_at_a_time:
            kind = self._next_fault(environ)
            if kind == "refuse":
                environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            else:
                body = b"".join(self._application(environ, keep))
        if kind == "hang":
            self.released.wait(_HANG_SECONDS)
        if kind in {"refuse", "lose", "hang"}:
            start_response("503 Slow Down", [("Content-Length", str(len(_REFUSAL)))])
            return [_REFUSAL]
        start_response(*answer)
        return _cut(body) if kind == "cut" else [body]

    def _next_fault(self, environ: Mapping[str, Any]) -> Kind | None:
        headers = {name.removeprefix("HTTP_"): value for name, value in environ.items() if isinstance(value, str)}
        request = Request(method=environ["REQUEST_METHOD"], query=environ["QUERY_STRING"], headers=headers)
        self.requests.append(request)
        for fault in self.faults:
            if fault.method == request.method and fault.query in request.query:
                self.faults.remove(fault)
                return fault.kind
        return None

    def access(self, patience: Patience | None = None) -> AwsAccess:
        """How to reach it."""
        return AwsAccess(
            endpoint_url=self.url,
            access_key_id="key",
            secret_access_key="hush-hush",  # noqa: S106 -- moto takes any
            patience=patience or Patience(),
        )

    def start_over(self, bucket: str) -> None:
        """Have a bucket of this name, and nothing planned or remembered."""
        access = self.access()
        boto3.client(
            "s3",
            region_name=access.region,
            endpoint_url=access.endpoint_url,
            aws_access_key_id=access.access_key_id,
            aws_secret_access_key=access.secret_access_key,
        ).create_bucket(Bucket=bucket)
        self.faults.clear()
        self.requests.clear()

    def settings(self) -> Settings:
        """The settings for it."""
        access = self.access()
        return Settings(
            aws_endpoint_url=access.endpoint_url,
            aws_access_key_id=access.access_key_id,
            aws_secret_access_key=SecretStr(access.secret_access_key or ""),
        )


def _cut(body: bytes) -> Iterator[bytes]:
    yield body[: len(body) // 2]
    raise ConnectionAbortedError("cut off")


@contextmanager
def s3_server() -> Iterator[S3Server]:
    """A new, empty server."""
    moto = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    moto.start()
    web = moto._server
    assert web is not None
    server = S3Server(web.app)
    web.app = server
    host, port = moto.get_host_and_port()
    server.url = f"http://{host}:{port}"
    try:
        yield server
    finally:
        server.released.set()
        moto.stop()
