"""``/v1/spoken``: what would be said for a text, and from which characters each word comes."""

from __future__ import annotations

import json

from fastapi import APIRouter, Request
from fastapi.responses import Response

from sayso.api.dependencies import ServedDep, SpeechCaller, admit, checked
from sayso.api.http.errors import Problem, problem_of
from sayso.api.http.openapi import json_request
from sayso.api.http.responses import done
from sayso.api.http.uploads import read_json
from sayso.api.schemas.spoken import MAXIMUM_ANSWER_CHARACTERS, MAXIMUM_TEXT_CHARACTERS, SpokenAnswer, SpokenBody
from sayso.errors import InvalidInput
from sayso.json_objects import MAXIMUM_OUTSIDE_BYTES
from sayso.narration import MAXIMUM_LEXICON_CHARACTERS
from sayso.scheduling import RequestContext, compute_permits
from sayso.text import Lexicon, ScriptOptions, languages_of, spoken_content

router = APIRouter(tags=["speech"])

_MAXIMUM_BYTES = 12 * (MAXIMUM_TEXT_CHARACTERS + MAXIMUM_LEXICON_CHARACTERS)
"""Of a body, each character of whose text and lexicon may be escaped."""


@router.post(
    "/v1/spoken",
    summary="What would be said for a text",
    response_class=Response,
    responses={200: {"model": SpokenAnswer, "description": "The words, with their places in the text."}},
    openapi_extra=json_request(SpokenBody),
)
async def create_spoken_form(request: Request, served: ServedDep, caller: SpeechCaller) -> Response:
    """The spoken form of a text, word by word, without speaking it: no engine and no model is needed.

    It is that of a narration with the same options. A word with a pronunciation of its own has it in ``ipa``.
    """
    values = await read_json(request, maximum_bytes=_MAXIMUM_BYTES + MAXIMUM_OUTSIDE_BYTES)
    body = checked(SpokenBody, values)
    if "\0" in body.text:
        raise Problem(status=400, message=f"Character {body.text.index(chr(0))} of the text is NUL.", param="text")
    options = ScriptOptions(
        voice="",
        language=body.language,
        language_of_voice=languages_of(served.catalogue.voices, body.language),
        markdown=body.markdown,
        emoji=body.emoji,
        citations=body.citations,
        lexicon=body.lexicon or Lexicon.empty(),
    )

    def work(context: RequestContext) -> Response:
        with compute_permits(context) as next_permit:
            content = spoken_content(
                body.text,
                options,
                by_line=body.lines,
                checkpoint=next_permit,
                maximum_characters=MAXIMUM_ANSWER_CHARACTERS,
            )
            return Response(json.dumps(content, ensure_ascii=False), media_type="application/json")

    slot = admit(served, caller)
    try:
        return await done(request, slot, work)
    except InvalidInput as error:
        problem = problem_of(error)
        problem.param = "text"
        raise problem from None
