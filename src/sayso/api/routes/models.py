"""``/v1/models`` and ``/v1/audio/voices``: the model names and the voices."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Depends

from sayso.api.dependencies import ServedDep, authorised
from sayso.api.http.errors import unknown_model
from sayso.api.schemas.model_aliases import model_named
from sayso.threads import on_thread

router = APIRouter(tags=["models"], dependencies=[Depends(authorised())])

_CREATED = 1_767_225_600
"""The creation time of the models, in Unix seconds, which OpenAI's clients require."""


@router.get("/v1/models", summary="The models")
async def list_models(served: ServedDep) -> dict[str, Any]:
    """Every model name, OpenAI's included."""
    owners, tasks_of = served.catalogue.owners(), served.catalogue.tasks_of
    return {"object": "list", "data": [_model(name, owner, tasks_of(name)) for name, owner in owners.items()]}


@router.get("/v1/models/{model}", summary="One model")
async def retrieve_model(model: str, served: ServedDep) -> dict[str, Any]:
    """A model by its name."""
    owners = served.catalogue.owners()
    found = model_named(model, owners)
    if found is None:
        raise unknown_model(model)
    return _model(model, owners[found], served.catalogue.tasks_of(found))


@router.get("/v1/models/{hub_owner}/{model}", include_in_schema=False)
async def retrieve_hub_model(hub_owner: str, model: str, served: ServedDep) -> dict[str, Any]:
    """A model by its name on a model hub, as clients of such servers ask for it."""
    return await retrieve_model(f"{hub_owner}/{model}", served)


@router.get("/v1/audio/models", summary="The models for speech")
async def list_speech_models(served: ServedDep) -> dict[str, Any]:
    """Every model name for `/v1/audio/speech`, as clients of other servers ask for them."""
    tasks_of = served.catalogue.tasks_of
    models = served.catalogue.speech.values()
    return {"object": "list", "models": [_model(model.id, model.owner, tasks_of(model.id)) for model in models]}


@router.get("/v1/audio/voices", summary="The installed voices")
async def list_voices(served: ServedDep, *, legacy: bool = False) -> dict[str, Any]:
    """Every voice by its own name, with its language and engine; with ``legacy`` the names alone."""
    voices = await on_thread(served.catalogue.voices)
    if legacy:
        return {"voices": [voice.name for voice in voices]}
    return {
        "voices": [
            {"id": voice.name, "name": voice.name, "language": voice.language, "engine": voice.engine}
            for voice in voices
        ]
    }


def _model(name: str, owner: str, tasks: list[str]) -> dict[str, Any]:
    """A model as OpenAI describes it, with the tasks that it is for."""
    return {"id": name, "object": "model", "created": _CREATED, "owned_by": owner, "tasks": tasks}
