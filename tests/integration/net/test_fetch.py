"""What is fetched from real servers on this machine, and how a fetch ends that nobody waits for."""

from __future__ import annotations

import datetime as dt
import ipaddress
import socket
import ssl
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from sayso.errors import Cancelled, DeadlineExceeded, OutputFailed
from sayso.scheduling import Scheduler
from support.servers.downloads import CONTENT, Server, get, raw_server, refusal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def test_a_file_is_fetched(server: Server, tmp_path: Path) -> None:
    """It has the bytes that the server sent, lies in the directory, and ends as the URL does."""
    path = get(server.url(), tmp_path)
    assert path.read_bytes() == CONTENT
    assert path.parent == tmp_path
    assert path.suffix == ".wav"
    assert server.headers[0]["host"] == f"localhost:{server.port}"
    assert server.headers[0]["accept-encoding"] == "identity"


def test_the_environments_proxy_is_not_used(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy would resolve the name anew, out of sight."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert get(server.url(), tmp_path).read_bytes() == CONTENT


def test_a_name_is_resolved_once_for_each_connection(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was checked is what is connected to: a second answer of the resolver is never asked for."""
    real, asked = socket.getaddrinfo, []

    def counting(host: Any, *arguments: Any, **more: Any) -> Any:
        asked.append(host)
        return real(host, *arguments, **more)

    monkeypatch.setattr(socket, "getaddrinfo", counting)
    get(server.url(), tmp_path)
    assert asked == ["localhost"]


def test_an_address_that_does_not_answer_leaves_time_for_the_next(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where a name has an IPv6 address and this machine's IPv6 leads nowhere."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        address = full.getsockname()
        fillers = [socket.socket() for _ in range(4)]  # a queue that is full swallows whoever comes
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(address)
        entry = (socket.AF_INET, socket.SOCK_STREAM, 6, "")
        found = [(*entry, address), (*entry, ("127.0.0.1", server.port))]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
        assert get(server.url(), tmp_path, timeout_seconds=4.0).read_bytes() == CONTENT
        for filler in fillers:
            filler.close()


def test_a_redirect_is_followed(server: Server, tmp_path: Path) -> None:
    """To the file that it names, relative to where it was."""
    server.answers["/d/old"] = (302, {"Location": "../a.wav?x=1"}, b"")
    server.answers["/a.wav?x=1"] = (200, {}, CONTENT)
    assert get(server.url("/d/old"), tmp_path).read_bytes() == CONTENT


def test_a_file_of_exactly_the_bound_is_taken(server: Server, tmp_path: Path) -> None:
    """The bound is the largest size that is taken."""
    assert get(server.url(), tmp_path, maximum_bytes=len(CONTENT)).read_bytes() == CONTENT


def test_a_cancellation_shuts_the_connection_down(tmp_path: Path) -> None:
    """A fetch that waits for a silent server ends when nobody wants it any more."""
    slot = Scheduler(permits=1, slots=1).admit("a client")
    with raw_server(b"HTTP/1.1 200 OK\r\n", then_drip=b"X: 1\r\n") as port:
        timer = threading.Timer(0.2, slot.close)
        timer.start()
        with pytest.raises(Cancelled):
            get(f"http://localhost:{port}/", tmp_path, context=slot)
        timer.join()
    assert list(tmp_path.iterdir()) == []


def test_the_contexts_deadline_holds_too(tmp_path: Path) -> None:
    """It is told as a deadline, not as the URL's fault."""
    slot = Scheduler(permits=1, slots=1).admit("a client", deadline_seconds=0.2)
    with slot, raw_server(b"HTTP/1.1 200 OK\r\n", then_drip=b"X: 1\r\n") as port, pytest.raises(DeadlineExceeded):
        get(f"http://localhost:{port}/", tmp_path, context=slot)


def test_a_directory_that_cannot_be_written_is_not_the_urls_fault(server: Server, tmp_path: Path) -> None:
    """The failure is the server's own."""
    with pytest.raises(OutputFailed):
        get(server.url(), tmp_path / "missing")


@contextmanager
def secured(server: Server, directory: Path, name: str) -> Iterator[Path]:
    """Have the server speak TLS with a certificate of its own making; the file that vouches for it."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    names: list[x509.GeneralName] = [x509.DNSName(name), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = directory / "certificate.pem"
    pem.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    private = directory / "key.pem"
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem, private)
    server.http.socket = context.wrap_socket(server.http.socket, server_side=True)
    yield pem


@pytest.mark.parametrize(
    ("name", "trusted", "taken"),
    [("localhost", True, True), ("localhost", False, False), ("other.example", True, False)],
)
def test_https_is_fetched_from_who_proves_to_be_the_host(
    name: str, trusted: bool, taken: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The certificate must be of the URL's host, by an authority that this machine trusts."""
    certificates, downloads = tmp_path / "certificates", tmp_path / "downloads"
    certificates.mkdir()
    downloads.mkdir()
    server = Server()
    with secured(server, certificates, name) as pem:
        thread = threading.Thread(target=server.http.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        server.http.handle_error = lambda *_: None  # type: ignore[method-assign] # a handshake that fails
        try:
            if trusted:
                monkeypatch.setenv("SSL_CERT_FILE", str(pem))
            url = f"https://localhost:{server.port}/a.wav"
            if taken:
                assert get(url, downloads).read_bytes() == CONTENT
            else:
                assert "who it says" in str(refusal(url, downloads))
        finally:
            server.http.shutdown()
            server.http.server_close()
            thread.join()
