"""/fhir: the routes of everything in the table, and the statement of what they are."""

from dataclasses import replace
from typing import Annotated, Any, Final
from urllib.parse import parse_qsl

from fastapi import APIRouter, Depends, HTTPException, Request
from sqlalchemy.orm import Session
from starlette.responses import Response

from api.core.answers import read_headers
from api.core.bodies import read_bounded
from api.core.dependencies import (
    Caller,
    Program,
    program,
    require_known_token,
    stores_of,
)
from api.core.documented import Responses, sends
from api.core.files.downloads import NOT_MODIFIED, PARTIAL, UNSATISFIABLE, send_version
from api.core.files.sending import PDF
from api.core.idempotency import IdempotencyKey
from api.core.outcomes import (
    FHIR_JSON,
    FHIR_PATH,
    SMART_CONFIGURATION_PATH,
    TOKEN_PATH,
    FhirResponse,
    outcome,
)
from api.fhir import searching, statement
from api.fhir.answering import (
    ID_IN_PATH,
    RESOURCE,
    base_of,
    has_it,
    refuses,
    require_wanted,
    version_headers,
)
from api.fhir.definitions import (
    DocumentOperation,
    Operation,
    Read,
    ResourceType,
    Search,
    SearchPage,
    uuid_of,
)
from api.fhir.invoking import parameters_sent, read_arguments
from api.fhir.resources import documents
from api.fhir.searching import FORMAT, FhirSearch, PageLinks, Pairs, entries_of
from api.fhir.smart_configuration import authorization_endpoint, token_endpoint
from api.fhir.table import SERVED
from services.core.errors import InvalidInput
from services.visits.booking.bookings.errors import NoSuchSlot, SlotTaken

router = APIRouter(prefix=FHIR_PATH, tags=["FHIR"])
# Matched after all other routes: whatever is not served.
unserved = APIRouter(prefix=FHIR_PATH, include_in_schema=False)

_METHOD_NOT_ALLOWED: Final = 405
_METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
_NEED_NO_TOKEN: Final = (f"{FHIR_PATH}/metadata", SMART_CONFIGURATION_PATH, TOKEN_PATH)
_FORM: Final = "application/x-www-form-urlencoded"
_OK: Final[Responses] = {200: {"description": "The resource", **RESOURCE}}
_SEARCHSET: Final[Responses] = {200: {"description": "A searchset Bundle", **RESOURCE}}
_DOCUMENT: Final[Responses] = {200: {"description": "A document Bundle", **RESOURCE}}
_UNCHANGED: Final[Responses] = {NOT_MODIFIED: {"description": "Not Modified"}}


@router.get("/metadata", responses=_OK | refuses(406))
def read_metadata(request: Request) -> Response:
    """Return the CapabilityStatement: what is served here. It needs no token."""
    require_wanted(request)
    stores = stores_of(request)
    return FhirResponse(
        statement.capability_statement(
            base_of(request), authorization_endpoint(stores), token_endpoint(stores)
        )
    )


async def _form_pairs(
    request: Request, _: Annotated[Caller, Depends(program)]
) -> list[tuple[str, str]]:
    """Return the parameters in a form, once the caller is known."""
    media_type = request.headers.get("content-type", _FORM).partition(";")[0].strip()
    if media_type.lower() != _FORM:
        raise HTTPException(415, f"Send the parameters as {_FORM}.")
    body = (await read_bounded(request)).decode("utf-8", "replace")
    try:
        sent = parse_qsl(body, keep_blank_values=True, max_num_fields=100)
    except ValueError as error:
        raise InvalidInput("body", "Too many parameters.") from error
    return [*request.query_params.multi_items(), *sent]


FormPairs = Annotated[list[tuple[str, str]], Depends(_form_pairs)]


def _serve_search(kind: ResourceType, search: Search) -> None:
    """Add the routes that search the type, by GET and by POST."""
    described = _described(kind)

    @router.get(
        f"/{kind.name}",
        responses=_SEARCHSET | refuses(404, 406),
        openapi_extra=described,
    )
    def search_by_address(caller: Program, request: Request) -> Response:
        pairs = request.query_params.multi_items()
        return _searched(kind, search, caller, request, pairs)

    @router.post(
        f"/{kind.name}/_search",
        responses=_SEARCHSET | refuses(404, 406, 413, 415),
        openapi_extra={
            "requestBody": {"content": {_FORM: {"schema": {"type": "object"}}}}
        },
    )
    def search_by_form(caller: Program, request: Request, pairs: FormPairs) -> Response:
        return _searched(kind, search, caller, request, pairs)

    search_by_address.__doc__ = f"Search: {kind.documentation}"
    search_by_form.__doc__ = "Search as with GET, with the parameters in a form."


def _sorting(kind: ResourceType) -> str:
    if not kind.sorts:
        return "Not supported."
    return f"One of {', '.join(kind.sorts)}; prefix it with - for descending order."


def _described(kind: ResourceType) -> dict[str, Any]:
    texts = {parameter.name: parameter.documentation for parameter in kind.parameters}
    texts |= {
        searching.COUNT: "Resources per page; 20 by default, at most 1,000.",
        searching.SORT: _sorting(kind),
        searching.TOTAL: "none omits the total.",
        searching.SUMMARY: "count returns only the total.",
        FORMAT: "json",
    }
    for name, includes in searching.includes_of(kind).items():
        texts[name] = f"Includes related resources: {', '.join(includes)}."
    return {
        "parameters": [
            {"name": name, "in": "query", "description": text, "schema": _TEXT}
            for name, text in texts.items()
        ]
    }


_TEXT: Final = {"type": "string"}


def _searched(
    kind: ResourceType, search: Search, caller: Caller, request: Request, pairs: Pairs
) -> Response:
    require_wanted(request, pairs)
    links = PageLinks(kind, caller)
    query = _search_of(kind, caller, request, pairs, links)
    page = query.page(caller.stores.now())

    def find(session: Session) -> SearchPage:
        listed = search(session, query.wanted, page)
        if not query.size:
            return listed
        included = [
            resource
            for include in query.includes
            for resource in include(session, caller, listed.resources)
        ]
        return replace(listed, included=included)

    read = caller.read(find)
    bundle = searching.searchset(base_of(request), kind, query, read.value, links)
    return FhirResponse(bundle, headers=read_headers(read, caller.after))


def _search_of(
    kind: ResourceType,
    caller: Caller,
    request: Request,
    pairs: Pairs,
    links: PageLinks,
) -> FhirSearch:
    if text := searching.page_text(pairs):
        return links.open(text)
    lenient = searching.is_lenient(request.headers)
    return searching.read_search(kind, caller, pairs, lenient=lenient)


def _serve_operation(operation: Operation) -> None:
    """Add the routes of an operation; a safe one can also be invoked by GET."""
    path = f"/{operation.on}/${operation.name}"
    answers = _SEARCHSET | refuses(404, 406, 409, 410)
    if operation.is_safe:

        @router.get(path, responses=answers, openapi_extra=_parameters_of(operation))
        def invoke_by_address(caller: Program, request: Request) -> Response:
            pairs = request.query_params.multi_items()
            return _invoked(operation, caller, request, pairs)

        invoke_by_address.__doc__ = operation.documentation

    @router.post(
        path,
        responses=answers | refuses(413, 415),
        openapi_extra={
            "requestBody": {"content": {FHIR_JSON: {"schema": {"type": "object"}}}}
        },
    )
    def invoke(
        caller: Program,
        request: Request,
        pairs: Annotated[Pairs, Depends(parameters_sent)],
        idempotency_key: IdempotencyKey = None,
    ) -> Response:
        return _invoked(operation, caller, request, pairs, idempotency_key)

    invoke.__doc__ = operation.documentation


def _serve_document(operation: DocumentOperation) -> None:
    """Add the routes of a document about one resource, by GET and by POST."""
    path = f"/{operation.on}/{ID_IN_PATH}/${operation.name}"
    answers = _DOCUMENT | refuses(404, 406, 410)

    @router.get(path, responses=answers, openapi_extra=_parameters_of(operation))
    def document_by_address(
        caller: Program, request: Request, resource_id: str
    ) -> Response:
        pairs = request.query_params.multi_items()
        return _documented(operation, caller, request, resource_id, pairs)

    @router.post(
        path,
        responses=answers | refuses(413, 415),
        openapi_extra={
            "requestBody": {"content": {FHIR_JSON: {"schema": {"type": "object"}}}}
        },
    )
    def document(
        caller: Program,
        request: Request,
        resource_id: str,
        pairs: Annotated[Pairs, Depends(parameters_sent)],
    ) -> Response:
        return _documented(operation, caller, request, resource_id, pairs)

    document_by_address.__doc__ = operation.documentation
    document.__doc__ = operation.documentation


def _documented(
    operation: DocumentOperation,
    caller: Caller,
    request: Request,
    resource_id: str,
    pairs: Pairs,
) -> Response:
    require_wanted(request, pairs)
    arguments = read_arguments(operation, pairs, base_of(request))
    bundle, headers = operation.run(caller, base_of(request), resource_id, arguments)
    return FhirResponse(bundle, headers=dict(headers))


def _parameters_of(operation: Operation | DocumentOperation) -> dict[str, Any]:
    return {
        "parameters": [
            {"name": name, "in": "query", "description": text, "schema": _TEXT}
            for name, text in operation.parameters.items()
        ]
    }


def _invoked(
    operation: Operation,
    caller: Caller,
    request: Request,
    pairs: Pairs,
    key: str | None = None,
) -> Response:
    require_wanted(request, pairs)
    try:
        arguments = read_arguments(operation, pairs, base_of(request))
        result = operation.run(caller, arguments, key)
    except (SlotTaken, NoSuchSlot) as gone:
        # As ITI-116 requires for a time that can no longer be held.
        refusal = outcome([str(gone)], code="not-found", severity="fatal")
        return FhirResponse(refusal, 409 if isinstance(gone, SlotTaken) else 404)
    entries = list(entries_of(f"{base_of(request)}/{operation.on}", result.resources))
    bundle = {
        "resourceType": "Bundle",
        "type": "searchset",
        "total": len(entries) if result.total is None else result.total,
        **({"entry": entries} if entries else {}),
    }
    return FhirResponse(bundle, headers=dict(result.headers))


def _serve_read(kind: ResourceType, read: Read) -> None:
    """Add the route that reads one resource of the type."""

    @router.get(
        f"/{kind.name}/{ID_IN_PATH}",
        responses=_OK | _UNCHANGED | refuses(404, 406, 410),
    )
    def read_resource(caller: Program, request: Request, resource_id: str) -> Response:
        require_wanted(request)
        resource = caller.read(lambda session: read(session, caller, resource_id))
        headers = read_headers(resource, caller.after) | version_headers(resource.value)
        if has_it(request, headers):
            return Response(status_code=NOT_MODIFIED, headers=headers)
        return FhirResponse(resource.value, headers=headers)

    read_resource.__doc__ = f"Read: {kind.documentation}"


@router.get(
    f"/Binary/{ID_IN_PATH}",
    responses=sends(PDF)
    | _UNCHANGED
    | refuses(404, 406, 409, UNSATISFIABLE)
    # HTTP's status for a part of it.
    | {PARTIAL: sends(PDF)[200] | {"description": "The requested range"}},
)
def read_binary(caller: Program, request: Request, resource_id: str) -> Response:
    """Download the file of a document's version, whole or the part in `Range`."""
    require_wanted(request, served=frozenset({PDF, "application/*", "*/*"}))
    document_id, number = documents.version_named(resource_id)
    return send_version(caller, request, uuid_of(document_id), number)


for served in SERVED:
    for offered in served.operations:
        _serve_operation(offered)
    for document_operation in served.documents:
        _serve_document(document_operation)
    if served.search is not None:
        _serve_search(served, served.search)
    if served.read is not None:
        _serve_read(served, served.read)


def refuse_method() -> None:
    """Tell everybody by which method a path is served that needs no token."""
    raise HTTPException(_METHOD_NOT_ALLOWED)


for open_path in _NEED_NO_TOKEN:
    unserved.add_api_route(
        open_path.removeprefix(FHIR_PATH), refuse_method, methods=[*_METHODS]
    )


@unserved.api_route(
    "/{anything:path}",
    methods=[*_METHODS],
    dependencies=[Depends(require_known_token)],
)
def refuse(anything: str) -> None:
    """Tell only known callers that something is not served, or by which methods."""
    del anything
    raise HTTPException(_METHOD_NOT_ALLOWED)
