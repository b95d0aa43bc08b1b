"""Transcription by OpenAI, of recordings of any length."""

from __future__ import annotations

import io
from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import structlog

from sayso.audio import AudioFormat, AudioWriter
from sayso.errors import EngineFailed, InvalidInput, NotAudio, UnsupportedLanguage
from sayso.providers.openai.languages import code_of_language
from sayso.providers.parsing import preset
from sayso.providers.provider import OPENAI, TranscriptionFacts
from sayso.scheduling import UNBOUNDED
from sayso.stt.base import DEFAULT_OPTIONS
from sayso.stt.openai.answers import ProviderTranscript, read_answer
from sayso.stt.openai.believed import believed
from sayso.stt.openai.guidance import guidance
from sayso.stt.openai.parts import PART_SECONDS, Part, parts_of, seams_of
from sayso.stt.openai.transcript_merger import TranscriptMerger
from sayso.stt.recording import SAMPLE_RATE_HZ

if TYPE_CHECKING:
    from concurrent.futures import Future

    from openai import AsyncOpenAI

    from sayso.providers.openai.calls import Answer, Calls
    from sayso.providers.openai.connection import OpenAIConnection
    from sayso.scheduling import RequestContext
    from sayso.stt.base import Listener, Progress, Transcript, TranscriptionOptions
    from sayso.stt.recording import Recording
    from sayso.stt.vad_options import VadOptions

_log = structlog.get_logger(__name__)

LONGEST_WHOLE_SECONDS = 600.0
"""A longer file is sent in parts, several at a time; some models take no more than 1400 s."""

REVISION = 3
"""Raised whenever this module makes other transcripts of the same answers."""

_SHORTEST_SECONDS = 0.1  # OpenAI refuses what is shorter
_LONGEST_HEADER_BYTES = 64


class OpenAITranscriber:
    """See `Transcriber`: one of OpenAI's models.

    Files that OpenAI takes are sent as they are. Other formats, files over 25 MiB or ten minutes, samples, very quiet
    recordings (raised), and files that it refuses are sent as FLAC, in parts of about ten minutes, several at a time.
    Silent recordings are not sent: the models invent words for them.

    Of a model that gives no times of words, the time of the text, of its segment or of the speaker's turn is shared
    out among the words. The parts of a recording are
    transcribed separately, so their speakers' labels begin with the number of the part: "2A" need not be "1A".

    Args:
        connection: sends the requests.
        model: OpenAI's name of the model, where no facts are given.
        facts: the model, and what it takes and gives.
        provider: its provider's name.
        parts_at_once: how many parts of a recording are sent at a time.
        part_seconds: the length of a part, about.
    """

    def __init__(
        self,
        connection: OpenAIConnection,
        *,
        model: str = "whisper-1",
        facts: TranscriptionFacts | None = None,
        provider: str = OPENAI,
        parts_at_once: int = 4,
        part_seconds: float = PART_SECONDS,
    ) -> None:
        self._connection = connection
        self._facts = facts or openai_transcription(model)
        self._model = self._facts.model
        self._provider = provider
        self._parts_at_once = parts_at_once
        self._part_seconds = part_seconds
        self.name = f"{provider}:{self._model}"

    @property
    def fingerprint(self) -> str:
        """The model, as far as its name says."""
        return f"{self._provider} r{REVISION} {self._model}"

    def transcribe(
        self,
        recording: Recording,
        options: TranscriptionOptions = DEFAULT_OPTIONS,
        *,
        listener: Listener | None = None,
        progress: Progress | None = None,
        context: RequestContext = UNBOUNDED,
    ) -> Transcript:
        """See `Transcriber.transcribe`.

        At most half of the context's time is spent. The language of a text is "und" where the model does not give it.
        """
        options = replace(options, language=self._language(options), languages=self._languages(options))
        self._connection.require_key()
        merger = TranscriptMerger(
            recording.duration_samples,
            language=options.language,
            task=options.task,
            listener=listener,
            progress=progress,
        )
        if recording.duration_seconds >= _SHORTEST_SECONDS and not recording.is_silent:
            self._request_all(recording, options, merger, context)
        return merger.transcript()

    def _language(self, options: TranscriptionOptions) -> str | None:
        """The language's code, None to have it detected."""
        if options.task == "translate" and not self._facts.translates:
            raise UnsupportedLanguage(f"{self.name} cannot translate.", hint="whisper-1 can.")
        return None if options.language is None else self._code(options.language)

    def _languages(self, options: TranscriptionOptions) -> tuple[str, ...]:
        """The codes of the languages that may be spoken."""
        return tuple(self._code(language) for language in options.languages)

    def _code(self, language: str) -> str:
        code = code_of_language(language)
        if code is None:
            raise UnsupportedLanguage(f"{self.name} does not know the language “{language}”.")
        return code

    def _request_all(
        self, recording: Recording, options: TranscriptionOptions, merger: TranscriptMerger, context: RequestContext
    ) -> None:
        """Merge the answer for the original file, or for the recording's parts where OpenAI does not take the file."""
        original = _original_file(recording, self._facts)
        if original is not None:
            try:
                with self._connection.calls(context) as calls:
                    part = Part(0, recording.duration_samples)
                    answer = calls.result(self._begin(original, part, options, calls))
                    merger.add(part, self._believed(answer, part, recording, context))
            except UnsupportedLanguage:
                raise
            except InvalidInput as error:
                _log.info("openai refuses a file", engine=self._provider, error=error.message)
            else:
                return
        try:
            with self._connection.calls(context) as calls:
                self._request_parts(recording, options, merger, calls, context)
        except NotAudio as error:  # it was decoded here, so it is no mistake of the caller's
            raise EngineFailed(f"{self.name} does not take this recording. {error.message}") from error

    def _request_parts(
        self,
        recording: Recording,
        options: TranscriptionOptions,
        merger: TranscriptMerger,
        calls: Calls,
        context: RequestContext,
    ) -> None:
        """Send the parts, several at a time, and merge their answers in order."""
        seams = seams_of(recording.levels_db, recording.duration_samples, part_seconds=self._part_seconds)
        merger.expect(seams)
        waiting: deque[tuple[Part, Future[ProviderTranscript]]] = deque()

        def merge_next() -> None:
            part, future = waiting.popleft()
            merger.add(part, self._believed(calls.result(future), part, recording, context))

        for part in parts_of(seams, recording.duration_samples):
            if len(waiting) == self._parts_at_once:
                merge_next()
            waiting.append((part, self._begin(_as_flac(recording, part, context), part, options, calls)))
        while waiting:
            merge_next()

    def _believed(
        self, transcript: ProviderTranscript, part: Part, recording: Recording, context: RequestContext
    ) -> ProviderTranscript:
        """The transcript without what the model invented for silence, laughter or noise."""
        has_times = self._facts.gives_segments or self._facts.gives_words
        return believed(transcript, part, recording, context, has_times=has_times)

    def _begin(
        self, file: tuple[str, bytes], part: Part, options: TranscriptionOptions, calls: Calls
    ) -> Future[ProviderTranscript]:
        seconds = (part.end_sample - part.start_sample) / SAMPLE_RATE_HZ

        async def send(client: AsyncOpenAI) -> Any:
            parameters = self._parameters(options)
            if options.task == "translate":
                return await _translation(client, file, parameters)
            transcriptions: Any = client.audio.transcriptions
            return await transcriptions.with_raw_response.create(file=file, **parameters)

        def read(answer: Answer) -> ProviderTranscript:
            return read_answer(answer, duration_seconds=seconds)

        return calls.start(send, read, model=self._model)

    def _parameters(self, options: TranscriptionOptions) -> dict[str, Any]:
        facts, transcribes = self._facts, options.task == "transcribe"
        parameters: dict[str, Any] = {
            "model": self._model,
            "temperature": options.temperature,
            "response_format": "json",
            **guidance(facts, options),
        }
        if facts.gives_speakers:
            parameters |= {"response_format": "diarized_json", "chunking_strategy": "auto"}
        elif options.vad is not None and transcribes and facts.takes_vad:
            parameters["chunking_strategy"] = _server_vad(options.vad)
        if facts.gives_words or facts.gives_segments:
            parameters["response_format"] = "verbose_json"
            if transcribes:
                kinds = {"word": facts.gives_words, "segment": True}
                parameters["timestamp_granularities"] = [kind for kind, given in kinds.items() if given]
        return parameters


def _server_vad(vad: VadOptions) -> dict[str, Any]:
    return {
        "type": "server_vad",
        "threshold": vad.threshold,
        "silence_duration_ms": round(vad.silence_seconds * 1000),
        "prefix_padding_ms": round(vad.padding_seconds * 1000),
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


def _original_file(recording: Recording, facts: TranscriptionFacts) -> tuple[str, bytes] | None:
    """A name and the bytes of the recording's file, or None where the model does not take it whole."""
    source = recording.source
    longest_seconds = min(LONGEST_WHOLE_SECONDS, facts.maximum_seconds or LONGEST_WHOLE_SECONDS)
    if source is None or recording.gain != 1 or recording.duration_seconds > longest_seconds:
        return None
    if source.stat().st_size > facts.maximum_bytes:
        return None
    data = source.read_bytes()
    suffix = suffix_of(data[:_LONGEST_HEADER_BYTES])
    return None if suffix is None else (f"audio.{suffix}", data)


def suffix_of(header: bytes) -> str | None:
    """The suffix by which OpenAI recognises a file with this header; None for formats that it does not take."""
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


def openai_transcription(model: str) -> TranscriptionFacts:
    """What is known of one of OpenAI's models; of one that is not known, what its name says."""
    known = preset(OPENAI).transcription.named(model)
    return known or TranscriptionFacts(model=model, gives_words=not model.startswith("gpt-"), takes_vad=True)


def _as_flac(recording: Recording, part: Part, context: RequestContext) -> tuple[str, bytes]:
    target = io.BytesIO()
    with AudioWriter(target, AudioFormat.FLAC, sample_rate_hz=SAMPLE_RATE_HZ) as writer:
        for block in recording.blocks(*part):
            with context.permit():
                writer.write(block)
    return "audio.flac", target.getvalue()
