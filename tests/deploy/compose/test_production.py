"""The production file for real, with an environment file of the transcription service that it replaces."""

from __future__ import annotations

import os
import ssl
import subprocess
from typing import TYPE_CHECKING

import httpx2
import pytest

from sayso.api.auth.key_import import import_keys
from sayso.api.auth.keys import KeyRing, Scope
from support.containers.compose import Stack, free_ports, running
from support.waiting import wait_until

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.containers

OLD = """\
OPENAI_API_KEY=sk-an-old-key-that-openai-does-not-know
PRIMARY_SERVICE=openai
WHISPER_PRIMARY_SERVICE=openai
FALLBACK_TO_LOCAL=true
WHISPER_FALLBACK_TO_LOCAL=true
"""
"""As operators have it; only that OpenAI is out of reach here."""

KEY = "k3Jx9QmZ-72bVtLp0wRcYs5d"
SCOPES = frozenset({Scope.SPEECH, Scope.TRANSCRIBE})


def stack_with(directory: Path, environment: str) -> Stack:
    """The production stack with this environment file."""
    env_file = directory / "env"
    env_file.write_text(environment, encoding="utf-8")
    http, https = free_ports(2)
    return Stack(
        file="docker-compose.prod.yml",
        name=f"sayso-prod-{os.getpid()}",
        env_file=env_file,
        ports={"SAYSO_PROXY_PORT": http, "PROXY_HTTPS_PORT": https},
    )


def test_an_old_environment_does_not_publish_an_api_without_keys(tmp_path: Path) -> None:
    """The start fails, and says what to set."""
    stack = stack_with(tmp_path, OLD)
    refused = stack.compose("up", "--detach", "--no-build", check=False)
    assert refused.returncode != 0
    assert "Set SAYSO_API_KEYS" in refused.stdout + refused.stderr
    assert stack.containers() == {}


def test_an_old_environment_works_with_the_keys_that_clients_have(tmp_path: Path) -> None:
    """One line more, and a client goes on: through the proxy, by HTTP and HTTPS, with the key that it has."""
    (imported,) = import_keys([KEY], scopes=SCOPES, name="legacy", existing=KeyRing([]))
    certificates = tmp_path / "tls"
    certificates.mkdir()
    subprocess.run(
        "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost "
        f"-keyout {certificates}/privkey.pem -out {certificates}/fullchain.pem".split(),
        check=True,
        capture_output=True,
    )
    (certificates / "privkey.pem").chmod(0o644)  # user 101 of the proxy reads it
    for directory in (tmp_path.parent, tmp_path, certificates):
        directory.chmod(0o755)
    stack = stack_with(
        tmp_path,
        f"{OLD}OPENAI_BASE_URL=http://127.0.0.1:9/v1\nSAYSO_SYNTHESIS_WORKERS=2\nSAYSO_API_KEYS={imported.entry}\n"
        f"PROXY_TLS=on\nPROXY_TLS_DIR={certificates}\n",
    )
    trusted = ssl.create_default_context(cafile=str(certificates / "fullchain.pem"))
    with running(stack, "whisper-api", "proxy"), httpx2.Client(timeout=300, verify=trusted, trust_env=False) as client:
        assert set(stack.containers()) == {"whisper-api", "proxy"}
        with_key = {"x-api-key": KEY}
        for base in (
            stack.url("SAYSO_PROXY_PORT"),
            f"https://localhost:{stack.ports['PROXY_HTTPS_PORT']}",
        ):
            assert client.get(f"{base}/v1/models").status_code == 401
            assert client.get(f"{base}/v1/models", headers=with_key).status_code == 200
            assert client.get(f"{base}/metrics").status_code == 404
            body = {"model": "kokoro", "voice": "af_heart", "input": "Good evening.", "response_format": "wav"}
            made = client.post(f"{base}/v1/audio/speech", json=body, headers=with_key)
            assert made.status_code == 200
            heard = client.post(
                f"{base}/api/v1/hybrid/stt",
                files={"audio_file": ("evening.wav", made.content, "audio/wav")},
                headers=with_key,
            ).json()
            assert heard["source"] == "fallback"
            assert "good evening" in heard["text"].lower()
        health = client.get(f"{stack.url('SAYSO_PROXY_PORT')}/health", headers=with_key)
        assert health.json()["status"] == "degraded"
        answers_without_the_api(stack, client)


def answers_without_the_api(stack: Stack, client: httpx2.Client) -> None:
    """While the API is not there, clients get an error in OpenAI's form that they retry."""
    stack.compose("stop", "--timeout", "40", "whisper-api")
    wait_until(lambda: client.get(stack.url("SAYSO_PROXY_PORT", "/v1/models")).status_code == 503)
    answer = client.get(stack.url("SAYSO_PROXY_PORT", "/v1/models"))
    assert answer.headers["retry-after"] == "5"
    assert answer.json()["error"]["code"] == "service_unavailable"
