"""POST below /fhir: creating the resources that the table allows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final
from urllib.parse import parse_qsl

from fastapi import APIRouter, Depends, Header, HTTPException, Request
from sqlalchemy.orm import Session
from starlette.responses import Response

from api.core.answers import written_headers
from api.core.dependencies import Caller, Program
from api.core.documented import Responses
from api.core.idempotency import IdempotencyKey, id_for
from api.core.outcomes import FHIR_PATH, FhirResponse, Issue, outcome_of
from api.fhir.answering import (
    RESOURCE,
    base_of,
    refuses,
    require_wanted,
    version_headers,
)
from api.fhir.definitions import (
    Creation,
    PageWanted,
    Resource,
    ResourceType,
    Wanted,
)
from api.fhir.searching import OF_ALL, is_lenient, read_search
from api.fhir.table import SERVED
from api.fhir.writing.elements import require_type, understand
from api.fhir.writing.requests import (
    Returned,
    require_no_condition,
    resource_sent,
    returned,
)
from services.core.errors import InvalidInput

router = APIRouter(prefix=FHIR_PATH, tags=["FHIR"])

_OK, _CREATED, _SEVERAL = 200, 201, 412
_IF_NONE_EXIST: Final = "If-None-Exist"
_TOO_MANY: Final = (
    f"{_IF_NONE_EXIST} matches more than one resource, so nothing was created. "
    "Narrow the search."
)
_ANSWERS: Final[Responses] = {
    _CREATED: {"description": "Created", **RESOURCE},
    _OK: {"description": "Already exists (If-None-Exist)", **RESOURCE},
}
SENT: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        **RESOURCE,
    }
}

IfNoneExist = Annotated[
    str | None,
    Header(
        alias=_IF_NONE_EXIST,
        description="A search, such as family=Smith&birthdate=1980-05-17; the "
        "resource is created only if nothing matches.",
    ),
]


@dataclass(frozen=True, slots=True)
class _Created:
    """A resource that was created, or existed already, and issues to return."""

    resource: Resource
    is_new: bool
    issues: Sequence[Issue]


def _serve_creation(kind: ResourceType, creation: Creation) -> None:
    """Add the route that creates resources of the type."""

    def creator(caller: Program) -> Caller:
        caller.require(creation.permission)
        return caller

    async def body(request: Request, _: Annotated[Caller, Depends(creator)]) -> Any:
        return await resource_sent(request)

    @router.post(
        f"/{kind.name}",
        status_code=_CREATED,
        responses=_ANSWERS | refuses(406, 409, _SEVERAL, 413, 415),
        openapi_extra=SENT,
    )
    def create_resource(
        caller: Annotated[Caller, Depends(creator)],
        request: Request,
        resource: Annotated[Any, Depends(body)],
        if_none_exist: IfNoneExist = None,
        idempotency_key: IdempotencyKey = None,
    ) -> Response:
        require_wanted(request)
        require_no_condition(request)
        require_type(resource, kind.name)
        lenient = is_lenient(request.headers)
        understood = understand(resource, creation.shape, kind.name, lenient=lenient)
        wanted = _existing(kind, caller, if_none_exist)
        sent, today = understood.resource, caller.stores.today()
        draft, warnings = creation.read(sent, today, lenient)
        returns_outcome = returned(request) is Returned.OUTCOME
        id_ = id_for(caller.actor, idempotency_key)

        def create(session: Session) -> _Created | None:
            there: Sequence[Resource] = ()
            if wanted is not None:
                creation.take_turn(session)
                there = _matches(session, kind, caller, wanted)
            if there:
                is_one = len(there) == 1
                return _Created(there[0], is_new=False, issues=()) if is_one else None
            alike = (
                creation.look_alikes(session, caller, draft) if returns_outcome else ()
            )
            made = creation.create(session, caller, sent, draft, id_)
            issues = [*understood.issues, *warnings, *alike]
            return _Created(made, is_new=True, issues=issues)

        written = caller.write(create)
        if written.value is None:
            # Committed nevertheless: the search is recorded.
            raise HTTPException(_SEVERAL, _TOO_MANY, written_headers(written))
        return _answer(request, kind, written.value, written_headers(written))

    create_resource.__doc__ = f"Create: {kind.documentation}"


def _existing(kind: ResourceType, caller: Caller, text: str | None) -> Wanted | None:
    """Return the search in `If-None-Exist`; raises InvalidInput."""
    if text is None:
        return None
    query = text.partition("?")[2] if "?" in text else text
    try:
        pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=20)
    except ValueError as error:
        raise InvalidInput(_IF_NONE_EXIST, "Too many parameters.") from error
    search = read_search(kind, caller, pairs)
    # A search that finds everybody would take the new patient for any of them.
    if not search.pairs or {name for name, _ in search.pairs} & {*OF_ALL}:
        raise InvalidInput(
            _IF_NONE_EXIST,
            f"{_IF_NONE_EXIST} must contain search parameters, and none such as "
            "_count.",
        )
    # In a search they have no effect: here, somebody else would be taken for the new
    # patient.
    for name, value in pairs:
        if not value:
            raise InvalidInput(
                _IF_NONE_EXIST, f'"{name[:40]}" in {_IF_NONE_EXIST} has no value.'
            )
    return search.wanted


def _matches(
    session: Session, kind: ResourceType, caller: Caller, wanted: Wanted
) -> Sequence[Resource]:
    """Return existing matches, two at most."""
    assert kind.search is not None  # noqa: S101 (what is created can be searched)
    two = PageWanted(2, after=None, is_counted=False, now=caller.stores.now())
    return kind.search(session, wanted, two).resources


def _answer(
    request: Request, kind: ResourceType, made: _Created, headers: dict[str, str]
) -> Response:
    headers = headers | version_headers(made.resource)
    address = f"{base_of(request)}/{kind.name}/{made.resource['id']}"
    version = made.resource["meta"]["versionId"]
    headers["Location"] = f"{address}/_history/{version}" if kind.history else address
    status = _CREATED if made.is_new else _OK
    match returned(request):
        case Returned.MINIMAL:
            return Response(status_code=status, headers=headers)
        case Returned.OUTCOME:
            return FhirResponse(outcome_of(_issues(kind, made)), status, headers)
        case Returned.REPRESENTATION:
            return FhirResponse(made.resource, status, headers)


def _issues(kind: ResourceType, made: _Created) -> Sequence[Issue]:
    sentence = "Created." if made.is_new else "Already exists; nothing was created."
    done = Issue(sentence, kind.name, "informational", "information")
    return [done, *made.issues]


for served in SERVED:
    if served.creation is not None:
        _serve_creation(served, served.creation)
