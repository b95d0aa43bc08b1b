"""The commands that install a part: into the Python that runs, from where Sayso came, which is not PyPI."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest

from sayso import installation
from sayso.installation import install_command, install_hint, packages_of

ROOT = Path(__file__).parents[2]


def origin(monkeypatch: pytest.MonkeyPatch, address: dict[str, object] | None) -> None:
    """Have Sayso come from there."""

    monkeypatch.setattr(installation, "_direct_url", lambda: None if address is None else json.dumps(address))


def test_a_clone_is_installed_again_from_its_directory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """With the interpreter that runs, whichever pip is on the path."""
    clone = tmp_path / "a clone"
    clone.mkdir()
    origin(monkeypatch, {"url": clone.as_uri(), "dir_info": {"editable": True}})
    assert install_command("espeak") == f"{sys.executable} -m pip install --editable '{clone}[espeak]'"
    origin(monkeypatch, {"url": clone.as_uri(), "dir_info": {}})
    assert install_command("aws", "s3") == f"{sys.executable} -m pip install '{clone}[aws,s3]'"


def test_a_wheel_is_installed_again_from_its_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """If it is still there."""
    wheel = tmp_path / "sayso-1.0-py3-none-any.whl"
    wheel.touch()
    origin(monkeypatch, {"url": wheel.as_uri(), "archive_info": {}})
    assert install_hint("s3") == f"Run: {sys.executable} -m pip install '{wheel}[s3]'"


@pytest.mark.parametrize(
    "address", [None, {}, {"url": "file:///gone/long/ago", "dir_info": {}}, {"url": "https://example.com/sayso.whl"}]
)
def test_without_an_origin_the_packages_are_named(
    monkeypatch: pytest.MonkeyPatch, address: dict[str, object] | None
) -> None:
    """Never `sayso` itself, which an index would not have."""
    origin(monkeypatch, address)
    command = install_command("espeak")
    assert re.fullmatch(rf"{re.escape(sys.executable)} -m pip install 'espeakng-loader>=[0-9.]+'", command)


def test_the_packages_of_an_extra_are_those_of_the_metadata() -> None:
    """All of them, and no others."""
    assert [re.split(r"[>=]", each)[0] for each in packages_of("espeak")] == ["espeakng-loader"]
    assert packages_of("nothing") == []


def test_nothing_suggests_to_install_sayso_from_an_index() -> None:
    """No message and no document: the name is not on PyPI."""
    files = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "Makefile", "pyproject.toml")]
    files += [path for folder in ("src", "docs", "deploy", "examples") for path in (ROOT / folder).rglob("*")]
    wrong = re.compile(r"""pip3? install [^\n]*(?<![/\w.-])["']?sayso(\[|["'\s`]|$)""", re.MULTILINE)
    found = [
        str(path.relative_to(ROOT))
        for path in files
        if path.suffix in {".py", ".md", ".sh", ".yml", ".html", ".js", ".toml", ""}
        and path.is_file()
        and wrong.search(path.read_text(encoding="utf-8", errors="replace"))
    ]
    assert found == []
