"""Models are replaced on the volume while ``sayso run api`` serves requests with them: none fails, none is mixed."""

from __future__ import annotations

import itertools
import shutil
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx2
import numpy as np
import onnx
import pytest

from sayso.models import installed_models
from sayso.modelsync.plan.manifests import manifest_json
from sayso.settings import load_settings
from support.api.process import ApiProcess, api_process
from support.aws.server import AwsPlace, aws_place
from support.modelsync.process import SyncPlace, SyncProcess
from support.servers.plain import NO_CERTIFICATES
from support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import Self

pytestmark = pytest.mark.engine

SAID = "The quick brown fox jumps over the lazy dog."
SECONDS = 300.0
WHISPER_KEY = "essential/whisper"
RATE_HZ = 24_000
VOICE = "af_heart"
OTHER_VOICE = "am_michael"
SENTENCES = [f"On step {number} the keeper stopped, and looked at the lamp above the sea." for number in range(2, 18)]
LOCAL = {"PRIMARY_SERVICE": "local", "SAYSO_SYNTHESIS_WORKERS": "2", "SAYSO_MODEL_WATCH_SECONDS": "0.2"}


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The answer of a request: when it was sent and when it had come, and the model that made it."""

    sent_at: float
    came_at: float
    status: int
    model: str
    content: Any = None


class Load:
    """Clients that ask without pause during the block, each on a thread."""

    def __init__(self, ask: Callable[[int], Answer], *, clients: int) -> None:
        self.answers: list[Answer] = []
        self.errors: list[Exception] = []
        self._ask = ask
        self._ended = threading.Event()
        self._numbers = itertools.count()
        self._threads = [threading.Thread(target=self._run) for _ in range(clients)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def _run(self) -> None:
        while not self._ended.is_set():
            try:
                self.answers.append(self._ask(next(self._numbers)))
            except Exception as error:  # noqa: BLE001 -- each is a failed request
                self.errors.append(error)

    def wait_for(self, model: str) -> None:
        """Wait for answers of a model to every client."""
        wait_until(
            lambda: (
                bool(self.errors) or sum(answer.model == model for answer in list(self.answers)) > len(self._threads)
            ),
            seconds=SECONDS,
        )

    def check(self, models: list[str]) -> None:
        """No request has failed, and a model answers nothing that was sent after the answer of a later one."""
        assert self.errors == []
        assert {answer.status for answer in self.answers} == {200}
        assert list(dict.fromkeys(answer.model for answer in sorted(self.answers, key=_came))) == models
        for old, new in itertools.pairwise(models):
            since = min(answer.came_at for answer in self.answers if answer.model == new)
            assert [answer for answer in self.answers if answer.model == old and answer.sent_at > since] == []


def _came(answer: Answer) -> float:
    return answer.came_at


@pytest.fixture(scope="module")
def aws() -> Iterator[AwsPlace]:
    with aws_place() as place:
        yield place


def health(api: ApiProcess, task: str) -> dict[str, Any]:
    """The local engine of a task."""
    answer = httpx2.get(f"{api.url}/health", verify=NO_CERTIFICATES)
    assert (answer.status_code, answer.json()["status"]) == (200, "ok"), answer.text
    engine: dict[str, Any] = answer.json()["engines"][task][0]
    return engine


def reloads(api: ApiProcess, engine: str, result: str) -> float:
    """The metric."""
    line = f'sayso_model_reloads_total{{engine="{engine}",result="{result}"}} '
    page = httpx2.get(f"{api.url}/metrics", verify=NO_CERTIFICATES).text
    found = [each for each in page.splitlines() if each.startswith(line)]
    return float(found[0].removeprefix(line)) if found else 0.0


def put_whisper(place: SyncPlace, name: str, version: str) -> str:
    """A model of the catalogue as the next version of the set; the name that answers have of it then."""
    model = installed_models(load_settings()).model(name)
    directory = load_settings().models_base_path / name
    for file in model.files:
        place.put(f"{WHISPER_KEY}/{file.path}", (directory / file.path).read_bytes())
    place.put(f"{WHISPER_KEY}/whisper.manifest.json", manifest_json(model, version=version))
    return f"{name}@{version}"


def test_a_transcription_server_under_load_while_its_model_is_replaced_twice(aws: AwsPlace, tmp_path: Path) -> None:
    """By `sayso run sync`: no request fails, and each answer says which model made it. A corrupt one is refused."""
    place, volume = SyncPlace(aws), tmp_path / "volume"
    first = put_whisper(place, "whisper-tiny.en", "1")
    settings = {**LOCAL, "SAYSO_WHISPER_MODEL": str(volume / WHISPER_KEY)}
    with SyncProcess(tmp_path, place, base=volume) as sync, api_process(tmp_path, open_files=None, **settings) as api:
        sync.wait_until_ready()
        recording = speech(api, SAID, form="wav").content

        def ask(_number: int) -> Answer:
            sent_at = time.monotonic()
            answer = httpx2.post(
                f"{api.url}/api/v1/hybrid/stt",
                files={"audio_file": recording},
                data={"language": "en"},
                timeout=SECONDS,
                verify=NO_CERTIFICATES,
            )
            body = answer.json()
            return Answer(
                sent_at=sent_at,
                came_at=time.monotonic(),
                status=answer.status_code,
                model=body["metadata"]["model_used"],
                content=body["text"],
            )

        fingerprints = []
        with Load(ask, clients=3) as load:
            load.wait_for(first)
            fingerprints.append(health(api, "transcription")["model"]["fingerprint"])
            second = put_whisper(place, "whisper-base", "2")
            load.wait_for(second)
            fingerprints.append(health(api, "transcription")["model"]["fingerprint"])
            third = put_whisper(place, "whisper-tiny.en", "3")
            load.wait_for(third)
            model = health(api, "transcription")["model"]
        load.check([first, second, third])
        assert all("lazy dog" in answer.content for answer in load.answers)
        assert (model["name"], model["version"], model["replacements"]) == ("whisper-tiny.en", "3", 2)
        assert model["fingerprint"] == fingerprints[0] != fingerprints[1]
        assert reloads(api, "whisper-local", "loaded") == 2
        answer = transcribed(api, recording, model="whisper-1")
        assert answer.headers["x-sayso-model"] == third
        assert answer.headers["x-sayso-fingerprint"] == fingerprints[0]
        spoil_the_set(volume, api)
        assert ask(0).model == third
        log = api.log_path.read_text()
        assert log.count("the model was replaced") == 2


def spoil_the_set(volume: Path, api: ApiProcess) -> None:
    """A version whose weights are not those of its manifest: it is refused, and shown, and all is well."""
    link = volume / WHISPER_KEY
    spoilt = link.with_name("spoilt")
    shutil.copytree(link.resolve(), spoilt)
    weights = bytearray((spoilt / "model.bin").read_bytes())
    weights[len(weights) // 2] ^= 1
    (spoilt / "model.bin").write_bytes(weights)
    beside = link.with_name("beside")
    beside.symlink_to(spoilt)
    beside.rename(link)
    wait_until(lambda: reloads(api, "whisper-local", "rejected") == 1)
    assert "the checksum differs" in health(api, "transcription")["model"]["problem"]


def transcribed(api: ApiProcess, recording: bytes, *, model: str) -> httpx2.Response:
    return httpx2.post(
        f"{api.url}/v1/audio/transcriptions", files={"file": recording}, data={"model": model}, timeout=SECONDS
    )


def speech(api: ApiProcess, text: str, *, form: str = "pcm") -> httpx2.Response:
    fields = {"model": "kokoro", "input": text, "voice": VOICE, "response_format": form}
    answer = httpx2.post(f"{api.url}/v1/audio/speech", json=fields, timeout=SECONDS, verify=NO_CERTIFICATES)
    assert answer.status_code == 200, answer.text
    return answer


def put_kokoro(directory: Path, *, voice: str, edition: str) -> None:
    """Kokoro, whose default voice is another one, and whose file differs; by renames, one file after the other."""
    models = load_settings().models_base_path
    (directory / "voices").mkdir(parents=True, exist_ok=True)
    graph = onnx.load_from_string((models / "kokoro-82m-int8/model.onnx").read_bytes())
    graph.metadata_props.add(key="edition", value=edition)
    for name, content in {
        "model.onnx": graph.SerializeToString(),
        f"voices/{VOICE}.bin": (models / f"kokoro-voices/{voice}.bin").read_bytes(),
    }.items():
        beside = directory / f"{name}.new"
        beside.write_bytes(content)
        beside.rename(directory / name)


def samples_of(content: bytes) -> np.ndarray:
    """The samples of an answer in PCM."""
    return np.frombuffer(content, "<i2").astype(np.int32)


def test_speech_while_the_files_of_kokoro_are_replaced(tmp_path: Path) -> None:
    """One by one, without a manifest: a stream ends with the voice that it began with, and the cache mixes none up."""
    directory = tmp_path / "kokoro"
    put_kokoro(directory, voice=VOICE, edition="1")
    settings = {**LOCAL, "SAYSO_KOKORO_MODEL": str(directory), "SAYSO_MODEL_QUIET_SECONDS": "0.5"}
    with api_process(tmp_path, open_files=None, **settings) as api:
        old = speech(api, SAID)

        def ask(number: int) -> Answer:
            sent_at = time.monotonic()
            answer = speech(api, f"Number {number}.")
            return Answer(
                sent_at=sent_at,
                came_at=time.monotonic(),
                status=answer.status_code,
                model=answer.headers["x-sayso-fingerprint"],
            )

        fields = {"model": "kokoro", "input": " ".join(SENTENCES), "voice": VOICE, "response_format": "pcm"}
        with (
            httpx2.stream("POST", f"{api.url}/v1/audio/speech", json=fields, timeout=SECONDS) as stream,
            Load(ask, clients=1) as load,  # the other permit is the stream's
        ):
            pieces = stream.iter_bytes()
            next(pieces)
            put_kokoro(directory, voice=OTHER_VOICE, edition="2")
            wait_until(lambda: bool(load.errors) or reloads(api, "kokoro", "loaded") == 1, seconds=SECONDS)
            new = speech(api, SAID)
            new_end = speech(api, SENTENCES[-1])
            load.wait_for(new.headers["x-sayso-fingerprint"])
            assert sum(map(len, pieces)) > len(SENTENCES) * 2 * RATE_HZ  # a second each, of two bytes a sample
        load.check([old.headers["x-sayso-fingerprint"], new.headers["x-sayso-fingerprint"]])
        assert stream.headers["x-sayso-fingerprint"] == old.headers["x-sayso-fingerprint"]
        assert old.content != new.content
        put_kokoro(directory, voice=VOICE, edition="1")
        wait_until(lambda: reloads(api, "kokoro", "loaded") == 2, seconds=SECONDS)
        again = speech(api, SAID).content
        # A first answer is made in pieces, a repeated one of what the cache stores: samples may be rounded otherwise.
        assert np.abs(samples_of(again) - samples_of(old.content)).max() <= 1
        assert speech(api, SENTENCES[-1]).content != new_end.content  # from the cache, where the stream has put it
        assert health(api, "speech")["model"]["replacements"] == 2
