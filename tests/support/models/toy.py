"""Small models, and real servers that offer them as the hub and the registries offer the large ones."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import tarfile
import threading
import zipfile
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from sayso.models import File, Model, Part

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path


def checksum(content: bytes) -> str:
    """The SHA-256 of bytes in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def toy_file(path: str, content: bytes, parts: Mapping[str, bytes] | None = None) -> File:
    """A catalogue entry for ``content``; ``parts`` maps each part's place to its bytes."""
    return File(
        path=path,
        size_bytes=len(content),
        sha256=checksum(content),
        parts=tuple(
            Part(place=place, size_bytes=len(piece), sha256=checksum(piece)) for place, piece in (parts or {}).items()
        ),
    )


def toy_model(*files: File, name: str = "toy", places: Sequence[str] = ()) -> Model:
    """A model of these files."""
    return Model(name=name, summary="A toy", license="MIT", files=files, places=tuple(places))


def wheel(name: str, members: Mapping[str, bytes]) -> bytes:
    """A wheel ``name`` 1.0 with these members, as pip accepts it."""
    info = f"{name}-1.0.dist-info"
    metadata = {
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n".encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: toy\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/RECORD": b"",
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as package:
        for member, content in {**members, **metadata}.items():
            package.writestr(member, content)
    return buffer.getvalue()


def npm_package(members: Mapping[str, bytes]) -> bytes:
    """A compressed tar file with these members."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as package:
        for member, content in members.items():
            entry = tarfile.TarInfo(member)
            entry.size = len(content)
            package.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def simple_index(wheels: Mapping[str, bytes]) -> dict[str, bytes]:
    """The pages of a package index: each wheel of ``wheel`` by its package's name."""
    pages = {}
    for name, content in wheels.items():
        file = f"{name}-1.0-py3-none-any.whl"
        link = f'<a href="/files/{file}#sha256={checksum(content)}">{file}</a>'
        pages[f"/simple/{name.replace('_', '-')}/"] = f"<!DOCTYPE html><html><body>{link}</body></html>".encode()
        pages[f"/files/{file}"] = content
    return pages


def npm_registry(name: str, package: bytes, base_url: str) -> dict[str, bytes]:
    """The pages of an npm registry that has ``name`` 1.0.0."""
    digest = base64.b64encode(hashlib.sha512(package).digest()).decode()
    dist = {"tarball": f"{base_url}/{name}.tgz", "integrity": f"sha512-{digest}"}
    version = {"name": name, "version": "1.0.0", "dist": dist}
    document = {"name": name, "dist-tags": {"latest": "1.0.0"}, "versions": {"1.0.0": version}}
    return {f"/{name}": json.dumps(document).encode(), f"/{name}.tgz": package}


@contextmanager
def served(pages: dict[str, bytes]) -> Iterator[str]:
    """Serve ``pages`` by path on this machine, and yield the address; pages may be added while it runs."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = pages.get(self.path)
            self.send_response(404 if content is None else 200)
            self.send_header("Content-Length", str(len(content or b"")))
            self.send_header("Content-Type", "application/json" if (content or b"")[:1] == b"{" else "text/html")
            # Requested by the hub's library; other clients ignore it.
            self.send_header("ETag", f'"{checksum(content or b"")}"')
            self.send_header("X-Repo-Commit", "0" * 40)
            self.end_headers()
            if self.command == "GET" and content is not None:
                self.wfile.write(content)

        do_HEAD = do_GET  # noqa: N815 -- http.server's name

        def log_message(self, *_: object) -> None:
            """Keep the test's output clean."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def put(root: Path, files: Mapping[str, bytes]) -> Path:
    """Write files below a directory, and give the directory."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return root
