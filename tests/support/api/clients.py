"""Requests as the clients of other servers send them, from data files, and the parts that answer them."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sayso.testing import FakeSpeechEngine
from sayso.types import Voice
from support.api.app_contexts import LOCAL, fake_served

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from starlette.testclient import TestClient

    from sayso.api.context import AppContext
    from sayso.stt import Transcriber

_DIRECTORY = Path(__file__).parents[2] / "unit" / "api" / "clients"

VOICES = ("fake_en", "af_heart", "af_bella", "af_sky", "alloy", "nova", "shimmer")
SPEECH_MODELS = ("kokoro", "tts-1-hd", "gpt-4o-mini-tts")
TRANSCRIPTION_MODELS = ("whisper-base", "gpt-4o-transcribe", "gpt-4o-mini-transcribe", "gpt-transcribe")


@dataclass(frozen=True, kw_only=True, slots=True)
class ClientRequest:
    """A request of a client.

    Attributes:
        client: which one.
        name: what it asks for.
        method: of HTTP.
        path: with its query.
        headers: of the client.
        body: a JSON body; None for a form, or nothing.
        form: the fields of a form, in order.
        file: the field, the name and the content type of its recording.
        expect: what the answer must have.
    """

    client: str
    name: str
    method: str
    path: str
    headers: Mapping[str, str]
    body: Any
    form: tuple[tuple[str, str], ...]
    file: Mapping[str, str] | None
    expect: Mapping[str, Any]

    def send(self, client: TestClient, recording: bytes) -> Any:
        """Send it, and return the response."""
        if self.file is None:
            return client.request(self.method, self.path, headers=dict(self.headers), json=self.body)
        parts: list[tuple[str, Any]] = [(name, (None, value)) for name, value in self.form]
        parts.append((self.file["field"], (self.file["name"], recording, self.file["type"])))
        return client.request(self.method, self.path, headers=dict(self.headers), files=parts)


def client_requests() -> Iterator[ClientRequest]:
    """Every request of every client."""
    for path in sorted(_DIRECTORY.glob("*.json")):
        content = json.loads(path.read_text(encoding="utf-8"))
        for each in content["requests"]:
            yield ClientRequest(
                client=content["client"],
                name=f"{path.stem}: {each['name']}",
                method=each["method"],
                path=each["path"],
                headers=each.get("headers", {}),
                body=each.get("json"),
                form=tuple((name, value) for name, value in each.get("form", ())),
                file=each.get("file"),
                expect=each["expect"],
            )


class _AnyBlend(FakeSpeechEngine):
    """Takes a blend for its first voice."""

    def language_of(self, voice: str) -> str:
        return super().language_of(voice.partition("(")[0])

    def synthesise(self, utterance: Any, *, voice: str, speed: float) -> Any:
        return super().synthesise(utterance, voice=voice.partition("(")[0], speed=speed)


def served_to_clients(transcriber: Transcriber | None = None) -> AppContext:
    """The parts, with the models and voices that clients name, all of them spoken and read by the fakes."""
    voices = [Voice(name=name, language="en-us", engine="fake") for name in VOICES]
    served = fake_served(speech=_AnyBlend(voices=voices), transcriber=transcriber)
    catalogue = served.catalogue
    speech = {name: replace(catalogue.speech[LOCAL], id=name) for name in SPEECH_MODELS}
    speech["tts-1"] = replace(catalogue.speech[LOCAL], id="tts-1", owner="openai", maximum_characters=4096)
    reading = {name: replace(catalogue.transcription[LOCAL], id=name) for name in TRANSCRIPTION_MODELS}
    return replace(
        served,
        catalogue=replace(
            catalogue, speech={**catalogue.speech, **speech}, transcription={**catalogue.transcription, **reading}
        ),
    )
