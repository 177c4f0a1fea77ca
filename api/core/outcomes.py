"""Refusals below /fhir: an OperationOutcome of FHIR R4."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from api.core.answers import JsonResponse
from services.core.errors import InvalidInput

FHIR_PATH: Final = "/fhir"
# Where systems ask for tokens; its refusals are OAuth's.
TOKEN_PATH: Final = f"{FHIR_PATH}/auth/token"
SMART_CONFIGURATION_PATH: Final = f"{FHIR_PATH}/.well-known/smart-configuration"
FHIR_JSON: Final = "application/fhir+json"
# The codes of http://hl7.org/fhir/issue-type.
_CODES: Final[Mapping[int, str]] = {
    400: "invalid",
    401: "login",
    403: "forbidden",
    404: "not-found",
    405: "not-supported",
    406: "not-supported",
    409: "conflict",
    410: "deleted",
    # Of what FHIR serves, only a condition of create that several meet.
    412: "multiple-matches",
    413: "too-long",
    415: "not-supported",
    416: "invalid",
    421: "invalid",
    429: "throttled",
    500: "exception",
    503: "transient",
    507: "no-store",
}


# Tokens must not be cached on the way, not by HTTP/1.0 caches either.
NOT_STORED: Final = {"Cache-Control": "no-store", "Pragma": "no-cache"}
# RFC 6749's error names for refusals that every route may answer with.
_OAUTH_ERRORS: Final[Mapping[int, str]] = {
    429: "temporarily_unavailable",
    500: "server_error",
    503: "temporarily_unavailable",
    507: "temporarily_unavailable",
}


class FhirResponse(JsonResponse):
    """A FHIR resource as JSON."""

    media_type = FHIR_JSON


@dataclass(frozen=True, slots=True)
class Issue:
    """Something wrong with what was sent, or worth knowing about it.

    `expression` is the FHIRPath of the element, `code` one of
    http://hl7.org/fhir/issue-type.
    """

    sentence: str
    expression: str
    code: str = "value"
    severity: str = "error"


class InvalidResource(InvalidInput):
    """A resource breaks rules; `issues` lists all of them, at least one."""

    def __init__(self, issues: Sequence[Issue]) -> None:
        first = issues[0]
        super().__init__(first.expression, first.sentence)
        self.issues = issues


def is_fhir(path: str) -> bool:
    """Return whether a path belongs to FHIR, whether or not a route exists there."""
    return path == FHIR_PATH or path.startswith(f"{FHIR_PATH}/")


def outcome(
    sentences: Sequence[str], *, code: str, severity: str = "error"
) -> dict[str, Any]:
    """Return an OperationOutcome with these sentences."""
    return _outcome_of(_issue(sentence, code, severity) for sentence in sentences)


def outcome_of(issues: Iterable[Issue]) -> dict[str, Any]:
    """Return an OperationOutcome of issues, each with the element it is about."""
    return _outcome_of(
        _issue(issue.sentence, issue.code, issue.severity)
        | {"expression": [issue.expression]}
        for issue in issues
    )


def _outcome_of(issues: Iterable[dict[str, Any]]) -> dict[str, Any]:
    return {"resourceType": "OperationOutcome", "issue": list(issues)}


def _issue(sentence: str, code: str, severity: str) -> dict[str, Any]:
    return {
        "severity": severity,
        "code": code,
        "details": {"text": sentence},
        "diagnostics": sentence,
    }


def outcome_response(
    status: int, sentence: str, headers: Mapping[str, str] | None
) -> FhirResponse:
    """Return a FHIR client's answer with this status."""
    content = outcome([sentence], code=_CODES.get(status, "processing"))
    return FhirResponse(content, status, dict(headers) if headers else None)


def oauth_error(
    status: int,
    sentence: str,
    headers: Mapping[str, str] | None = None,
    *,
    error: str | None = None,
) -> JsonResponse:
    """Return a refusal of a token in the form of RFC 6749 (5.2)."""
    content = {
        "error": error or _OAUTH_ERRORS.get(status, "invalid_request"),
        # The standard does not allow quotation marks in it.
        "error_description": sentence.replace('"', "'"),
    }
    return JsonResponse(content, status, {**(headers or {}), **NOT_STORED})
