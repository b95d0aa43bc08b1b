"""The pods of each role, run here as containers with what their manifests say: user, mounts, limits, probes, settings.

There is no API server: podman or Docker stands in for the kubelet.
"""

from __future__ import annotations

import asyncio
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from bench.server import free_port
from support.aws.server import REGION
from support.cards.tables import create_tables
from support.containers.engine import ContainerEngine
from support.deploy.kubernetes import KUBERNETES, rendered
from support.postgres.proxies import proxy_to
from support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.aws.server import AwsPlace
    from support.containers.engine import Container
    from support.deploy.kubernetes import Object
    from support.postgres.databases import Databases

pytestmark = pytest.mark.containers

WORKLOADS = ("worker-model-sync-tts", "sayso-api", "sayso-stories", "sayso-cards")
BUCKETS = ("models", "stories", "cards")


@pytest.fixture(scope="module")
def engine() -> ContainerEngine:
    return ContainerEngine.of_environment()


@pytest.fixture(scope="module")
def database(databases: Databases) -> Iterator[str]:
    """A database with an application's tables, by TCP."""
    conninfo = databases.new()
    create_tables(conninfo)
    parts = dict(part.split("=", 1) for part in conninfo.split())
    with _forwarded(f"{parts['host']}/.s.PGSQL.{parts['port']}") as port:
        yield f"postgresql://{parts['user']}@127.0.0.1:{port}/{parts['dbname']}"


@contextmanager
def _forwarded(socket_path: str) -> Iterator[int]:
    """A TCP port that leads to a Unix socket, by a loop on a thread of its own."""
    ports: list[int] = []
    loop = asyncio.new_event_loop()
    end = asyncio.Event()

    async def forward() -> None:
        async with proxy_to(socket_path) as proxy:
            ports.append(proxy.port)
            await end.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(forward(),))
    thread.start()
    try:
        wait_until(lambda: bool(ports))
        yield ports[0]
    finally:
        loop.call_soon_threadsafe(end.set)
        thread.join()
        loop.close()


@pytest.fixture(scope="module")
def settings(aws_place: AwsPlace, database: str) -> dict[str, str]:
    """What the environments' own accounts, secrets and databases would give."""
    for bucket in BUCKETS:
        aws_place.boto("s3").create_bucket(Bucket=bucket)
    return {
        "AWS_ENDPOINT_URL": aws_place.url,
        "AWS_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "hush-hush",
        "S3_BUCKET_NAME": "models",
        "SQS_UPDATE_QUEUE_URL": aws_place.make_queue(),
        "SQS_NOTIFICATION_QUEUE_URL": aws_place.make_queue(),
        "SAYSO_SYNC_DLQ_URL": aws_place.make_queue(),
        "QUEUE_URL": aws_place.make_queue(),
        "DLQ_URL": aws_place.make_queue(),
        "DYNAMODB_TABLE": aws_place.make_table(),
        "OUTPUT_BUCKET": "stories",
        "SAYSO_CACHE_S3": "s3://stories/speech-cache",
        "AWS_S3_BUCKET": "cards",
        "DATABASE_URL": database,
        "OPENAI_API_KEY": "sk-none",
        "SAYSO_API_KEYS": "probe:admin:" + 64 * "0",
        "SAYSO_SYNTHESIS_WORKERS": "2",
    }


def bytes_of(quantity: str) -> int:
    return int(quantity[:-2]) * {"Mi": 2**20, "Gi": 2**30}[quantity[-2:]]


def cores_of(quantity: str) -> str:
    return str(int(quantity[:-1]) / 1000) if quantity.endswith("m") else quantity


@contextmanager
def pod(
    engine: ContainerEngine, name: str, objects: list[Object], settings: dict[str, str], volume: Path
) -> Iterator[tuple[Container, dict[str, Any], int]]:
    """A pod of a deployment: its container, its specification, and the port that it listens on here."""
    (deployment,) = [each for each in objects if each["kind"] == "Deployment" and each["metadata"]["name"] == name]
    spec = deployment["spec"]["template"]["spec"]
    (container,) = spec["containers"]
    (source,) = [each["configMapRef"]["name"] for each in container["envFrom"] if "configMapRef" in each]
    (config,) = [each["data"] for each in objects if each["kind"] == "ConfigMap" and each["metadata"]["name"] == source]
    secrets = {"AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "SAYSO_SYNTHESIS_WORKERS"}
    if any(each.get("secretRef", {}).get("name") == "sayso-secrets" for each in container["envFrom"]):
        secrets |= {"DATABASE_URL", "OPENAI_API_KEY", "SAYSO_API_KEYS"}
    port = free_port()
    environment = {key: settings.get(key, value) for key, value in config.items()}
    environment |= {key: settings[key] for key in secrets} | {"PORT": str(port)}
    options = ["--network", "host"]
    options += ["--user", f"{spec['securityContext']['runAsUser']}:{spec['securityContext']['runAsGroup']}"]
    options += ["--memory", str(bytes_of(container["resources"]["limits"]["memory"]))]
    options += ["--cpus", cores_of(container["resources"]["limits"]["cpu"])]
    for key, value in environment.items():
        options += ["--env", f"{key}={value}"]
    volumes = {each["name"]: each for each in spec["volumes"]}
    for mount in container["volumeMounts"]:
        if mount["mountPath"] == "/tmp":  # noqa: S108 -- the engine mounts it
            continue
        place = volume
        if "emptyDir" in volumes[mount["name"]]:
            place = volume.parent / mount["name"]
            place.mkdir()
            place.chmod(0o777)  # as fsGroup makes it writable
        options += ["--volume", f"{place}:{mount['mountPath']}"]
    target = container["image"].rpartition(":")[2].partition("-")[0]
    with engine.started(target, *container["args"], options=tuple(options)) as running:
        yield running, spec, port


@pytest.mark.parametrize("name", WORKLOADS)
def test_a_pod_starts_is_ready_and_ends_within_its_grace_period(
    engine: ContainerEngine, settings: dict[str, str], tmp_path: Path, name: str
) -> None:
    """Its probes are answered, nothing but its volumes can be written, and SIGTERM ends it with 0."""
    volume = tmp_path / "models"
    volume.mkdir()
    volume.chmod(0o777)  # as fsGroup makes it writable
    with pod(engine, name, rendered(KUBERNETES / "overlays" / "dev"), settings, volume) as (running, spec, port):
        container = spec["containers"][0]
        for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
            running.wait_for(container[probe]["httpGet"]["path"], port=port)
        assert running.execute("id", "-u").output.strip() == "1000"
        assert running.execute("touch", "/app/x").code != 0
        for mount in container["volumeMounts"]:
            assert running.execute("touch", f"{mount['mountPath']}/probe").code == 0, mount
        assert running.get("/metrics", port=port)[0] == 200
        assert running.stop(seconds=spec["terminationGracePeriodSeconds"]) == 0, running.logs()


def test_model_sync_brings_a_model_to_the_claim(
    engine: ContainerEngine, settings: dict[str, str], aws_place: AwsPlace, tmp_path: Path
) -> None:
    """As uid 1000, for readers of any uid."""
    volume = tmp_path / "models"
    volume.mkdir()
    volume.chmod(0o777)
    aws_place.boto("s3").put_object(Bucket="models", Key="essential/voice/a.bin", Body=b"a model")
    objects = rendered(KUBERNETES / "overlays" / "dev")
    with pod(engine, "worker-model-sync-tts", objects, settings, volume) as (running, _, port):
        running.wait_for("/ready", port=port)
        file = volume / "essential/voice/a.bin"
        assert file.read_bytes() == b"a model"
        assert (file.stat().st_uid, file.stat().st_mode & 0o777) == (1000, 0o644)


def test_the_migration_is_a_job_that_ends(engine: ContainerEngine, settings: dict[str, str]) -> None:
    """Its pod has the database's URL, and no volume but its temporary directory."""
    objects = rendered(KUBERNETES / "overlays" / "dev")
    (job,) = [each for each in objects if each["kind"] == "Job"]
    (container,) = job["spec"]["template"]["spec"]["containers"]
    options = ("--network", "host", "--user", "1000:1000", "--env", f"DATABASE_URL={settings['DATABASE_URL']}")
    done = engine.run("slim", *container["args"], options=options)
    assert done.code == 0, done.text
