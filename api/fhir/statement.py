"""The CapabilityStatement: what is served here, and nothing else."""

from collections.abc import Iterator
from typing import Any, Final

from api.core.outcomes import FHIR_JSON
from api.fhir import systems
from api.fhir.bulk.operations import EXPORT, IMPLEMENTS, OF_ALL
from api.fhir.definitions import (
    BulkOperation,
    DocumentOperation,
    Operation,
    ResourceType,
    coding,
)
from api.fhir.table import SERVED

VERSION: Final = "4.0.1"
# The day on which what is served last changed.
_DATE: Final = "2026-11-28"
_SECURITY: Final = (
    "Requests carry a bearer token: one from the page Tokens, the short-lived one "
    "that a connected system gets with a signed JWT (SMART Backend Services), or "
    "the one that an app gets with a patient's consent (SMART standalone launch). "
    "Its scopes and its role determine what it can read. $export requires "
    "patients:export or, for a connected system, system/TYPE.rs for each type "
    "(system/*.rs for all) and a registered purpose of exports."
)
_OAUTH_URIS: Final = (
    "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris"
)
_SEARCHES: Final = (
    "An unknown search parameter is refused unless the request has Prefer: "
    "handling=lenient. Modifiers are not supported. All searches take _count, "
    "_sort, _total, _summary=count and _format, and can be sent by POST to "
    "_search, which keeps names out of URLs."
)
_TRANSACTIONS: Final = (
    "Files one document: a DocumentReference and the Binary that its attachment "
    "refers to."
)


def capability_statement(base: str, authorize: str, token: str) -> dict[str, Any]:
    """Return the statement of the server at this address, with its OAuth endpoints."""
    addresses = [
        {"url": "authorize", "valueUri": authorize},
        {"url": "token", "valueUri": token},
    ]
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": _DATE,
        "kind": "instance",
        "software": {"name": "Chartroom"},
        "implementation": {"description": "A clinic's patient records", "url": base},
        "instantiates": [IMPLEMENTS],
        "fhirVersion": VERSION,
        "format": [FHIR_JSON, "json"],
        "rest": [
            {
                "mode": "server",
                "documentation": _SEARCHES,
                "security": {
                    "extension": [
                        {"url": _OAUTH_URIS, "extension": addresses},
                    ],
                    "service": [_tokens(), _smart()],
                    "description": _SECURITY,
                },
                "resource": list(map(_resource, SERVED)),
                "interaction": [
                    {"code": "transaction", "documentation": _TRANSACTIONS}
                ],
                "operation": [_export(OF_ALL)],
            }
        ],
    }


def _tokens() -> dict[str, Any]:
    oauth = coding(systems.RESTFUL_SECURITY, "OAuth")
    return {"coding": [oauth], "text": "Bearer token"}


def _smart() -> dict[str, Any]:
    smart = coding(systems.RESTFUL_SECURITY, "SMART-on-FHIR")
    return {"coding": [smart], "text": "SMART App Launch"}


def _resource(kind: ResourceType) -> dict[str, Any]:
    parameters = [
        {
            "name": parameter.name,
            "type": parameter.kind,
            "documentation": parameter.documentation,
        }
        for parameter in kind.parameters
    ]
    offered: list[Operation | DocumentOperation] = [*kind.operations, *kind.documents]
    operations = [
        {
            "name": operation.name,
            "definition": operation.definition,
            "documentation": operation.documentation,
        }
        for operation in offered
    ]
    if kind.bulk_operation is not None:
        operations.append(_export(kind.bulk_operation))
    return {
        "type": kind.name,
        "documentation": kind.documentation,
        "interaction": [{"code": code} for code in _interactions(kind)],
        "versioning": "versioned" if kind.is_versioned else "no-version",
        "readHistory": kind.history is not None,
        # Files have an ETag although they are not versioned.
        "conditionalRead": "not-match"
        if kind.is_versioned or kind.read is None
        else "not-supported",
        "conditionalCreate": kind.creation is not None,
        **({"searchInclude": [*kind.includes]} if kind.includes else {}),
        **({"searchRevInclude": [*kind.revincludes]} if kind.revincludes else {}),
        **({"searchParam": parameters} if parameters else {}),
        **({"operation": operations} if operations else {}),
    }


def _export(operation: BulkOperation) -> dict[str, Any]:
    return {
        "name": EXPORT,
        "definition": operation.base,
        "documentation": operation.documentation,
    }


def _interactions(kind: ResourceType) -> Iterator[str]:
    """Yield the interactions with the type: every type that is served can be read."""
    yield "read"
    if kind.search is not None:
        yield "search-type"
    if kind.history is not None:
        yield "vread"
        yield "history-instance"
    if kind.creation is not None:
        yield "create"
