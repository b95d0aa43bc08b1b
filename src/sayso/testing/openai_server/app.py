"""The endpoints of OpenAI's audio API that the adapters use, and those that inject faults."""

from __future__ import annotations

import asyncio
import hmac
import time
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute

from sayso.providers.openai.limits import MAXIMUM_UPLOAD_BYTES
from sayso.testing.openai_server.envelope import Refused, refusal
from sayso.testing.openai_server.faults import Fault, FaultKind
from sayso.testing.openai_server.models import HEARING_MODELS, SPEECH_MODELS, TIMED_MODEL, ServedModels
from sayso.testing.openai_server.transcriptions import TranscriptionEndpoint, as_events

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection

    from starlette.requests import Request

    from sayso.stt import Transcriber
    from sayso.testing.openai_server.faults import Plan
    from sayso.testing.openai_server.realtime import RealtimeEndpoint
    from sayso.testing.openai_server.speech import SpeechEndpoint
    from sayso.testing.openai_server.stamped import StampedSpeech


def application(
    plan: Plan,
    *,
    served: ServedModels,
    realtime: RealtimeEndpoint | None,
    speech: SpeechEndpoint | StampedSpeech | None,
    transcriber: Transcriber | None,
    key: str,
    latency_seconds: float,
) -> Starlette:
    """The application without its faults; see `OpenAIServer`."""
    routes = _Routes(
        speech,
        TranscriptionEndpoint(transcriber) if transcriber else None,
        key=key,
        plan=plan,
        served=served,
        latency_seconds=latency_seconds,
    )
    sockets = [] if realtime is None else [WebSocketRoute("/v1/realtime", realtime.answer)]
    return Starlette(
        routes=[
            *sockets,
            Route("/v1/models", routes.guarded(routes.models), methods=["GET"]),
            Route("/v1/audio/speech", routes.guarded(routes.speech), methods=["POST"]),
            Route("/v1/audio/transcriptions", routes.guarded(routes.transcription), methods=["POST"]),
            Route("/v1/audio/translations", routes.guarded(routes.translation), methods=["POST"]),
            Route("/control/models", routes.set_models, methods=["PUT"]),
            Route("/control/faults", routes.plan_faults, methods=["PUT"]),
            Route("/control/requests", routes.requests, methods=["GET"]),
            Route("/control/requests", routes.forget, methods=["DELETE"]),
        ]
    )


class _Routes:
    """The endpoints; they run on the server's loop, and the engines on threads."""

    def __init__(
        self,
        speech: SpeechEndpoint | StampedSpeech | None,
        transcription: TranscriptionEndpoint | None,
        *,
        key: str,
        plan: Plan,
        served: ServedModels,
        latency_seconds: float,
    ) -> None:
        self._served = served
        self._speech = speech
        self._latency_seconds = latency_seconds
        self._transcription = transcription
        self._key = key
        self._plan = plan

    def guarded(self, endpoint: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
        """The endpoint for callers with the key; refusals become responses."""

        async def answer(request: Request) -> Response:
            given = request.headers.get("authorization", "").removeprefix("Bearer ")
            if not hmac.compare_digest(given.encode(), self._key.encode()):
                return refusal(401, f"Incorrect API key provided: {given}.", code="invalid_api_key")
            try:
                return await endpoint(request)
            except Refused as refused:
                return refused.response

        return answer

    async def models(self, _request: Request) -> Response:
        """The list of models."""
        if not self._served.may_list:
            said = "You have insufficient permissions for this operation. Missing scopes: api.model.read."
            return refusal(403, said)
        return JSONResponse({"object": "list", "data": self._served.listed()})

    async def speech(self, request: Request) -> Response:
        """Text to audio."""
        if self._speech is None:
            return _unknown_model("any speech model")
        fields = await request.json()
        request.state.received.fields.update(fields)
        self._require(fields.get("model"), SPEECH_MODELS)
        body, media_type = await run_in_threadpool(self._speech.answer, fields)
        due = request.state.received.began_at + self._latency_seconds
        await asyncio.sleep(max(due - time.monotonic(), 0.0))
        return Response(body, media_type=media_type)

    async def transcription(self, request: Request) -> Response:
        """Audio to text."""
        return await self._transcribe(request, translate=False)

    async def translation(self, request: Request) -> Response:
        """Audio to English text."""
        return await self._transcribe(request, translate=True)

    async def _transcribe(self, request: Request, *, translate: bool) -> Response:
        size_bytes = request.state.received.size_bytes
        if size_bytes > MAXIMUM_UPLOAD_BYTES + 2**16:  # the form's own overhead, besides the file
            return _too_large(size_bytes)
        async with request.form() as form:
            file = form.get("file")
            if file is None or isinstance(file, str):
                return refusal(
                    400, "Missing required parameter: 'file'.", param="file", code="missing_required_parameter"
                )
            fields: dict[str, Any] = {name: value for name, value in form.items() if isinstance(value, str)}
            for several in ("timestamp_granularities", "keywords", "languages"):
                fields[several] = form.getlist(f"{several}[]")
            request.state.received.fields.update(fields, filename=file.filename)
            data = await file.read()
        if len(data) > MAXIMUM_UPLOAD_BYTES:
            return _too_large(len(data))
        self._require(fields.get("model"), (TIMED_MODEL,) if translate else HEARING_MODELS)
        if self._transcription is None:
            return _unknown_model(fields.get("model"))
        answer = await run_in_threadpool(
            self._transcription.answer, data, file.filename or "", fields, translate=translate
        )
        if fields.get("stream") == "true" and fields["model"] != TIMED_MODEL and isinstance(answer, dict):
            return Response(as_events(answer), media_type="text/event-stream")
        return Response(answer, media_type="text/plain") if isinstance(answer, str) else JSONResponse(answer)

    def _require(self, model: object, models: Collection[str]) -> None:
        """Refuse a model that is retired or does not exist."""
        retired = self._served.refusal_of(model)
        if retired is not None:
            raise Refused(retired)
        if model not in models:
            raise Refused(_unknown_model(model))

    async def set_models(self, request: Request) -> Response:
        """Retire models from another process: ``{"retired": {model: status}, "dates": {model: date}}``."""
        wanted = await request.json()
        self._served.reset()
        for model, status in wanted.get("retired", {}).items():
            self._served.retire(model, status=status)
        for model, on in wanted.get("dates", {}).items():
            self._served.date(model, on=on)
        self._served.may_list = wanted.get("may_list", True)
        return JSONResponse({})

    async def plan_faults(self, request: Request) -> Response:
        """Inject faults from another process: ``{"following": [fault or null…], "always": fault or null}``."""
        wanted = await request.json()
        self._plan.set([_fault_of(each) for each in wanted.get("following", [])], _fault_of(wanted.get("always")))
        return JSONResponse({})

    async def requests(self, _request: Request) -> Response:
        """The log of requests."""
        return JSONResponse([received.as_json() for received in self._plan.requests()])

    async def forget(self, _request: Request) -> Response:
        """Empty the log."""
        self._plan.forget()
        return JSONResponse({})


def _fault_of(wanted: dict[str, Any] | None) -> Fault | None:
    return None if wanted is None else Fault(**{**wanted, "kind": FaultKind(wanted["kind"])})


def _unknown_model(name: object) -> JSONResponse:
    return refusal(404, f"The model `{name}` does not exist.", param="model", code="model_not_found")


def _too_large(size_bytes: int) -> Response:
    said = f"Maximum content size limit ({MAXIMUM_UPLOAD_BYTES}) exceeded ({size_bytes} bytes read)"
    return refusal(413, said, kind="server_error")
