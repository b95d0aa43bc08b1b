"""The checks of a request before a route works on it: caller, permission, rate limit, admission slot."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, get_args, get_origin

import structlog
from fastapi import Depends, Request
from pydantic import BaseModel, ValidationError

from sayso.api.auth.keys import ApiKey, Scope, presented_keys
from sayso.api.context import AppContext, ProcessContext
from sayso.api.http.azure_paths import DEPLOYMENT
from sayso.api.http.errors import Problem, problem_of_fields
from sayso.api.http.middleware import ANSWER_HEADERS
from sayso.api.http.rate_limits import address_of
from sayso.api.schemas.sorted_fields import sort_fields
from sayso.errors import NotAllowed, ScopeMissing

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from sayso.api.http.form_reader import Upload
    from sayso.api.http.uploads import Form
    from sayso.api.schemas.sorted_fields import SortedFields
    from sayso.scheduling import AdmissionSlot

IGNORED_FIELDS_HEADER = "sayso-ignored-fields"
"""The response header that names the fields of a request that have no effect."""

_MEMBER = re.compile(r"(?P<name>\w+)\[(?P<key>\w+)\]")
"""The form in which OpenAI's clients send a member of an object."""

_ITEM = re.compile(r"(?P<name>\w+)\[\d{1,3}\]")
"""The form in which clients written in PHP and in JavaScript send an item of a list."""

Fields = TypeVar("Fields", bound=BaseModel)


@dataclass(frozen=True, kw_only=True, slots=True)
class Caller:
    """The caller of a request.

    Attributes:
        name: of the API key; without keys, the address.
        key: the API key; None without keys.
    """

    name: str
    key: ApiKey | None = None


def process_of(request: Request) -> ProcessContext:
    """The parts of the process that serves this request."""
    process: ProcessContext = request.app.state.process
    return process


def services_of(request: Request) -> AppContext:
    """The parts of the audio API that serves this request."""
    served: AppContext = request.app.state.served
    return served


def authorised(scope: Scope | None = None) -> Callable[[Request], Awaitable[Caller]]:
    """A dependency: the caller, whose key has this scope (any key for None) and is within its rate limit.

    At that point the request's body has not been read.
    """

    async def check(request: Request) -> Caller:
        process = process_of(request)
        caller = _caller(request, process, scope)
        structlog.contextvars.bind_contextvars(client=caller.name)
        try:
            process.limiter.hit(caller.name)
        finally:
            request.scope[ANSWER_HEADERS] = process.limiter.headers(caller.name)
        return caller

    return check


async def check_operator(request: Request) -> None:
    """A dependency: checks access to the operational endpoints, which are public unless the settings restrict them."""
    if process_of(request).settings.protect_operations:
        await authorised(Scope.OPERATIONS)(request)


def _caller(request: Request, process: ProcessContext, scope: Scope | None) -> Caller:
    """The caller.

    Raises:
        NotAllowed: there are keys, and the request has none of them; or there are none, and requests need one.
        ScopeMissing: the caller's key does not have the scope.
    """
    keys = process.keys
    if process.is_closed:
        raise NotAllowed(
            "This server has no API keys, so no client may use it.",
            hint="Its operator can set SAYSO_API_KEYS, or SAYSO_ALLOW_ANONYMOUS=true.",
        )
    if not keys:
        return Caller(name=address_of(request.scope))
    presented = presented_keys(request.headers)
    if not presented:
        raise NotAllowed("There is no API key in the request.", hint="Send it as: Authorization: Bearer KEY")
    key = keys.identify(*presented)
    if key is None:
        raise NotAllowed("The API key is not one of this server's.")
    if scope is not None and not key.allows(scope):
        raise ScopeMissing(
            f"The API key {key.name!r} does not have the scope {scope}.", hint="Use a key that was made with it."
        )
    return Caller(name=key.name, key=key)


def with_own_cache(served: AppContext, caller: Caller) -> AppContext:
    """The parts with the caller's own part of the speech cache, if the settings separate owners."""
    return replace(served, cache=served.cache.of(caller.key.name if caller.key else None))


def admit(served: AppContext, caller: Caller) -> AdmissionSlot:
    """An admission slot for a waiting caller.

    Raises:
        Busy: every slot is taken.
    """
    return served.scheduler.admit(caller.name, deadline_seconds=served.settings.request_seconds)


def model_of_path(request: Request) -> str | None:
    """The model of a request whose body names none: Azure's deployment, which the path names; None on other paths."""
    named: str | None = request.scope.get(DEPLOYMENT)
    return named


def accepted(request: Request, endpoint: str, values: Mapping[str, Any]) -> SortedFields:
    """The fields of a request, sorted; a header of the response names those that have no effect.

    Args:
        request: whose response gets the header.
        endpoint: its path, a key of `CLIENT_FIELDS`.
        values: of the body.

    Raises:
        Problem: a field would silently give another result, and is refused.
    """
    found = sort_fields(endpoint, values)
    if found.ignored:
        headers = request.scope.get(ANSWER_HEADERS, {})
        request.scope[ANSWER_HEADERS] = {**headers, IGNORED_FIELDS_HEADER: ", ".join(found.ignored)}
    return found


def checked(fields: type[Fields], values: Mapping[str, Any], *, sent_as: Mapping[str, str] | None = None) -> Fields:
    """The fields of a request; an optional one that is null is as if it were not sent, as many clients send it.

    Args:
        fields: of the endpoint.
        values: of the body.
        sent_as: the client's names of fields that have another name here.

    Raises:
        Problem: names the first invalid field, as the client does.
    """
    known = fields.model_fields
    given = {
        name: value
        for name, value in values.items()
        if value is not None or name not in known or known[name].is_required()
    }
    try:
        return fields.model_validate(given)
    except ValidationError as error:
        problem = problem_of_fields(error)
        problem.param = (sent_as or {}).get(problem.param or "", problem.param)
        raise problem from None


def checked_form(fields: type[Fields], form: Form, *, request: Request | None = None, endpoint: str = "") -> Fields:
    """The text fields of a form; an empty text asks for nothing.

    A list may be sent as one field several times, or as ``name[0]``, ``name[1]`` and so on, and a member of an object
    as ``name[key]``.

    Args:
        fields: of the endpoint.
        form: as it was sent.
        request: of the form, if the endpoint takes the fields of other servers' clients.
        endpoint: the path of such an endpoint.

    Raises:
        Problem: names the first invalid field.
        InvalidInput: a field with one value was sent several times.
    """
    lists = {name for name, field in fields.model_fields.items() if _is_list(field.annotation)}
    values: dict[str, Any] = {}
    sent_as: Mapping[str, str] = {}
    if request is not None:
        named = model_of_path(request)
        found = accepted(request, endpoint, form.fields if named is None else {"model": (named,), **form.fields})
        form.fields, sent_as = found.kept, found.sent_as
    for name in form.fields:
        item = _ITEM.fullmatch(name)
        if (listed := item["name"] if item else name) in lists:
            if sent := [each for each in form.all(name) if each]:
                values.setdefault(listed, []).extend(sent)
            continue
        value = form.one(name)
        member = _MEMBER.fullmatch(name)
        if member is not None and isinstance(values.setdefault(member["name"], {}), dict):
            values[member["name"]][member["key"]] = value
        elif value is not None:
            values[name] = value
    return checked(fields, values, sent_as=sent_as)


def _is_list(annotation: Any) -> bool:
    """Whether a field is a list, or an optional list."""
    return any(get_origin(kind) is list for kind in (annotation, *get_args(annotation)))


def uploaded(form: Form, field: str) -> Upload:
    """The file of a form; one that was sent without a field is the file.

    Raises:
        Problem: there is none, or it was sent in another field.
    """
    if form.file is None or form.file.field not in {field, ""}:
        raise Problem(
            status=400,
            message=f"The recording is missing: send it as a file in the field {field!r}.",
            param=field,
            code="missing_required_parameter",
        )
    return form.file


ProcessDep = Annotated[ProcessContext, Depends(process_of)]
ServedDep = Annotated[AppContext, Depends(services_of)]
SpeechCaller = Annotated[Caller, Depends(authorised(Scope.SPEECH))]
TranscriptionCaller = Annotated[Caller, Depends(authorised(Scope.TRANSCRIBE))]
JobsCaller = Annotated[Caller, Depends(authorised(Scope.JOBS))]
