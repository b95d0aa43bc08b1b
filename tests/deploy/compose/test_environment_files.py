"""`.env.sample` and `.env.prod.sample` document every variable that anything reads, and no other."""

from __future__ import annotations

import re

import pytest

from sayso.settings import Settings, variables
from support.containers.compose import ROOT

SAMPLES = {".env.sample": "docker-compose.yml", ".env.prod.sample": "docker-compose.prod.yml"}
"""Each with the compose file that it is for."""

OF_COMPOSE = {"COMPOSE_PROFILES", "COMPOSE_PROJECT_NAME"}
"""What docker compose itself reads, as far as it is needed."""

CONTRACT = {
    "QUEUE_URL",
    "AWS_REGION",
    "KOKORO_VOICE",
    "DYNAMODB_TABLE",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "OUTPUT_BUCKET",
    "DLQ_URL",
    "AWS_ENDPOINT_URL",
    "DATABASE_URL",
    "OPENAI_API_KEY",
    "STORAGE_TYPE",
    "LOCAL_STORAGE_PATH",
    "PUBLIC_BASE_URL",
    "POLL_INTERVAL_MS",
    "AWS_S3_BUCKET",
    "PRIMARY_SERVICE",
    "FALLBACK_TO_LOCAL",
    "WHISPER_PRIMARY_SERVICE",
    "WHISPER_FALLBACK_TO_LOCAL",
    "OPENAI_BASE_URL",
    "S3_BUCKET_NAME",
    "SQS_UPDATE_QUEUE_URL",
    "SQS_NOTIFICATION_QUEUE_URL",
    "MODELS_BASE_PATH",
    "LOG_LEVEL",
    "NODE_ENV",
    "PORT",
    "HOST",
}
"""The variables of the four systems that are replaced."""


def documented(sample: str) -> list[str]:
    """The variables of an environment file, set or in a comment, in order."""
    text = (ROOT / sample).read_text(encoding="utf-8")
    return re.findall(r"^#? ?([A-Z][A-Z0-9_]*)=", text, re.MULTILINE)


def interpolated(compose_file: str) -> set[str]:
    """The variables that a compose file and the one that it extends read."""
    texts = [(ROOT / name).read_text(encoding="utf-8") for name in (compose_file, "deploy/compose/services.yml")]
    return {name for text in texts for name in re.findall(r"(?<!\$)\$\{([A-Z][A-Z0-9_]*)", text)}


@pytest.mark.parametrize("sample", SAMPLES)
def test_every_variable_is_documented_once(sample: str) -> None:
    """Those of the settings, of the compose file and of the systems that are replaced; and each has a reader."""
    names = documented(sample)
    assert len(names) == len(set(names))
    settings = {name for field in Settings.model_fields.values() for name in variables(field)}
    read = settings | interpolated(SAMPLES[sample]) | OF_COMPOSE
    assert read | CONTRACT == set(names)


@pytest.mark.parametrize("sample", SAMPLES)
def test_what_a_comment_shows_is_the_default(sample: str) -> None:
    """So that removing the # changes nothing: the defaults of the compose file are those of the comment."""
    text = (ROOT / sample).read_text(encoding="utf-8")
    compose = "".join(
        (ROOT / name).read_text(encoding="utf-8") for name in (SAMPLES[sample], "deploy/compose/services.yml")
    )
    shown = dict(re.findall(r"^# ([A-Z][A-Z0-9_]*)=(.*)$", text, re.MULTILINE))
    defaults = re.findall(r"\$\{([A-Z][A-Z0-9_]*):?-([^${}]+)\}", compose)
    own = {name: value for name, value in defaults if not name.startswith("SAYSO_CARDS_TARGET")}
    wrong = {name: (shown[name], value) for name, value in own.items() if name in shown and shown[name] != value}
    assert wrong == {}


@pytest.mark.parametrize("sample", SAMPLES)
def test_no_secret_is_in_a_sample(sample: str) -> None:
    """A copy of it must not bring a password that others know to a server."""
    text = (ROOT / sample).read_text(encoding="utf-8")
    set_here = dict(re.findall(r"^([A-Z][A-Z0-9_]*)=(.*)$", text, re.MULTILINE))
    assert not any(value for name, value in set_here.items() if re.search("KEY|SECRET|PASSWORD|TOKEN", name))
