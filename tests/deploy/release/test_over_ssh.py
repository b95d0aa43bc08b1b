"""scripts/deploy.sh against the real stack, over SSH to a server of its own on this machine, while clients call.

The tests are in the order of an installation's life, and share one server; each leaves a release that works. They need
root, podman, podman-compose, sshd and the images of `make image`. With `-s` they print their figures.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import sys
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

import pytest

from sayso.postgres.migrate import known_versions
from sayso.testing import FakeSpeechEngine, FakeTranscriber
from sayso.testing.openai_server import FaultKind, OpenAIServer
from support.deploy.clients import (
    MODELS,
    UPLOAD_BYTES,
    Request,
    Traffic,
    answer,
    recording,
    slow_stream,
    slow_upload,
    speech,
    transcription,
)
from support.deploy.forward import Forwarder
from support.deploy.images import REPOSITORY, base_image, engine, engine_command, migration, release
from support.deploy.machine import ServerMachine
from support.deploy.site import DEPLOY_SECONDS, PORT, Site
from support.missing_parts import missing
from support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.containers, pytest.mark.timeout(5400)]

NEWEST = known_versions()[-1]
NEXT, AFTER = f"{int(NEWEST) + 1:04}", f"{int(NEWEST) + 2:04}"

KEPT = f"{REPOSITORY}-kept"

CODE = "/opt/sayso/code/sayso/postgres/migrations/versions"
"""Where the images have the migrations."""

READY = Request(method="GET", path="/ready")
PHRASE = speech("Hello from the other side of the switch.")
LONG = " ".join(f"Sentence number {number} of a long text is spoken at its own pace." for number in range(12))
STREAM = speech(LONG, model="kokoro", voice="af_heart", response_format="pcm", stream_format="sse")
NARRATION = " ".join(f"This is sentence number {number} of a narration that takes its time." for number in range(40))

pytest.importorskip("apprise")


@pytest.fixture(scope="module")
def releases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The images of every release, and an archive of those that the server has before."""
    for program in (engine_command()[0], os.environ.get("COMPOSE", "podman-compose").split()[0], "podman", "ssh"):
        if shutil.which(program) is None:
            missing(f"{program} is not installed")
    if os.geteuid() != 0:
        missing("namespaces for a server need root")
    directory = tmp_path_factory.mktemp("releases")
    api, stories = base_image("api"), base_image("stories")
    release("v1", base=api, directory=directory)
    release("v2", base=api, directory=directory)
    release("v3", base=api, directory=directory)
    release("without-models", base=api, lines="RUN rm -rf /opt/sayso/models", directory=directory)
    release("crashing", base=api, lines='CMD ["sayso", "run", "nothing"]', directory=directory)
    files = {"m.py": migration(NEXT, before=NEWEST)}
    release("migrating", base=api, lines=f"COPY m.py {CODE}/{NEXT}_more.py", files=files, directory=directory)
    files = {"m.py": migration(AFTER, before=NEXT, contracts=True)}
    lines = f"COPY m.py {CODE}/{AFTER}_less.py"
    release("contracting", base=f"{REPOSITORY}:api-migrating", lines=lines, files=files, directory=directory)
    versions = ("v1", "v2", "v3", "without-models", "crashing", "migrating", "contracting")
    for version in versions:
        engine("tag", stories, f"{REPOSITORY}:stories-{version}")
    for name, variable, default in (
        ("postgres", "POSTGRES_IMAGE", "postgres:17"),
        ("proxy", "PROXY_IMAGE", "nginx:1.28"),
    ):
        if not os.environ.get(variable):
            engine("pull", default)
        engine("tag", os.environ.get(variable) or default, f"{REPOSITORY}:{name}")
    # All but v2, which deploy.sh has to send; by names that it does not remove as those of old releases.
    sent = [f"{REPOSITORY}:{name}" for name in ("postgres", "proxy")]
    for name in ("stories-v1", *(f"api-{version}" for version in versions if version != "v2")):
        engine("tag", f"{REPOSITORY}:{name}", f"{KEPT}:{name}")
        sent.append(f"{KEPT}:{name}")
    archive = directory / "images.tar"
    several = ["--multi-image-archive", "--format", "docker-archive"] if "podman" in engine_command()[-1] else []
    engine("save", *several, "--output", str(archive), *sent)
    return archive


@pytest.fixture(scope="module")
def provider() -> Iterator[OpenAIServer]:
    """OpenAI's API on this machine."""
    with OpenAIServer(speech=FakeSpeechEngine(), transcriber=FakeTranscriber()) as server:
        yield server


@pytest.fixture(scope="module")
def notified() -> Iterator[tuple[str, list[str]]]:
    """A web hook, and the texts that it got."""
    texts: list[str] = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            texts.append(json.loads(self.rfile.read(int(self.headers["Content-Length"])))["message"])
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Receiver)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"json://127.0.0.1:{server.server_port}/", texts
    server.shutdown()
    thread.join()
    server.server_close()


def machine_of(number: int) -> ServerMachine:
    """A server; its directory is short, since the paths of sockets are limited."""
    compose = shutil.which(shlex.split(os.environ.get("COMPOSE", "podman-compose"))[0])
    assert compose is not None
    directory = Path("/var/tmp") / f"sayso-server-{os.getpid()}-{number}"  # noqa: S108 -- removed at the end
    return ServerMachine(directory, number=1 + (os.getpid() + number) % 250, tools=Path(compose).resolve().parent)


@pytest.fixture(scope="module")
def site(
    releases: Path,
    provider: OpenAIServer,
    notified: tuple[str, list[str]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Site]:
    """A server with images, and nothing installed."""
    with machine_of(71) as machine, Forwarder(machine.address.host, provider.port) as forwarder:
        machine.receive_images(releases)
        environment = tmp_path_factory.mktemp("environment") / "production"
        environment.write_text(
            "SAYSO_API_KEYS=\nSAYSO_ALLOW_ANONYMOUS=true\nPOSTGRES_PASSWORD=of-the-database\nCOMPOSE_PROFILES=database,stories\n"
            f"POSTGRES_IMAGE=localhost/{REPOSITORY}:postgres\nPROXY_IMAGE=localhost/{REPOSITORY}:proxy\n"
            f"OPENAI_API_KEY={provider.key}\nOPENAI_BASE_URL=http://{machine.address.host}:{forwarder.port}/v1\n"
            "SAYSO_SYNTHESIS_WORKERS=1\n"
        )
        yield Site(machine=machine, environment_file=environment, notifications=notified[0])


@pytest.fixture
def installed(site: Site) -> Site:
    """The server with a release: the first test installs it, or this."""
    if not site.chosen():
        site.deploy()
    return site


def calling(site: Site, *requests: Request) -> Traffic:
    """Clients that call the site."""
    return Traffic(site.host, PORT, list(requests or (MODELS, PHRASE)))


def figures(line: str) -> None:
    """Print a line of figures, for -s."""
    sys.stdout.write(f"\n{line}\n")


def report(name: str, traffic: Traffic, began: float, more: str = "") -> None:
    """Print the figures of a scene."""
    count = traffic.count
    figures(
        f"{name}: {count.requests} requests, {len(count.failures)} failed, longest time without a success "
        f"{count.longest_gap:.1f} s, {time.monotonic() - began:.0f} s in all. {more}"
    )


def narrate(site: Site, text: str) -> str:
    """The id of a new narration."""
    fields = {"text": text, "audio": ["wav"], "subtitles": ["srt"]}
    body = json.dumps(fields).encode()
    status, content = answer(site.host, PORT, Request(method="POST", path="/v1/narrations", body=body))
    assert status == 202, content
    return str(json.loads(content)["id"])


def completed(site: Site, narration: str) -> dict[str, bytes]:
    """The files of a narration, once it is completed."""
    record: dict[str, Any] = {}

    def is_over() -> bool:
        record.update(site.get(f"/v1/narrations/{narration}"))
        time.sleep(0.5)
        return record["status"] not in ("queued", "running")

    wait_until(is_over, seconds=DEPLOY_SECONDS)
    assert record["status"] == "completed", record
    files = {}
    for entry in record["files"]:
        path = "/" + entry["url"].partition("//")[2].partition("/")[2]
        status, content = answer(site.host, PORT, Request(method="GET", path=path))
        assert status == 200, content
        files[Path(path.partition("?")[0]).suffix] = content
    return files


def test_the_first_cut_over(site: Site, notified: tuple[str, list[str]]) -> None:
    """An installation that holds the port is stopped and kept; the time away is said before, measured, and short."""
    began = time.monotonic()
    site.machine.shell(
        "podman run --detach --name whisper-api --publish 8000:8000 --env SAYSO_ALLOW_ANONYMOUS=true "
        f"--env HOST=0.0.0.0 --env SAYSO_SYNTHESIS_WORKERS=1 localhost/{KEPT}:api-v1"
    )
    wait_until(lambda: site.machine.answers(PORT) and answer(site.host, PORT, READY)[0] == 200, seconds=DEPLOY_SECONDS)
    planned = site.deploy("--dry-run")
    assert "The first cut-over: port 8000 would be away for about" in planned
    assert not (site.machine.project / ".env").exists()
    with calling(site, READY) as traffic:
        output = site.deploy()
    assert "Outcome: deployed." in output
    away = output.partition("Port 8000 was away for ")[2].partition(" s")[0]
    report("first cut-over", traffic, began, f"Away for {away} s.")
    assert float(away) < 60
    assert site.chosen() == "blue"
    assert site.machine.shell("podman inspect --format '{{.State.Status}}' whisper-api").strip() == "exited"
    assert "deployed." in notified[1][-1]


def test_back_to_the_first_installation_and_forth(site: Site) -> None:
    """--rollback gives the port back to the container that had it; the next deployment takes it again."""
    output = site.deploy("--rollback")
    assert "Port 8000 was away for" in output
    assert site.machine.shell("podman inspect --format '{{.State.Status}}' whisper-api").strip() == "running"
    assert answer(site.host, PORT, READY)[0] == 200, "it is waited for until it is ready"
    output = site.deploy("--force")
    assert "was away for" in output
    assert answer(site.host, PORT, READY)[0] == 200


def test_the_same_release_again_is_nothing_to_do(installed: Site) -> None:
    """Deploying is idempotent; the secrets are in files that only their owner reads."""
    before = installed.chosen()
    assert "nothing to do" in installed.deploy()
    assert installed.chosen() == before
    project = installed.machine.project
    assert (project / ".env").stat().st_mode & 0o777 == 0o600
    assert "of-the-database" not in installed.log()
    loose = [path for path in project.rglob("environment") if path.stat().st_mode & 0o077]
    assert loose == []


def test_a_good_release_fails_no_request(installed: Site) -> None:
    """Nor a stream, an upload of 20 MB and a job that cross the switch, whose bytes are those of any other day."""
    upload = transcription(recording(UPLOAD_BYTES))
    expected = {"upload": answer(installed.host, PORT, upload), "stream": answer(installed.host, PORT, STREAM)}
    before, began = installed.chosen(), time.monotonic()
    with calling(installed) as traffic:
        stream, sent = slow_stream(installed.host, PORT, STREAM), slow_upload(installed.host, PORT, upload)
        process = installed.begin(version="v2")
        installed.wait_for_phase("installed")
        job = narrate(installed, NARRATION)
        stream.start()
        sent.start()
        wait_until(lambda: installed.chosen() != before, seconds=DEPLOY_SECONDS)
        crossed = stream.is_alive() and sent.is_alive()
        at_switch = installed.get(f"/v1/narrations/{job}")["status"]
        time.sleep(2)
        stream.finish()
        sent.finish()
        output = installed.ended(process)
    report("good release", traffic, began, f"{len(stream.body)} bytes streamed, {UPLOAD_BYTES} uploaded.")
    assert "Sending deploy-test:api-v2." in output
    assert traffic.count.failures == []
    assert crossed, "the stream or the upload was over before the switch"
    assert at_switch in ("queued", "running")
    assert (stream.error, (stream.status, stream.body)) == (None, expected["stream"])
    assert (sent.error, (sent.status, sent.body)) == (None, expected["upload"])
    assert completed(installed, job) == completed(installed, narrate(installed, NARRATION))


@pytest.mark.parametrize(
    ("version", "reason"),
    [
        ("without-models", "The candidate is worse than what runs"),
        ("crashing", "whisper-api ends by itself"),
    ],
)
def test_a_release_that_fails_the_gate_is_rolled_back(
    installed: Site, notified: tuple[str, list[str]], version: str, reason: str
) -> None:
    """Its health check fails, or it crashes; no request reaches it."""
    before, began = installed.chosen(), time.monotonic()
    environment = (installed.machine.project / ".env").read_text()
    with calling(installed) as traffic:
        output = installed.deploy(version=version, code=1)
    report(f"release {version}", traffic, began)
    assert reason in output
    assert "Outcome: failed and rolled back" in output
    assert "failed and rolled back" in notified[1][-1]
    assert traffic.count.failures == []
    assert installed.chosen() == before
    assert (installed.machine.project / ".env").read_text() == environment


def test_a_release_with_a_migration_is_rolled_back(installed: Site) -> None:
    """The old release works on the new tables, before and after; its narrations are still there."""
    before, began = installed.chosen(), time.monotonic()
    job = narrate(installed, "A narration from before the migration.")
    files = completed(installed, job)
    with calling(installed) as traffic:
        output = installed.deploy(version="migrating")
        assert f'"pending": ["{NEXT}"]' in output
        assert installed.sql("select max(version_num) from sayso.migrations") == NEXT
        assert installed.chosen() != before
        rolled_back = installed.deploy("--rollback")
    report("release with a migration, and --rollback", traffic, began)
    assert "rolled back to" in rolled_back
    assert traffic.count.failures == []
    assert installed.chosen() == before
    assert installed.sql("select max(version_num) from sayso.migrations") == NEXT
    assert completed(installed, job) == files
    completed(installed, narrate(installed, "A narration on the tables of the next release."))


def test_a_migration_that_takes_something_away_is_refused(installed: Site) -> None:
    """Before anything is changed: the release that runs could not be rolled back to."""
    output = installed.deploy(version="contracting", code=1)
    assert f"The migrations {AFTER} take away what" in output
    assert installed.sql("select max(version_num) from sayso.migrations") == NEXT


def test_an_outage_of_the_provider_does_not_keep_a_fix_away(installed: Site, provider: OpenAIServer) -> None:
    """What runs is degraded, the fix is no worse, and its deployment fails no request."""
    began = time.monotonic()
    provider.faults(always=FaultKind.SERVER_ERROR)
    try:
        local = speech("Spoken here.", model="kokoro", voice="af_heart", response_format="pcm")
        answer(installed.host, PORT, speech("Asks the provider."))
        wait_until(lambda: installed.get("/health")["status"] == "degraded")
        with calling(installed, MODELS, local) as traffic:
            output = installed.deploy(version="v3")
    finally:
        provider.faults()
    report("fix during an outage of the provider", traffic, began)
    assert "Outcome: deployed." in output
    assert traffic.count.failures == []


@pytest.mark.parametrize("phase", ["installed", "switched"])
def test_a_killed_deployment_is_mended_by_the_next(installed: Site, phase: str) -> None:
    """Killed before the switch or after it, it leaves nothing that the next run does not bring into order."""
    began = time.monotonic()
    version = {"installed": "v1", "switched": "v2"}[phase]
    with calling(installed) as traffic:
        process = installed.begin(version=version)
        installed.wait_for_phase(phase)
        installed.kill_deployment()
        process.communicate(timeout=DEPLOY_SECONDS)
        assert process.returncode != 0
        assert "Unfinished: " in installed.deploy("status")
        output = installed.deploy(version=version)
    report(f"killed in the phase {phase}, and a second run", traffic, began)
    assert "The lock was left by a run that was killed" in output
    assert "Mended what release" in output
    assert traffic.count.failures == []
    assert "Outcome:" in output
    assert answer(installed.host, PORT, READY)[0] == 200
    status = installed.deploy("status")
    assert "Unfinished" not in status
    assert "Lock: free" in status


def test_two_deployments_do_not_run_at_once(installed: Site) -> None:
    """The second is refused, and says who has the lock."""
    first = installed.begin("--force", version="v2")
    installed.wait_for_phase("installed")
    refused = installed.deploy(version="v3", code=4, SAYSO_LOCK_SECONDS="1")
    assert "Another deployment is running: root@" in refused
    installed.ended(first)


def test_a_back_up_is_restored_on_an_empty_machine(
    installed: Site, releases: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Database, environment, images and volumes: the other machine has every narration, byte for byte."""
    began = time.monotonic()
    job = narrate(installed, "A narration that must survive the loss of its machine.")
    files = completed(installed, job)
    output = installed.deploy("--backup")
    name = output.partition("Outcome: backed up as ")[2].partition(".\n")[0]
    archive = tmp_path_factory.mktemp("archives") / f"{name}.tar"
    archive.write_bytes(installed.export(name))
    with machine_of(72) as machine:
        machine.receive_images(releases)  # PostgreSQL and the proxy, which a server pulls
        other = Site(machine=machine, environment_file=Path(os.devnull))
        output = other.deploy("--restore", str(archive))
        assert f"restored the back-up {name}" in output
        assert completed(other, job) == files
        assert other.sql("select count(*) from sayso.narrations") == installed.sql(
            "select count(*) from sayso.narrations"
        )
        environment = (machine.project / ".env").read_text()
    assert environment == (installed.machine.project / ".env").read_text()
    figures(f"restored on an empty machine: {archive.stat().st_size} bytes, {time.monotonic() - began:.0f} s in all")
