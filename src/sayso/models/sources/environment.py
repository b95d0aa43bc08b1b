"""The environment of a registry's client: its own configuration, without the secrets of others."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_NEEDED = frozenset(
    {
        # What any program needs, and how it finds its user's files.
        "PATH", "HOME", "USER", "LOGNAME", "LANG", "LANGUAGE", "TZ", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH",
        "XDG_CONFIG_HOME", "XDG_CONFIG_DIRS", "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS",
        # Logins and certificates that configure pip and npm, beside their own variables.
        "NETRC", "PYTHON_KEYRING_BACKEND", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE",
        "NODE_EXTRA_CA_CERTS", "NODE_USE_SYSTEM_CA", "NODE_OPTIONS", "PREFIX",
    }
)  # fmt: skip
_PROXIES = frozenset({"http_proxy", "https_proxy", "all_proxy", "no_proxy", "proxy"})
_PREFIXES = ("lc_", "pip_", "npm_config_")
_PATHS = frozenset(
    {
        "netrc", "ssl_cert_file", "ssl_cert_dir", "requests_ca_bundle", "curl_ca_bundle", "node_extra_ca_certs",
        "pip_config_file", "pip_cert", "pip_client_cert", "pip_find_links",
        "npm_config_userconfig", "npm_config_globalconfig", "npm_config_cafile",
    }
)  # fmt: skip
_USED_BY_NPM = re.compile(r"\$\{([^}?]+)\??\}")


def client_environment(environment: Mapping[str, str], *, directory: Path) -> dict[str, str]:
    """The variables that configure pip and npm.

    These are their own variables, proxies and certificates, and the variables that the user's npmrc refers to, as in
    ``_authToken=${NPM_TOKEN}``. Everything else is left out: keys of OpenAI, of AWS, of databases.

    Args:
        environment: of this process.
        directory: the current one, to which relative paths of files refer; the client runs in another.
    """
    referenced = set(_referenced_by_npm(environment, directory))
    return {
        name: _absolute(name, value, directory)
        for name, value in environment.items()
        if name in _NEEDED or name in referenced or name.lower() in _PROXIES or name.lower().startswith(_PREFIXES)
    }


def _absolute(name: str, value: str, directory: Path) -> str:
    path = directory / value
    return str(path) if name.lower() in _PATHS and value and path.exists() else value


def _referenced_by_npm(environment: Mapping[str, str], directory: Path) -> Iterator[str]:
    """The variables that the user's npmrc refers to."""
    settings = {name.lower(): value for name, value in environment.items() if value}
    home = settings.get("home")
    user_file = settings.get("npm_config_userconfig") or (None if home is None else f"{home}/.npmrc")
    for file in filter(None, (user_file, settings.get("npm_config_globalconfig"))):
        try:
            text = (directory / file).read_text(errors="replace")
        except OSError:  # npm reports what it misses
            continue
        yield from _USED_BY_NPM.findall(text)
