"""What OpenAPI describes of every answer: its status, its media type and its schema."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final, Literal

from fastapi import FastAPI
from pydantic import BaseModel, Field

from api.core.answers import LSN_HEADER, NODE_HEADER, FreeSlot, Shown
from api.core.outcomes import (
    FHIR_JSON,
    FHIR_PATH,
    SMART_CONFIGURATION_PATH,
    TOKEN_PATH,
    is_fhir,
)
from api.core.problems import ENVELOPE_PATH, phrase_of

# Any caller may be unknown or too frequent, and any call may meet a failover or a full
# disk.
_OF_ALL: Final = (400, 401, 403, 429, 503, 507)
# Calls to these are not limited, and need no database to be admitted; for tokens, the
# route documents all refusals itself.
_OPEN_PATHS: Final = (
    "/health",
    "/metrics",
    f"{FHIR_PATH}/metadata",
    SMART_CONFIGURATION_PATH,
    TOKEN_PATH,
)
_PROBLEM: Final = "application/problem+json"
_FILE: Final[Mapping[str, str]] = {"type": "string", "format": "binary"}

_OK: Final = "200"
_CREATED: Final = "201"
_NOT_MODIFIED: Final = "304"
# Headers that answers have, by what the statement of the route shows.
_HEADERS: Final[Mapping[str, str]] = {
    LSN_HEADER: "Where the log has this write: send it with later reads.",
    NODE_HEADER: "The database server that answered.",
    "ETag": "The version: for If-Match, and If-None-Match.",
    "Location": "The path of what was created.",
    "Retry-After": "The seconds after which to try again.",
    "WWW-Authenticate": 'The scheme, and error="invalid_token" for a refused token, '
    'or error="insufficient_scope" and a scope that would suffice.',
    "Allow": "The methods of this path.",
}
_OF_REFUSAL: Final[Mapping[str, str]] = {
    "401": "WWW-Authenticate",
    "403": "WWW-Authenticate",
    "405": "Allow",
    "429": "Retry-After",
    "503": "Retry-After",
    "507": "Retry-After",
}
_CONDITIONS: Final = frozenset({"if-match", "if-none-match"})

Responses = dict[int | str, dict[str, Any]]


class ProblemPart(Shown):
    """One property of the request, and what is wrong with it."""

    property: str
    detail: str


class Problem(BaseModel):
    """A refusal as RFC 9457 describes it, with the properties it is about."""

    type: Literal["about:blank"]
    title: str
    status: int
    detail: str
    property: str | None = None
    problems: list[ProblemPart] | None = None
    error: str | None = Field(
        None, description="For documents and visits: `detail` again."
    )
    free_at: datetime | None = Field(
        None, description="For a taken slot: when it may be free again."
    )
    next_free: list[FreeSlot] | None = Field(
        None, description="For a taken slot: free slots to book instead."
    )


class EnvelopeProblem(Shown):
    """A refusal of the patient register."""

    code: int
    is_success: Literal[False]
    message: str
    data: dict[str, Any]


class OutcomeText(BaseModel):
    """The text of an issue for people to read."""

    text: str


class OutcomeIssue(BaseModel):
    """One thing that is wrong, as a FHIR code and a sentence."""

    severity: Literal["error"]
    code: str
    details: OutcomeText
    diagnostics: str


class Outcome(BaseModel):
    """A refusal below /fhir: an OperationOutcome of FHIR R4."""

    resourceType: Literal["OperationOutcome"]  # noqa: N815 (FHIR's own name)
    issue: list[OutcomeIssue]


def refuses(*statuses: int) -> Responses:
    """Describe the refusals that a route adds to those of all routes."""
    return {status: _refusal(status) for status in statuses}


def sends(media_type: str, *statuses: int) -> Responses:
    """Describe a route that sends a file, and its refusals."""
    content = {media_type: {"schema": _FILE}}
    return {200: {"description": "The file", "content": content}} | refuses(*statuses)


def shows(
    kind: Any, *statuses: int, status: int = 200, files: Iterable[str] = ()
) -> Responses:
    """Describe a route that answers with JSON of this kind, and its refusals.

    `files` are the media types that it can return instead on request.
    """
    answer: dict[str, Any] = {"model": kind}
    if content := {each: {"schema": _FILE} for each in files}:
        answer["content"] = content
    return {status: answer} | refuses(*statuses)


def describe(api: FastAPI) -> None:
    """Make the API's description include every possible answer."""
    describe_routes = api.openapi

    def openapi() -> dict[str, Any]:
        if api.openapi_schema is None:
            _complete(describe_routes())
        return describe_routes()

    api.openapi = openapi  # type: ignore[method-assign]


def _complete(schema: dict[str, Any]) -> None:
    components = schema["components"]["schemas"]
    for unused in ("HTTPValidationError", "ValidationError"):
        components.pop(unused, None)
    for kind in (Problem, EnvelopeProblem, Outcome):
        whole = kind.model_json_schema(ref_template="#/components/schemas/{model}")
        components |= whole.pop("$defs", {}) | {kind.__name__: whole}
    schema["components"]["headers"] = {
        name: {"description": text, "schema": {"type": "string"}}
        for name, text in _HEADERS.items()
    }
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            _complete_operation(path, operation["responses"])
            for status, response in operation["responses"].items():
                if names := _headers_of(method, operation, status):
                    response["headers"] = {
                        name: {"$ref": f"#/components/headers/{name}"} for name in names
                    }


def _complete_operation(path: str, responses: dict[str, Any]) -> None:
    # Invalid values are answered with 400 here, like everything invalid.
    responses.pop("422", None)
    if path not in _OPEN_PATHS:
        for status in _OF_ALL:
            responses.setdefault(str(status), _refusal(status))
    if path == ENVELOPE_PATH:
        for code, response in responses.items():
            if not code.startswith("2"):
                response["content"] = _json_of(EnvelopeProblem, "application/json")
    if is_fhir(path) and path != TOKEN_PATH:
        for code, response in responses.items():
            if not code.startswith(("2", "304")):
                response["content"] = _json_of(Outcome, FHIR_JSON)


def _headers_of(method: str, operation: dict[str, Any], status: str) -> list[str]:
    """Return the headers that an answer of the operation may have."""
    if status in _OF_REFUSAL:
        return [_OF_REFUSAL[status]]
    if not status.startswith("2") and status != _NOT_MODIFIED:
        return []
    names = [NODE_HEADER if method in {"get", "head"} else LSN_HEADER]
    sent = {each["name"].lower() for each in operation.get("parameters", ())}
    is_versioned = sent & _CONDITIONS or _NOT_MODIFIED in operation["responses"]
    if is_versioned and status in {_OK, _CREATED, _NOT_MODIFIED}:
        names.append("ETag")
    return [*names, "Location"] if status == _CREATED else names


def _refusal(status: int) -> dict[str, Any]:
    return {
        "description": phrase_of(status),
        "content": _json_of(Problem, _PROBLEM),
    }


def _json_of(kind: type[BaseModel], media_type: str) -> dict[str, Any]:
    return {media_type: {"schema": {"$ref": f"#/components/schemas/{kind.__name__}"}}}
