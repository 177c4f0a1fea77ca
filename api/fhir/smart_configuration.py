"""SMART App Launch's discovery document: where tokens are issued, and for what."""

from collections.abc import Iterator
from typing import Any, Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.core.answers import JsonResponse
from api.core.dependencies import Stores, stores_of
from api.core.documented import Responses
from api.core.outcomes import SMART_CONFIGURATION_PATH, TOKEN_PATH
from api.fhir.apps import authorization
from api.fhir.table import SERVED
from services.people.connected_systems import ALGORITHMS
from services.people.patient_apps import APP_TYPES
from services.people.tokens import RESOURCE_RIGHTS

router = APIRouter(tags=["FHIR"])

#: How systems prove themselves, and what they ask for by it.
GRANT_TYPE: Final = "client_credentials"
# From http://hl7.org/fhir/smart-app-launch/conformance.html; scopes of both versions.
_CAPABILITIES: Final = (
    "launch-standalone",
    "client-public",
    "client-confidential-asymmetric",
    "context-standalone-patient",
    "permission-patient",
    "permission-v1",
    "permission-v2",
)
_OK: Final[Responses] = {
    200: {
        "description": "The configuration",
        "content": {"application/json": {"schema": {"type": "object"}}},
    }
}


def token_endpoint(stores: Stores) -> str:
    """Return the address at which tokens are issued.

    It is the clinic's own, never the one that a request claims to have reached: a
    caller who could choose it could use assertions here that were made for another
    server.
    """
    return f"{stores.papers.address}{TOKEN_PATH}"


def authorization_endpoint(stores: Stores) -> str:
    """Return the address at which patients decide whether an app may read."""
    return f"{stores.papers.address}{authorization.AUTHORIZE_PATH}"


@router.get(SMART_CONFIGURATION_PATH, responses=_OK)
def read_smart_configuration(request: Request) -> Response:
    """Return where and how tokens are issued (SMART App Launch 2), without a token."""
    stores = stores_of(request)
    return JsonResponse(
        smart_configuration(authorization_endpoint(stores), token_endpoint(stores))
    )


def smart_configuration(authorize: str, endpoint: str) -> dict[str, Any]:
    """Return the configuration, with the scopes of the types that are served."""
    return {
        "authorization_endpoint": authorize,
        "response_types_supported": ["code"],
        "authorization_response_iss_parameter_supported": True,
        "token_endpoint": endpoint,
        # Apps without a secret do not authenticate.
        "token_endpoint_auth_methods_supported": ["private_key_jwt", "none"],
        "token_endpoint_auth_signing_alg_values_supported": [*ALGORITHMS],
        "grant_types_supported": [authorization.GRANT_TYPE, GRANT_TYPE],
        "scopes_supported": list(_scopes()),
        "code_challenge_methods_supported": [authorization.CHALLENGE_METHOD],
        "capabilities": [*_CAPABILITIES],
    }


def _scopes() -> Iterator[str]:
    yield "system/*.rs"
    for kind in SERVED:
        if kind.name in RESOURCE_RIGHTS:
            # A type without a search can only be read.
            yield f"system/{kind.name}.{'rs' if kind.search else 'r'}"
    yield authorization.LAUNCH_SCOPE
    yield "patient/*.rs"
    for kind in SERVED:
        if kind.name in APP_TYPES:
            # Patients read their own record, and cannot search for records.
            letters = "rs" if kind.search and kind.name != "Patient" else "r"
            yield f"patient/{kind.name}.{letters}"
