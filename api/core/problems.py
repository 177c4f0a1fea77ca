"""How refusals are written: RFC 9457, an OperationOutcome, the register's envelope."""

import logging
from collections.abc import Mapping, Sequence
from functools import partial
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.responses import Response
from starlette.routing import Match

from api.core.answers import JsonResponse
from api.core.dependencies import CHALLENGE, stores_of
from api.core.middleware.heads import methods_of
from api.core.outcomes import (
    TOKEN_PATH,
    FhirResponse,
    InvalidResource,
    is_fhir,
    oauth_error,
    outcome_of,
    outcome_response,
)
from db.postgres import DatabaseUnavailable, NoPrimary, NotOnReplica
from services.core.errors import (
    Conflict,
    Gone,
    InsufficientScope,
    InvalidFields,
    InvalidInput,
    NotAllowed,
    NotFound,
    ServiceError,
    StorageFull,
    TooOften,
    Unavailable,
)
from services.core.full_disks import full_disk
from services.documents.records.errors import NoSuchDocument, TooLarge

ENVELOPE_PATH: Final = "/patient-register"
DOCUMENTS_PATH: Final = "/api/documents"
UPLOADS_PATH: Final = "/api/v1/uploads"
# The protocol tus: every answer names its version, and it has a status of its own.
TUS_VERSION: Final = "1.0.0"
TUS_HEADERS: Final[Mapping[str, str]] = {"Tus-Resumable": TUS_VERSION}
CHECKSUM_MISMATCH: Final = 460
_OF_DOCUMENTS: Final = (DOCUMENTS_PATH, "/files/documents")
# Refusals below these repeat their sentence as `error`.
_TREES: Final = (
    *_OF_DOCUMENTS,
    "/api/document-forms",
    "/api/prescriptions",
    "/api/doctors",
    "/api/bookings",
    "/api/waiting-list",
    "/api/appointments",
    "/api/admin",
    "/api/public",
)
_STATUS: Final[Mapping[type[ServiceError], int]] = {
    TooLarge: 413,
    InvalidInput: 400,
    NotAllowed: 403,
    NotFound: 404,
    Conflict: 409,
    Gone: 410,
    TooOften: 429,
    StorageFull: 507,
    Unavailable: 503,
}
_BAD_REQUEST: Final = 400
_NOT_FOUND: Final = 404
_METHOD_NOT_ALLOWED: Final = 405
_RETRY_LATER: Final = {"Retry-After": "2"}
# Somebody has to act before it can succeed.
_RETRY_MUCH_LATER: Final = {"Retry-After": "30"}
_CHANGING_HANDS: Final = (
    "Database failover in progress. Nothing is lost; try again in a few seconds."
)
_NOTHING_THERE: Final = (
    "There is no such resource or operation here. /api/docs lists those that there are."
)
_NOT_DELETED: Final = "Failed to delete document"
_BROKEN: Final = (
    "An internal error occurred and was logged. Check what was saved before you "
    "try again."
)
_log = logging.getLogger(__name__)


class Refusal(Exception):
    """A service's refusal with more details for programs than its sentence."""

    def __init__(self, error: ServiceError, members: Mapping[str, Any]) -> None:
        super().__init__(str(error))
        self.error = error
        self.members = members


def phrase_of(status: int) -> str:
    """Return the reason phrase of a status."""
    if status == CHECKSUM_MISMATCH:
        return "Checksum Mismatch"
    return HTTPStatus(status).phrase


class ProblemResponse(JsonResponse):
    """An RFC 9457 problem."""

    media_type = "application/problem+json"


def install(api: FastAPI, routes: Sequence[APIRoute]) -> None:
    """Answer every error that leaves a route in the caller's format."""
    api.add_exception_handler(ServiceError, _service_error)
    api.add_exception_handler(InvalidResource, _invalid_resource)
    api.add_exception_handler(Refusal, _refused_with_more)
    api.add_exception_handler(NoPrimary, _no_primary)
    api.add_exception_handler(DatabaseUnavailable, _database_unavailable)
    api.add_exception_handler(OSError, _os_error)
    api.add_exception_handler(RequestValidationError, _invalid_request)
    api.add_exception_handler(StarletteHTTPException, _http_error)
    api.add_exception_handler(_NOT_FOUND, _nothing_there)
    api.add_exception_handler(_METHOD_NOT_ALLOWED, partial(_method_not_allowed, routes))
    # Starlette raises it again after it was answered, so that the server can log it.
    api.add_exception_handler(Exception, _unforeseen)


def broken(path: str) -> Response:
    """Return the answer to a request that failed with an unexpected error."""
    return refused(path, 500, _BROKEN)


def precondition_required() -> HTTPException:
    """Return the error that asks for the version that an edit starts from."""
    return HTTPException(
        428,
        "If-Match is required: send the ETag of the version that you edited, "
        'for example "3".',
    )


def _service_error(request: Request, error: Exception) -> Response:
    if isinstance(error, Unavailable):
        error = full_disk(error, stores_of(request).disks) or error
    members = _members_of(error)
    path, status = request.url.path, _status_of(error)
    return refused(path, status, str(error), members, _headers_of(error))


def _invalid_resource(request: Request, error: Exception) -> Response:
    del request
    assert isinstance(error, InvalidResource)  # noqa: S101 (registered so)
    return FhirResponse(outcome_of(error.issues), _BAD_REQUEST)


def problem_of(refusal: ServiceError) -> dict[str, Any]:
    """Return a refusal of one of several things as a problem."""
    status = _status_of(refusal)
    return _problem(status, str(refusal)) | _members_of(refusal)


def _members_of(error: Exception) -> dict[str, Any]:
    """Return the properties of the request that a refusal is about."""
    if isinstance(error, InvalidFields):
        return _problems([(p.field, p.message) for p in error.problems])
    if isinstance(error, InvalidInput):
        return _problems([(error.property_name, str(error))])
    return {}


def _refused_with_more(request: Request, refusal: Exception) -> Response:
    assert isinstance(refusal, Refusal)  # noqa: S101 (registered so)
    error = refusal.error
    members = dict(refusal.members)
    return refused(request.url.path, _status_of(error), str(error), members)


def _status_of(error: Exception) -> int:
    return next(
        (status for kind, status in _STATUS.items() if isinstance(error, kind)), 400
    )


def _headers_of(error: Exception) -> Mapping[str, str] | None:
    """Return the header that says when an error may not recur, or with what token."""
    if isinstance(error, InsufficientScope):
        scope = f', scope="{error.needed}"' if error.needed else ""
        return {"WWW-Authenticate": f'{CHALLENGE}, error="insufficient_scope"{scope}'}
    if isinstance(error, TooOften):
        return {"Retry-After": str(error.retry_after_seconds)}
    if isinstance(error, StorageFull):
        return _RETRY_MUCH_LATER
    return _RETRY_LATER if isinstance(error, Unavailable) else None


def stale(request: Request, sentence: str, members: dict[str, Any]) -> Response:
    """Return the answer to an edit that began from an outdated version."""
    status = 412 if "if-match" in request.headers else 409
    return refused(request.url.path, status, sentence, members)


def _database_unavailable(request: Request, error: Exception) -> Response:
    _log.warning("The database is unavailable: %s.", type(error).__name__)
    if refusal := full_disk(error, stores_of(request).disks):
        return _service_error(request, refusal)
    return _cannot_now(request, _CHANGING_HANDS)


def _no_primary(request: Request, error: Exception) -> Response:
    assert isinstance(error, NoPrimary)  # noqa: S101 (registered so)
    if refusal := full_disk(error, stores_of(request).disks):
        return _service_error(request, refusal)
    since = f"since {error.since:%Y-%m-%d %H:%M:%S} UTC"
    if isinstance(error, NotOnReplica):
        sentence = (
            f"Not found on a replica, which may lack what was saved last, and {since} "
            "no server leads the database. Try again once one does."
        )
    else:
        sentence = (
            f"Nothing can be saved {since}: no server leads the database. Existing "
            "data can still be read."
        )
    return _cannot_now(request, sentence)


def _cannot_now(request: Request, sentence: str) -> Response:
    """Answer a request that needs a primary; a document to delete is still there."""
    path = request.url.path
    is_deletion = request.method == "DELETE" and _is_within(path, DOCUMENTS_PATH)
    members = {"error": _NOT_DELETED} if is_deletion else None
    return refused(path, 503, sentence, members, _RETRY_LATER)


def _os_error(request: Request, error: Exception) -> Response:
    """Answer that the disk is full if that is the cause; raise any other error."""
    if refusal := full_disk(error, stores_of(request).disks):
        _log.warning("A disk is full.")
        return _service_error(request, refusal)
    raise error


def _invalid_request(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 (registered so)
    path = request.url.path
    is_of_document = any(_is_within(path, tree) for tree in _OF_DOCUMENTS)
    if is_of_document and _names_nothing(error.errors()):
        return _service_error(request, NoSuchDocument())
    problems = [
        (_property(problem["loc"]), _sentence(problem)) for problem in error.errors()
    ]
    return refused(request.url.path, _BAD_REQUEST, problems[0][1], _problems(problems))


def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, StarletteHTTPException)  # noqa: S101 (registered so)
    return refused(
        request.url.path, error.status_code, error.detail, headers=error.headers
    )


def _nothing_there(request: Request, error: Exception) -> Response:
    """Answer for a path without a route, of which Starlette says only "Not Found"."""
    del error
    return refused(request.url.path, _NOT_FOUND, _NOTHING_THERE)


def _method_not_allowed(
    routes: Sequence[APIRoute], request: Request, error: Exception
) -> Response:
    """Answer with all allowed methods: Starlette lists those of one route only."""
    there = [
        route for route in routes if route.matches(request.scope)[0] is not Match.NONE
    ]
    methods = sorted({method for route in there for method in methods_of(route)})
    if not methods:
        return _nothing_there(request, error)
    allowed = ", ".join(methods)
    sentence = f"Allowed methods: {allowed}."
    headers = {"Allow": allowed}
    return refused(request.url.path, _METHOD_NOT_ALLOWED, sentence, headers=headers)


def _unforeseen(request: Request, error: Exception) -> Response:
    del error
    return broken(request.url.path)


def refused(
    path: str,
    status: int,
    sentence: str,
    members: dict[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return the answer to a refused request, in the format of its path."""
    if path == TOKEN_PATH:
        return oauth_error(status, sentence, headers)
    if is_fhir(path):
        return outcome_response(status, sentence, headers)
    kept = dict(headers) if headers else None
    if path == ENVELOPE_PATH:
        return _envelope(status, sentence, members or {}, kept)
    if _is_within(path, UPLOADS_PATH):
        kept = {**TUS_HEADERS, **(kept or {})}
    problem = _problem(status, sentence)
    if any(_is_within(path, tree) for tree in _TREES):
        problem["error"] = problem["detail"]
    return ProblemResponse(problem | (members or {}), status, kept)


def _problem(status: int, sentence: str) -> dict[str, Any]:
    title = phrase_of(status)
    problem = {"type": "about:blank", "title": title, "status": status}
    return problem | {"detail": sentence}


def _is_within(path: str, tree: str) -> bool:
    return path == tree or path.startswith(f"{tree}/")


def _names_nothing(problems: Sequence[Mapping[str, Any]]) -> bool:
    """Return whether a document's id in the path is not an id."""
    return any(problem["loc"] == ("path", "uuid") for problem in problems)


def _envelope(
    status: int, sentence: str, data: dict[str, Any], headers: dict[str, str] | None
) -> Response:
    invalid = status == _BAD_REQUEST
    return JsonResponse(
        {
            "code": status,
            "is_success": False,
            "message": "Data validation error" if invalid else sentence,
            "data": {"detail": sentence, **data} if invalid else data,
        },
        status,
        headers,
    )


def _problems(problems: Sequence[tuple[str, str]]) -> dict[str, Any]:
    return {
        "property": problems[0][0],
        "problems": [
            {"property": property_name, "detail": detail}
            for property_name, detail in problems
        ],
    }


# What a value with that type of error must do, in place of words for Python.
_RIGHT_VALUES: Final[Mapping[str, str]] = {
    "bool_parsing": "be true or false",
    "bool_type": "be true or false",
    "date_from_datetime_parsing": "be a date such as 2026-11-23",
    "date_parsing": "be a date such as 2026-11-23",
    "date_type": "be a date such as 2026-11-23",
    "dict_type": "be a JSON object",
    "enum": "be {expected}",
    "float_parsing": "be a number",
    "float_type": "be a number",
    "greater_than": "be above {gt:.12g}",
    "greater_than_equal": "be at least {ge:.12g}",
    "int_from_float": "be a whole number",
    "int_parsing": "be a whole number",
    "int_type": "be a whole number",
    "less_than": "be below {lt:.12g}",
    "less_than_equal": "be at most {le:.12g}",
    "list_type": "be a list",
    "literal_error": "be {expected}",
    "model_attributes_type": "be a JSON object",
    "model_type": "be a JSON object",
    "string_type": "be a text",
    "string_too_long": "have fewer characters: at most {max_length}",
    "string_too_short": "have more characters: at least {min_length}",
    "too_long": "have fewer entries: at most {max_length}",
    "too_short": "have more entries: at least {min_length}",
    "uuid_parsing": "be a UUID",
    "uuid_type": "be a UUID",
}


def _property(location: Sequence[int | str]) -> str:
    """Return the field that a validation error points to, without the source."""
    path = [part for part in location if part not in {"body", "query", "path"}]
    return ".".join(str(part) for part in path) or "body"


def _sentence(problem: Mapping[str, Any]) -> str:
    name = _property(problem["loc"])
    if problem["type"] == "extra_forbidden":
        return f"There is no field {name}."
    if problem["type"] == "missing":
        return f"{name} is required."
    if right := _RIGHT_VALUES.get(problem["type"]):
        return f"{name} must {right.format(**problem.get('ctx', {}))}."
    return f"{name}: {problem['msg']}."
