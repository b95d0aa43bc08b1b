"""The models of the server: their shutdown dates, and which of them are retired."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from sayso.testing.openai_server.envelope import refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.responses import JSONResponse

TIMED_MODEL = "whisper-1"
"""The only model with word times and translation."""

SPEAKER_MODEL = "gpt-4o-transcribe-diarize"
SUCCESSOR_MODEL = "gpt-transcribe"
REALTIME_MODEL = "gpt-realtime-2.1-mini"

SPEECH_MODELS = ("gpt-4o-mini-tts", "tts-1", "tts-1-hd")
HEARING_MODELS = (TIMED_MODEL, "gpt-4o-transcribe", "gpt-4o-mini-transcribe", SPEAKER_MODEL, SUCCESSOR_MODEL)

_RETIRED: Mapping[int, tuple[str, str | None]] = {
    400: ("The model `{}` has been deprecated.", None),
    403: ("Project `proj_1` does not have access to model `{}`.", "model_not_found"),
    404: ("The model `{}` does not exist or you do not have access to it.", "model_not_found"),
    410: ("The model `{}` has been shut down.", None),
    503: ("The model `{}` is not available.", None),
}
"""What a retired model may answer: OpenAI does not document which it will be."""

_CREATED = 1_700_000_000


class ServedModels:
    """The models of the server; any thread may use it.

    Attributes:
        may_list: whether the key has the right to the list of models.
    """

    def __init__(self) -> None:
        self.may_list = True
        self._lock = threading.Lock()  # guards all below
        self._retired: dict[str, int] = {}
        self._listed: set[str] = set()
        self._dates: dict[str, str] = {}

    def retire(self, *models: str, status: int = 404, is_listed: bool = False) -> None:
        """From now on requests for these models get an error with this status; the list need not have them."""
        with self._lock:
            self._retired.update(dict.fromkeys(models, status))
            if is_listed:
                self._listed.update(models)

    def date(self, *models: str, on: str | None) -> None:
        """Give these models a shutdown date (``2027-02-26``) in the list of models; None for none."""
        with self._lock:
            for model in models:
                if on is None:
                    self._dates.pop(model, None)
                else:
                    self._dates[model] = on

    def reset(self) -> None:
        """Serve all models again, without dates."""
        with self._lock:
            self._retired.clear()
            self._listed.clear()
            self._dates.clear()
        self.may_list = True

    def refusal_of(self, model: object) -> JSONResponse | None:
        """The answer of a retired model; None for one that serves."""
        with self._lock:
            status = self._retired.get(str(model))
        if status is None:
            return None
        message, code = _RETIRED[status]
        return refusal(status, message.format(model), code=code)

    def listed(self) -> list[dict[str, Any]]:
        """The entries of the list of models."""
        with self._lock:
            names = (*SPEECH_MODELS, *HEARING_MODELS, REALTIME_MODEL)
            gone = self._retired.keys() - self._listed
            return [_entry(name, self._dates.get(name)) for name in names if name not in gone]


def _entry(name: str, on: str | None) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": _CREATED, "owned_by": "openai", "shutdown_date": on}
