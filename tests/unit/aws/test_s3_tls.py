"""Over TLS, as S3 itself is read, and through a proxy."""

from __future__ import annotations

import ipaddress
import socket
import ssl
import threading
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from sayso.aws.access import AwsAccess
from sayso.aws.s3_reader import BucketReader, locate_bucket
from sayso.errors import InvalidInput
from sayso.resilience.retry import RetryableError
from support.aws.object_server import BUCKET, ObjectServer, Reply, object_server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CONTENT = bytes(range(256)) * 2_000


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1 that is signed by itself, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + signed.public_bytes(serialization.Encoding.PEM)
    )
    return path


@pytest.fixture
def server(certificate: Path) -> Iterator[ObjectServer]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with object_server(tls=context) as running:
        running.put("key", CONTENT)
        yield running


@pytest.fixture
def reader(server: ObjectServer, certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[BucketReader]:
    """A reader that trusts the certificate, as AWS_CA_BUNDLE says."""
    monkeypatch.setenv("AWS_CA_BUNDLE", str(certificate))
    with server.reader() as opened:
        yield opened


def read(reader: BucketReader) -> bytes:
    """The object."""
    with reader.open("key", {}, {}) as body:
        return body.read_all(2**20)


def test_objects_are_read_over_tls(server: ObjectServer, reader: BucketReader) -> None:
    """Over one connection, which is used again."""
    for _ in range(3):
        assert read(reader) == CONTENT
    assert len(reader._pool._idle) == 1
    server.faults.append(Reply(sent_bytes=100_000))
    with pytest.raises(RetryableError, match="failed"):
        read(reader)
    assert read(reader) == CONTENT


def test_a_certificate_that_is_not_trusted_is_refused(server: ObjectServer) -> None:
    """Nothing is sent."""
    with server.reader() as reader, pytest.raises(RetryableError, match=r"(?i)certificate"):
        read(reader)
    assert server.requests == []


def test_a_bundle_that_is_not_there_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message names it."""
    monkeypatch.setenv("AWS_CA_BUNDLE", "/no/such/bundle.pem")
    with pytest.raises(InvalidInput, match="bundle"):
        locate_bucket(BUCKET, AwsAccess(endpoint_url="https://127.0.0.1:1"))


def test_an_abort_ends_a_wait_over_tls(server: ObjectServer, reader: BucketReader) -> None:
    """With an error that is understood."""
    hangs = threading.Event()
    server.faults.append(Reply(sent_bytes=10, is_hanging=True, then=hangs.set))
    errors: list[Exception] = []

    def work() -> None:
        try:
            read(reader)
        except RetryableError as error:
            errors.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    assert hangs.wait(30)
    reader.abort()
    thread.join(30)
    assert len(errors) == 1


@contextmanager
def tunnel(answer: bytes) -> Iterator[tuple[str, list[bytes]]]:
    """A proxy that connects to whatever it is asked for, or refuses; its address, and what it was asked."""
    listening = socket.create_server(("127.0.0.1", 0))
    asked: list[bytes] = []
    connections = ExitStack()

    def pipe(source: socket.socket, target: socket.socket) -> None:
        try:
            while data := source.recv(65_536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            return

    def serve() -> None:
        while True:
            try:
                client, _ = listening.accept()
            except OSError:
                return
            connections.enter_context(client)
            request = b""
            while not request.endswith(b"\r\n\r\n"):
                request += client.recv(1)
            asked.append(request)
            client.sendall(answer)
            if b" 200 " not in answer:
                client.close()
                continue
            host, _, port = request.split(b" ")[1].partition(b":")
            server = connections.enter_context(socket.create_connection((host.decode(), int(port))))
            for pair in ((client, server), (server, client)):
                threading.Thread(target=pipe, args=pair, daemon=True).start()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{listening.getsockname()[1]}", asked
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join(30)
        connections.close()


def test_a_proxy_of_the_environment_is_used(
    server: ObjectServer, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With its credentials; what it passes on is encrypted."""
    monkeypatch.setenv("AWS_CA_BUNDLE", str(certificate))
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    with tunnel(b"HTTP/1.1 200 Connection established\r\n\r\n") as (address, asked):
        monkeypatch.setenv("HTTPS_PROXY", f"http://us%40er:pass@{address}")
        with server.reader() as reader:
            assert read(reader) == CONTENT
    host = server.url.removeprefix("https://").encode()
    assert asked[0].startswith(b"CONNECT " + host + b" HTTP/1.1\r\n")
    assert b"Proxy-Authorization: Basic dXNAZXI6cGFzcw==\r\n" in asked[0]


def test_a_proxy_that_refuses_is_an_error(
    server: ObjectServer, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message says how it answered."""
    monkeypatch.setenv("AWS_CA_BUNDLE", str(certificate))
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    with tunnel(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n") as (address, _):
        monkeypatch.setenv("HTTPS_PROXY", f"http://{address}")
        with server.reader() as reader, pytest.raises(RetryableError, match="407"):
            read(reader)
