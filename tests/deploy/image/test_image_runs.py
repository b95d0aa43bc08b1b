"""The images run as they are meant to: without a network, as any user, with a read-only root, until SIGTERM."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from support.containers.engine import OFFLINE
from support.waiting import wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from support.containers.engine import ContainerEngine

pytestmark = pytest.mark.containers

SENTENCE = "The lamp room is at the top of the stairs."
STORAGE = ("--tmpfs", "/app/storage:mode=1777")
MEMORY = ("--memory", "2g", "--env", "SAYSO_SYNTHESIS_WORKERS=2")  # without measuring the machine
ANONYMOUS = ("--env", "SAYSO_ALLOW_ANONYMOUS=true")

_SPEAK = f'id -u; cd /tmp; sayso say "{SENTENCE}" -o a.wav && sayso transcribe a.wav'


@pytest.mark.parametrize(
    ("user", "command"),
    [
        ((), ("sh", "-c", _SPEAK)),
        (("--user", "12345"), ("sh", "-c", _SPEAK)),
        (("--user", "12345:23456"), ("env", "-u", "HOME", "sh", "-c", _SPEAK)),
    ],
    ids=["its own user", "another user", "another user and group, without HOME"],
)
def test_full_speaks_and_transcribes_offline(
    engine: ContainerEngine, user: tuple[str, ...], command: tuple[str, ...]
) -> None:
    """With no network, no right, no writable file and 2 GiB."""
    done = engine.run("full", *command, options=(*OFFLINE, *STORAGE, *MEMORY, *user))
    assert done.code == 0, done.text
    uid, text = done.output.strip().splitlines()
    assert uid == (user[1].partition(":")[0] if user else "1000")
    assert text == SENTENCE
    assert "telemetry" not in done.errors


def test_the_api_serves_offline_and_ends_at_sigterm(engine: ContainerEngine) -> None:
    """It is ready by its own probe, speaks, transcribes what it spoke, and ends with 0 within the grace period."""
    with engine.started("api", options=(*OFFLINE, *STORAGE, *MEMORY, *ANONYMOUS)) as api:
        api.wait_for("/ready")
        spoken = api.execute(
            *("curl", "-fsS", "-o", "/tmp/a.mp3", "-H", "content-type: application/json"),  # noqa: S108
            *("-d", json.dumps({"model": "kokoro", "voice": "af_heart", "input": SENTENCE})),
            "http://127.0.0.1:8000/v1/audio/speech",
        )
        assert spoken.code == 0, spoken.text
        form = ("-F", "file=@/tmp/a.mp3", "-F", "model=whisper-base")
        status, body = api.get("/v1/audio/transcriptions", *form)
        assert (status, json.loads(body)["text"].strip()) == (200, SENTENCE)
        assert api.stop() == 0, api.logs()


def test_a_start_that_is_stopped_ends_at_once(engine: ContainerEngine) -> None:
    """SIGTERM while models are loaded is no failure either: the init process forwards it."""
    with engine.started("api", options=(*OFFLINE, *STORAGE, *ANONYMOUS)) as api:
        wait_until(lambda: "serving" in api.logs())
        assert api.stop() == 0, api.logs()


@pytest.mark.parametrize(
    ("target", "command", "settings", "messages"),
    [
        ("api", (), {}, ("SAYSO_API_KEYS is not set",)),
        ("api", (), {"HOST": "0.0.0.0"}, ("SAYSO_API_KEYS is not set",)),  # noqa: S104
        ("cards", (), {}, ("DATABASE_URL is not set", "[Worker] Poll interval: 5000ms")),
        ("sync", (), {}, ("SQS_UPDATE_QUEUE_URL is not set",)),
        ("stories", (), {}, ("Set QUEUE_URL",)),
        ("cards", (), {"FALLBACK_TO_LOCAL": "true"}, ("FALLBACK_TO_LOCAL is true", "no local engines", "`full`")),
        ("cards", (), {"WHISPER_FALLBACK_TO_LOCAL": "true"}, ("FALLBACK_TO_LOCAL is true",)),
        ("cards", (), {"PRIMARY_SERVICE": "local"}, ("PRIMARY_SERVICE is local",)),
        ("slim", ("sayso", "run", "stories"), {}, ("The role stories needs local engines", "api, cards, sync")),
        ("slim", ("sayso", "run", "api"), {"SAYSO_ALLOW_ANONYMOUS": "true"}, ("FALLBACK_TO_LOCAL is true",)),
        ("slim", ("sayso", "say", "Hello.", "-o", "-"), {}, ("No local engines are installed here",)),
    ],
)
def test_what_cannot_work_says_why_at_the_start(
    engine: ContainerEngine, target: str, command: tuple[str, ...], settings: dict[str, str], messages: tuple[str, ...]
) -> None:
    """The message names the setting, and the container ends with an error: nothing is published, nothing left out."""
    done = engine.run(target, *command, options=(*OFFLINE, *STORAGE, *environment(settings)))
    assert done.code not in {0, 137}
    assert "Traceback" not in done.text
    for message in messages:
        assert message in " ".join(done.text.split())


def test_slim_serves_openai_alone(engine: ContainerEngine) -> None:
    """And its help names the roles that it can serve."""
    assert "these roles can be served: api, cards, sync" in " ".join(engine.run("slim").output.split())
    openai = ("--env", "FALLBACK_TO_LOCAL=false", "--env", "OPENAI_API_KEY=none", *ANONYMOUS)
    with engine.started("slim", "sayso", "run", "api", options=(*OFFLINE, *STORAGE, *openai)) as api:
        api.wait_for("/ready")
        assert api.execute("sayso-probe", "/healthz", "8000").code == 0
        status, body = api.get("/v1/models")
        assert (status, "tts-1" in body) == (200, True)
        assert json.loads(api.get("/v1/audio/voices")[1])["voices"] == []
        assert api.stop() == 0


OTHER = ("--user", "12345:23456")
"""Directories of the test do not belong to this user, as those of root or an old service to the image's own."""

AWS = {"AWS_ACCESS_KEY_ID": "none", "AWS_SECRET_ACCESS_KEY": "none", "AWS_ENDPOINT_URL": "http://127.0.0.1:1"}


def environment(settings: dict[str, str]) -> tuple[str, ...]:
    """Settings as options."""
    return tuple(option for name, value in settings.items() for option in ("--env", f"{name}={value}"))


@pytest.fixture
def volume(tmp_path: Path) -> Path:
    """A directory that others may enter and not write to."""
    for directory in (tmp_path, *tmp_path.parents[:2]):
        directory.chmod(0o755)
    directory = tmp_path / "volume"
    directory.mkdir(mode=0o755)
    return directory


@pytest.mark.parametrize("mode", [0o755, 0o700])
@pytest.mark.parametrize(
    ("target", "settings"),
    [
        ("cards", {"DATABASE_URL": "postgresql://none@127.0.0.1:1/none"}),
        ("stories", {"QUEUE_URL": "http://127.0.0.1:1/1/queue", **AWS}),
    ],
)
def test_a_volume_of_another_user_is_refused_with_the_command(
    engine: ContainerEngine, volume: Path, target: str, settings: dict[str, str], mode: int
) -> None:
    """A worker that could not store what it makes does not start, and the error says what to run."""
    volume.chmod(mode)
    options = (*OFFLINE, *OTHER, "--volume", f"{volume}:/app/storage", *environment(settings))
    done = engine.run(target, options=options)
    assert done.code not in {0, 137}
    assert "Permission denied" in done.text
    assert "chown -R 12345:23456 /app/storage/" in done.text


def test_a_volume_of_models_that_cannot_be_written_is_said(engine: ContainerEngine, volume: Path) -> None:
    """Model sync waits until it can, answers its probes, and logs what helps."""
    settings = {"S3_BUCKET_NAME": "models", "SQS_UPDATE_QUEUE_URL": "http://127.0.0.1:1/1/queue", **AWS}
    options = (*OFFLINE, *OTHER, "--volume", f"{volume}:/models", *environment(settings))
    with engine.started("sync", options=options) as sync:
        wait_until(lambda: "the volume cannot be used" in sync.logs())
        assert "chown -R 12345:23456" in sync.logs()
        sync.wait_for("/live", port=8080)
        assert sync.get("/health", port=8080)[0] == 503
        assert sync.stop() == 0, sync.logs()


@pytest.mark.parametrize("user", ["1000", "12345", "12345:23456"])
def test_any_user_can_write_to_a_new_volume(engine: ContainerEngine, user: str) -> None:
    """In a tmpfs as in a volume that the engine makes, which has the mode of the image's directory."""
    mounts = tuple(option for path in ("/app/storage", "/app/logs", "/models") for option in ("--tmpfs", path))
    for options in (mounts, ("--volume", "/app/storage", "--volume", "/app/logs", "--volume", "/models")):
        write = "touch /app/storage/x /app/logs/x /models/x"
        done = engine.run("slim", "sh", "-ec", write, options=(*OFFLINE, "--user", user, *options))
        assert done.code == 0, done.text


def test_a_probe_follows_host_and_port(engine: ContainerEngine) -> None:
    """The health check of an image holds where the process listens elsewhere; it fails where nothing listens."""
    openai = ("--env", "FALLBACK_TO_LOCAL=false", "--env", "HOST=::1", "--env", "PORT=9000")
    with engine.started("slim", "sayso", "run", "api", options=(*OFFLINE, *STORAGE, *openai)) as api:
        api.wait_for("/live")  # without a key and local engines nothing is ready
        assert api.get("/live", port=8000)[0] == 0
        assert api.execute("sayso-probe", "/healthz", "8000", options=("--env", "PORT=9001")).code != 0


def test_old_environment_files_of_shells_work(engine: ContainerEngine, tmp_path: Path) -> None:
    """`--env-file` hands over what is written: names of the original services, comments, and empty values."""
    file = tmp_path / "old.env"
    file.write_text("# cards\nDATABASE_URL=\nOPENAI_API_KEY=\nSTORAGE_TYPE=local\nPOLL_INTERVAL_MS=2500\n")
    done = engine.run("cards", options=(*OFFLINE, "--env-file", str(file)))
    assert "[Worker] Poll interval: 2500ms" in done.output
    assert "OpenAI API Key: ✗ Not set" in done.output
