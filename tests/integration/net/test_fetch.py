"""Fetching from real servers on this machine."""

from __future__ import annotations

import datetime as dt
import gzip
import http.server
import ipaddress
import socket
import ssl
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import pytest

from sayso.errors import Cancelled, DeadlineExceeded, FetchRefused, OutputFailed, SaysoError, TooLarge
from sayso.net import fetch
from sayso.scheduling import Scheduler

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CONTENT = bytes(range(256)) * 512
HERE = ("localhost",)


class Server:
    """Answers each path with what is set for it, and remembers what it was asked."""

    def __init__(self) -> None:
        self.answers: dict[str, tuple[int, dict[str, str], bytes]] = {"/a.wav": (200, {}, CONTENT)}
        self.asked: list[str] = []
        self.headers: list[dict[str, str]] = []
        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.asked.append(self.path)
                server.headers.append({name.lower(): value for name, value in self.headers.items()})
                status, headers, body = server.answers.get(self.path, (404, {}, b"the secret of a private service"))
                self.send_response(status)
                for name, value in ({"Content-Length": str(len(body))} | headers).items():
                    self.send_header(name, value)
                self.end_headers()
                with suppress(OSError):  # whoever asked may have had enough
                    self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.http.server_port

    def url(self, path: str = "/a.wav", host: str = "localhost") -> str:
        return f"http://{host}:{self.port}{path}"


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    thread = threading.Thread(target=server.http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.http.shutdown()
    server.http.server_close()
    thread.join()


@contextmanager
def raw_server(answer: bytes, *, then_drip: bytes = b"") -> Iterator[int]:
    """A server that reads a request, says ``answer``, repeats ``then_drip`` slowly, and goes; its port."""
    listener = socket.create_server(("127.0.0.1", 0))
    over = threading.Event()

    def serve() -> None:
        with suppress(OSError):
            connection, _ = listener.accept()
            with connection:
                connection.recv(65_536)
                connection.sendall(answer)
                while then_drip and not over.wait(0.02):
                    connection.sendall(then_drip)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        over.set()
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)  # wakes an accept that nobody has answered
        listener.close()
        thread.join()


def get(url: str, directory: Path, **more: Any) -> Path:
    usual: dict[str, Any] = {"maximum_bytes": 10**6, "timeout_seconds": 20.0, "private_hosts": HERE}
    return fetch(url, directory, **usual | more)


def refusal(url: str, directory: Path, **more: Any) -> SaysoError:
    """The error, after which there is no file."""
    with pytest.raises((FetchRefused, TooLarge)) as caught:
        get(url, directory, **more)
    assert list(directory.iterdir()) == []
    return caught.value


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


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "2130706433", "0x7f000001", "0177.0.0.1", "127.1", "0", "[::ffff:127.0.0.1]", "[::1]", "localhost"],
)
def test_no_name_for_this_machine_reaches_it(host: str, server: Server, tmp_path: Path) -> None:
    """Loopback is refused in decimal, octal, hexadecimal and mapped form, and behind a name that resolves to it."""
    error = refusal(server.url(host=host), tmp_path, private_hosts=())
    assert "127.0.0.1" not in str(error)
    assert server.asked == []


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


def test_a_name_that_rebinds_reaches_nothing(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a name with a private and a public address only the public one is connected to."""
    tried: list[Any] = []
    entry = (socket.AF_INET, socket.SOCK_STREAM, 6, "")
    monkeypatch.setattr(
        socket,
        "getaddrinfo",
        lambda *_, **__: [(*entry, ("127.0.0.1", server.port)), (*entry, ("93.184.216.34", server.port))],
    )

    class Recorded(socket.socket):
        def connect(self, address: Any) -> None:
            tried.append(address)
            raise ConnectionRefusedError

    monkeypatch.setattr("sayso.net.wire.socket.socket", Recorded)
    refusal(f"http://rebinding.example:{server.port}/a.wav", tmp_path, private_hosts=())
    assert tried == [("93.184.216.34", server.port)]
    assert server.asked == []


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
        assert get(server.url(), tmp_path, timeout_seconds=1.0).read_bytes() == CONTENT
        for filler in fillers:
            filler.close()


def test_a_redirect_is_followed(server: Server, tmp_path: Path) -> None:
    """To the file that it names, relative to where it was."""
    server.answers["/d/old"] = (302, {"Location": "../a.wav?x=1"}, b"")
    server.answers["/a.wav?x=1"] = (200, {}, CONTENT)
    assert get(server.url("/d/old"), tmp_path).read_bytes() == CONTENT


@pytest.mark.parametrize(
    "to",
    ["http://127.0.0.1:{port}/a.wav", "http://[::1]:{port}/a.wav", "http://0x7f.1:{port}/a.wav", "file:///etc/passwd"],
)
def test_a_redirect_is_checked_as_a_url_is(to: str, server: Server, tmp_path: Path) -> None:
    """A public server cannot send us to a private one, nor to a file."""
    server.answers["/old"] = (302, {"Location": to.format(port=server.port)}, b"")
    refusal(server.url("/old"), tmp_path)
    assert server.asked == ["/old"]


def test_a_circle_of_redirects_ends(server: Server, tmp_path: Path) -> None:
    """After five redirects."""
    server.answers["/old"] = (307, {"Location": "/old"}, b"")
    assert "redirects" in str(refusal(server.url("/old"), tmp_path))
    assert len(server.asked) == 6


@pytest.mark.parametrize("status", [204, 206, 304, 401, 404, 500])
def test_only_a_whole_answer_is_taken(status: int, server: Server, tmp_path: Path) -> None:
    """Any status but 200 is told by its number, and nothing of the body is."""
    server.answers["/a.wav"] = (status, {}, b"" if status in {204, 304} else b"the secret of a private service")
    error = refusal(server.url(), tmp_path)
    assert str(status) in str(error)
    assert "secret" not in str(error)


def test_an_announced_size_over_the_bound_is_refused(server: Server, tmp_path: Path) -> None:
    """Before the body is read."""
    assert isinstance(refusal(server.url(), tmp_path, maximum_bytes=len(CONTENT) - 1), TooLarge)


def test_a_file_of_exactly_the_bound_is_taken(server: Server, tmp_path: Path) -> None:
    """The bound is the largest size that is taken."""
    assert get(server.url(), tmp_path, maximum_bytes=len(CONTENT)).read_bytes() == CONTENT


def test_an_endless_body_is_refused_at_the_bound(tmp_path: Path) -> None:
    """Without an announced size the bound holds while reading."""
    chunk = b"10000\r\n" + bytes(65_536) + b"\r\n"
    answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    with raw_server(answer, then_drip=chunk) as port:
        assert isinstance(refusal(f"http://localhost:{port}/", tmp_path, maximum_bytes=200_000), TooLarge)


def test_a_compressed_answer_is_refused(server: Server, tmp_path: Path) -> None:
    """Its size would say nothing of what comes out of it."""
    server.answers["/a.wav"] = (200, {"Content-Encoding": "gzip"}, gzip.compress(bytes(10**6)))
    assert "compressed" in str(refusal(server.url(), tmp_path))


@pytest.mark.parametrize(
    ("answer", "drip"),
    [
        (b"", b"H"),
        (b"HTTP/1.1 200 OK\r\n", b"X-More: 1\r\n"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", b"x"),
    ],
    ids=["status", "headers", "body"],
)
def test_a_slow_drip_does_not_outlast_the_deadline(answer: bytes, drip: bytes, tmp_path: Path) -> None:
    """The time is for everything: each byte that comes does not begin it anew."""
    with raw_server(answer, then_drip=drip) as port:
        assert "within" in str(refusal(f"http://localhost:{port}/", tmp_path, timeout_seconds=0.3))


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n100\r\nshort",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 200_000 + b"\r\n\r\n",
        b"220 the secret of a private service\r\n",
    ],
    ids=["nothing", "short", "short chunk", "negative length", "two lengths", "unknown coding", "huge header", "smtp"],
)
def test_a_broken_answer_is_refused(answer: bytes, tmp_path: Path) -> None:
    """A part is never taken for the whole, and what was answered is not told."""
    with raw_server(answer) as port:
        error = refusal(f"http://localhost:{port}/", tmp_path)
    assert "secret" not in str(error)


def test_a_host_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """A name that does not resolve, and a port where nobody listens, are the caller's mistake."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert "reached" in str(refusal(f"http://localhost:{port}/", tmp_path))
    assert "reached" in str(refusal("http://nowhere.invalid/", tmp_path))


def test_a_cancellation_shuts_the_connection_down(tmp_path: Path) -> None:
    """A fetch that waits for a silent server ends when nobody wants it any more."""
    place = Scheduler(turns=1, places=1).take_place("a client")
    with raw_server(b"HTTP/1.1 200 OK\r\n", then_drip=b"X: 1\r\n") as port:
        timer = threading.Timer(0.2, place.close)
        timer.start()
        with pytest.raises(Cancelled):
            get(f"http://localhost:{port}/", tmp_path, ticket=place)
        timer.join()
    assert list(tmp_path.iterdir()) == []


def test_the_tickets_deadline_holds_too(tmp_path: Path) -> None:
    """It is told as a deadline, not as the URL's fault."""
    place = Scheduler(turns=1, places=1).take_place("a client", deadline_seconds=0.2)
    with place, raw_server(b"HTTP/1.1 200 OK\r\n", then_drip=b"X: 1\r\n") as port, pytest.raises(DeadlineExceeded):
        get(f"http://localhost:{port}/", tmp_path, ticket=place)


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
