"""Transcription by OpenAI, of recordings of any length."""

from __future__ import annotations

import io
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog

from sayso.audio import AudioFormat, AudioWriter
from sayso.errors import EngineFailed, InvalidInput, NotAudio, UnsupportedLanguage
from sayso.providers.openai.languages import code_of_language
from sayso.providers.openai.limits import MAXIMUM_UPLOAD_BYTES
from sayso.scheduling import FREE
from sayso.stt.base import SAMPLE_RATE_HZ
from sayso.stt.openai.answers import ProviderTranscript, read_answer
from sayso.stt.openai.parts import PART_SECONDS, Part, parts_of, seams_of
from sayso.stt.openai.transcript_merger import TranscriptMerger
from sayso.stt.recording import Recording, open_recording

if TYPE_CHECKING:
    from concurrent.futures import Future

    from openai import AsyncOpenAI

    from sayso.providers.openai.calls import Answer, Calls
    from sayso.providers.openai.connection import OpenAIConnection
    from sayso.scheduling import RequestContext
    from sayso.stt.base import Listener, Progress, Task, Transcript, VadOptions
    from sayso.types import Audio

_log = structlog.get_logger(__name__)

LONGEST_WHOLE_SECONDS = 600.0
"""A longer file is sent in parts, which are done at the same time; some models take no more than 1400 s."""

REVISION = 1
"""Raised whenever this module makes other transcripts of the same answers."""

_SHORTEST_SECONDS = 0.1  # OpenAI refuses what is shorter
_LONGEST_HEADER_BYTES = 64


@dataclass(frozen=True, kw_only=True, slots=True)
class _Request:
    """What is the same for every part."""

    language: str | None
    prompt: str | None
    task: Task
    temperature: float
    voice_activity: VadOptions | None


class OpenAITranscriber:
    """See `Transcriber`: one of OpenAI's models.

    Files that OpenAI takes are sent as they are. What it refuses nevertheless, what is larger than 25 MiB or longer
    than ten minutes, in another format, or no file, is sent as FLAC, in parts of about ten minutes, several at a time.
    Recordings in which there is nothing to hear are not sent: the models make words up for them.

    ``whisper-1`` (and any other model that is not called ``gpt-…``) gives the time of each word. The rest give none:
    their words share out the time of the text, or of the speaker's turn. The parts of a recording are heard apart, so
    speakers are called by their part and letter there: "2A" need not be "1A".

    Args:
        connection: who sends the requests.
        model: OpenAI's name of the model.
        parts_at_once: how many parts of a recording are in hand at a time.
        part_seconds: how long a part is meant to be.
        maximum_seconds: how much audio is taken; None for any.
    """

    def __init__(
        self,
        connection: OpenAIConnection,
        *,
        model: str = "whisper-1",
        parts_at_once: int = 4,
        part_seconds: float = PART_SECONDS,
        maximum_seconds: float | None = None,
    ) -> None:
        self._connection = connection
        self._model = model
        self._parts_at_once = parts_at_once
        self._part_seconds = part_seconds
        self._maximum_seconds = maximum_seconds
        self._tells_speakers = "diarize" in model
        self._tells_times = not model.startswith("gpt-")
        self.name = f"openai:{model}"

    @property
    def fingerprint(self) -> str:
        """The model, as far as its name says."""
        return f"openai r{REVISION} {self._model}"

    def transcribe(
        self,
        source: Path | Audio,
        *,
        language: str | None = None,
        prompt: str | None = None,
        task: Task = "transcribe",
        temperature: float = 0.0,
        progress: Progress | None = None,
        listener: Listener | None = None,
        ticket: RequestContext = FREE,
        voice_activity: VadOptions | None = None,
    ) -> Transcript:
        """Write down what is said; see `Transcriber.transcribe`.

        Half of the ticket's time is spent at most. The language of a text is "und" where the model does not tell it.
        """
        request = _Request(
            language=self._language(language, task),
            prompt=prompt,
            task=task,
            temperature=temperature,
            voice_activity=voice_activity,
        )
        self._connection.require_key()
        with open_recording(source, ticket, maximum_seconds=self._maximum_seconds) as recording:
            gathering = TranscriptMerger(
                recording.duration_samples, language=request.language, task=task, listener=listener, progress=progress
            )
            if recording.duration_seconds >= _SHORTEST_SECONDS and not recording.is_silent:
                self._hear(_as_it_is(source, recording), recording, request, gathering, ticket)
            return gathering.transcript()

    def _language(self, language: str | None, task: Task) -> str | None:
        if task == "translate" and not self._tells_times:
            raise UnsupportedLanguage(f"{self.name} cannot translate.", hint="whisper-1 can.")
        if language is None:
            return None
        code = code_of_language(language)
        if code is None:
            raise UnsupportedLanguage(f"{self.name} does not know the language “{language}”.")
        return code

    def _hear(
        self,
        whole: tuple[str, bytes] | None,
        recording: Recording,
        request: _Request,
        gathering: TranscriptMerger,
        ticket: RequestContext,
    ) -> None:
        """Gather what is heard in the file as it is, or in the recording's parts if OpenAI does not take it so."""
        if whole is not None:
            try:
                with self._connection.calls(ticket) as calls:
                    part = Part(0, recording.duration_samples)
                    gathering.add(part, calls.result(self._begin(whole, part, request, calls)))
            except UnsupportedLanguage:
                raise
            except InvalidInput as error:
                _log.info("openai refuses a file", error=error.message)
            else:
                return
        try:
            with self._connection.calls(ticket) as calls:
                self._hear_parts(recording, request, gathering, calls, ticket)
        except NotAudio as error:  # it was decoded here, so it is no mistake of the caller's
            raise EngineFailed(f"{self.name} does not take this recording. {error.message}") from error

    def _hear_parts(
        self, recording: Recording, request: _Request, gathering: TranscriptMerger, calls: Calls, ticket: RequestContext
    ) -> None:
        """Send the parts, several at a time, and gather what was heard in order."""
        seams = seams_of(recording.levels_db, recording.duration_samples, part_seconds=self._part_seconds)
        gathering.expect(seams)
        waiting: deque[tuple[Part, Future[ProviderTranscript]]] = deque()

        def gather() -> None:
            part, future = waiting.popleft()
            gathering.add(part, calls.result(future))

        for part in parts_of(seams, recording.duration_samples):
            if len(waiting) == self._parts_at_once:
                gather()
            waiting.append((part, self._begin(_as_flac(recording, part, ticket), part, request, calls)))
        while waiting:
            gather()

    def _begin(
        self, file: tuple[str, bytes], part: Part, request: _Request, calls: Calls
    ) -> Future[ProviderTranscript]:
        seconds = (part.end_sample - part.start_sample) / SAMPLE_RATE_HZ

        async def send(client: AsyncOpenAI) -> Any:
            parameters = self._parameters(request)
            if request.task == "translate":
                return await _translation(client, file, parameters)
            transcriptions: Any = client.audio.transcriptions
            return await transcriptions.with_raw_response.create(file=file, **parameters)

        def read(answer: Answer) -> ProviderTranscript:
            return read_answer(answer, duration_seconds=seconds)

        return calls.start(send, read)

    def _parameters(self, request: _Request) -> dict[str, Any]:
        parameters: dict[str, Any] = {
            "model": self._model,
            "temperature": request.temperature,
            "response_format": "json",
        }
        if request.prompt and not self._tells_speakers:
            parameters["prompt"] = request.prompt
        if request.language and request.task == "transcribe":
            parameters["language"] = request.language
        if self._tells_speakers:
            parameters |= {"response_format": "diarized_json", "chunking_strategy": "auto"}
        elif request.voice_activity is not None and request.task == "transcribe":
            parameters["chunking_strategy"] = _server_vad(request.voice_activity)
        if self._tells_times:
            parameters["response_format"] = "verbose_json"
            if request.task == "transcribe":
                parameters["timestamp_granularities"] = ["word", "segment"]
        return parameters


def _server_vad(voice_activity: VadOptions) -> dict[str, Any]:
    return {
        "type": "server_vad",
        "threshold": voice_activity.threshold,
        "silence_duration_ms": round(voice_activity.silence_seconds * 1000),
        "prefix_padding_ms": round(voice_activity.padding_seconds * 1000),
    }


async def _translation(client: AsyncOpenAI, file: tuple[str, bytes], parameters: dict[str, Any]) -> Any:
    """As ``audio.translations.create``, which the SDK calls deprecated with a warning and without a successor."""
    from httpx2 import Response

    return await client.post(
        "/audio/translations",
        cast_to=Response,
        body=parameters,
        files=[("file", file)],
        options={"headers": {"Content-Type": "multipart/form-data"}},
    )


def _as_it_is(source: Path | Audio, recording: Recording) -> tuple[str, bytes] | None:
    """A name and the bytes of a file that OpenAI takes as a whole; None for what has to be made smaller or other."""
    if not isinstance(source, Path) or recording.duration_seconds > LONGEST_WHOLE_SECONDS:
        return None
    if source.stat().st_size > MAXIMUM_UPLOAD_BYTES:
        return None
    data = source.read_bytes()
    suffix = suffix_of(data[:_LONGEST_HEADER_BYTES])
    return None if suffix is None else (f"audio.{suffix}", data)


def suffix_of(header: bytes) -> str | None:
    """The suffix by which OpenAI knows a file that begins like this; None for formats that it does not take."""
    if header[4:8] == b"ftyp":
        return "mp4"
    if header[:4] == b"RIFF" and header[8:12] == b"WAVE":
        return "wav"
    if header.startswith(b"\x1a\x45\xdf\xa3"):  # Matroska; WebM says that it is
        return "webm" if b"webm" in header else None
    # An MPEG audio frame: eleven set bits, and a layer, which the ADTS of AAC has not.
    if header.startswith(b"ID3") or (header[:1] == b"\xff" and header[1:2] > b"\xe0" and header[1] & 0x06):
        return "mp3"
    return {b"fLaC": "flac", b"OggS": "ogg"}.get(header[:4])


def _as_flac(recording: Recording, part: Part, ticket: RequestContext) -> tuple[str, bytes]:
    target = io.BytesIO()
    with AudioWriter(target, AudioFormat.FLAC, sample_rate_hz=SAMPLE_RATE_HZ) as writer:
        for block in recording.blocks(*part):
            with ticket.turn():
                writer.write(block)
    return "audio.flac", target.getvalue()
