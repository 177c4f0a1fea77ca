"""What SMART App Launch lets systems find out: where tokens are, and for what."""

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
# Of http://hl7.org/fhir/smart-app-launch/conformance.html; scopes of both versions.
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
    """Return the address at which tokens are asked for.

    The clinic's own, never the one that a request says it has reached: whoever could
    choose it would have statements that were made for another server count here.
    """
    return f"{stores.papers.address}{TOKEN_PATH}"


def authorization_endpoint(stores: Stores) -> str:
    """Return the address at which patients are asked whether an app may read."""
    return f"{stores.papers.address}{authorization.AUTHORIZE_PATH}"


@router.get(SMART_CONFIGURATION_PATH, responses=_OK)
def read_smart_configuration(request: Request) -> Response:
    """Tell where and how tokens are had: SMART App Launch 2, which needs none."""
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
        # Of apps that have no secret none is asked for.
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
            # Without a search there is nothing to search for.
            yield f"system/{kind.name}.{'rs' if kind.search else 'r'}"
    yield authorization.LAUNCH_SCOPE
    yield "patient/*.rs"
    for kind in SERVED:
        if kind.name in APP_TYPES:
            # Patients read their own record, and search for nobody's.
            letters = "rs" if kind.search and kind.name != "Patient" else "r"
            yield f"patient/{kind.name}.{letters}"
