"""OAuth 2.0's token endpoint, for connected systems and patients' apps."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Final
from urllib.parse import parse_qsl
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel
from sqlalchemy.orm import Session
from starlette.responses import Response

from api.core.answers import JsonResponse
from api.core.bodies import read_bounded
from api.core.dependencies import Stores, record_refusal, recording_limits, stores_of
from api.core.documented import Responses
from api.core.origins import network_of, origin_of
from api.core.outcomes import NOT_STORED, TOKEN_PATH, oauth_error
from api.fhir.apps import authorization as app_authorization
from api.fhir.apps.authorization import AppAuthorization
from api.fhir.smart_configuration import GRANT_TYPE, token_endpoint
from db.postgres import ANONYMOUS
from services.core import audit, throttling
from services.core.audit import Action
from services.people import connected_systems
from services.people.connected_systems import (
    TOKEN_LIFETIME,
    AssertionRefused,
    ConnectedSystem,
    IssuedToken,
)
from services.people.tokens import InvalidScope

router = APIRouter(tags=["FHIR"])

_FORM: Final = "application/x-www-form-urlencoded"
_ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_MOST_BYTES: Final = 50_000
_OK: Final = 200
_FIELDS: Final = (
    "grant_type",
    "scope",
    "client_assertion_type",
    "client_assertion",
    "code",
    "redirect_uri",
    "client_id",
    "code_verifier",
)


class TokenAnswer(BaseModel):
    """A token, its lifetime in seconds, and what it opens.

    `patient` is the id of the Patient whose record an app reads.
    """

    access_token: str
    token_type: str
    expires_in: int
    scope: str
    patient: str | None = None


class TokenRefusal(BaseModel):
    """The refusal of a token: an error of RFC 6749 and a sentence."""

    error: str
    error_description: str


_REFUSAL: Final[dict[str, Any]] = {"model": TokenRefusal}
_ANSWERS: Final[Responses] = {
    200: {"model": TokenAnswer},
    **dict.fromkeys((400, 413, 429, 503), _REFUSAL),
}


class TokenRefused(Exception):
    """No token is issued; `error` is OAuth's term for the reason."""

    def __init__(self, error: str, sentence: str) -> None:
        super().__init__(sentence)
        self.error = error


async def _form(request: Request) -> Mapping[str, str] | Response:
    """Return the parameters of the form, or a refusal if the body is not one."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip()
    if media_type.lower() != _FORM:
        return oauth_error(400, f"Send the parameters as {_FORM}.")
    body = (await read_bounded(request, _MOST_BYTES)).decode("utf-8", "replace")
    try:
        pairs = parse_qsl(body, keep_blank_values=True, max_num_fields=20)
    except ValueError:
        return oauth_error(400, "Too many parameters.")
    if len(dict(pairs)) < len(pairs):
        return oauth_error(400, "A parameter is given more than once.")
    return dict(pairs)


@router.post(
    TOKEN_PATH,
    responses=_ANSWERS,
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                _FORM: {
                    "schema": {
                        "type": "object",
                        "required": ["grant_type"],
                        "properties": {name: {"type": "string"} for name in _FIELDS},
                    }
                }
            },
        }
    },
)
def give_token(
    request: Request, form: Annotated[Mapping[str, str] | Response, Depends(_form)]
) -> Response:
    """Issue a token: for five minutes to a connected system, for an hour to an app.

    A system authenticates with a signed JWT (client_credentials, private_key_jwt), as
    in SMART's backend services. An app presents the code from a patient's consent
    (authorization_code with PKCE), as in SMART's standalone launch.
    """
    if isinstance(form, Response):
        return form
    stores = stores_of(request)
    with recording_limits(request, stores, None):
        stores.limits.throttle.take(throttling.TOKEN_TRIES, network_of(request))
    if form.get("grant_type") == app_authorization.GRANT_TYPE:
        return _answered_app(request, stores, form)
    try:
        _require_form(request, form)
        granted = _granted(request, stores, form)
    except TokenRefused as refusal:
        return oauth_error(400, str(refusal), error=refusal.error)
    except InvalidScope as refusal:
        return oauth_error(400, str(refusal), error="invalid_scope")
    answer = {
        "access_token": granted.token,
        "token_type": "bearer",
        "expires_in": int(TOKEN_LIFETIME.total_seconds()),
        "scope": " ".join(granted.scopes),
    }
    return JsonResponse(answer, headers=NOT_STORED)


def _answered_app(
    request: Request, stores: Stores, form: Mapping[str, str]
) -> Response:
    """Return an app's token, or a refusal, which is recorded."""
    if "authorization" in request.headers:
        return oauth_error(
            400, "Patient apps have no client secret.", error="invalid_client"
        )
    address, pairs = stores.papers.address, [*form.items()]
    with audit.with_origin(origin_of(request)):
        answer = stores.database.write(
            lambda session: AppAuthorization(session, address).exchange(pairs),
            identity=ANONYMOUS,
        ).value
    if answer.status == _OK:
        return JsonResponse(answer.body, headers=NOT_STORED)
    refusal = dict(answer.body)
    why = refusal.get("error_description") or refusal["error"]
    with recording_limits(request, stores, None):
        stores.limits.count_unknown(network_of(request))
    record_refusal(request, stores, None, Action.ACCESS_REFUSE, sentence=why)
    return oauth_error(400, why, error=refusal["error"])


def _require_form(request: Request, form: Mapping[str, str]) -> None:
    if form.get("grant_type") != GRANT_TYPE:
        raise TokenRefused(
            "unsupported_grant_type",
            f"grant_type must be {GRANT_TYPE} or {app_authorization.GRANT_TYPE}.",
        )
    if "authorization" in request.headers or "client_secret" in form:
        raise TokenRefused(
            "invalid_client",
            "Systems authenticate with a signed JWT, not with a client secret.",
        )
    if form.get("client_assertion_type") != _ASSERTION_TYPE:
        raise TokenRefused(
            "invalid_request", f"client_assertion_type must be {_ASSERTION_TYPE}."
        )


def _granted(request: Request, stores: Stores, form: Mapping[str, str]) -> IssuedToken:
    """Return the token, or raise a refusal in OAuth's terms, which is recorded."""
    assertion = form.get("client_assertion", "")
    claimed: UUID | None = None
    try:
        claimed = connected_systems.claimed_system(assertion)
        system = _known(stores, claimed, form.get("client_id"))
        proven = connected_systems.verify_assertion(
            system,
            assertion,
            token_endpoint(stores),
            keys=stores.system_keys,
            now=datetime.now(UTC),
        )
        with recording_limits(request, stores, system.actor):
            stores.limits.throttle.take(throttling.SYSTEM_TOKENS, str(system.id))
        with audit.with_origin(origin_of(request)):
            granted = stores.database.write(
                lambda session: connected_systems.issue_token(
                    session, system, proven, form.get("scope", "")
                ),
                identity=ANONYMOUS,
            ).value
    except AssertionRefused as refusal:
        _note_refusal(request, stores, claimed, str(refusal))
        raise TokenRefused("invalid_client", str(refusal)) from refusal
    if isinstance(granted, InvalidScope):
        _note_refusal(request, stores, system.id, str(granted))
        raise granted
    return granted


def _known(stores: Stores, claimed: UUID, client_id: str | None) -> ConnectedSystem:
    if client_id not in {None, str(claimed)}:
        raise AssertionRefused("client_id is not the sub of client_assertion.")
    system = stores.database.read_newest(
        lambda session: connected_systems.find_system(session, claimed),
        identity=ANONYMOUS,
    ).value
    if system is None:
        raise AssertionRefused("No system with this client_id is connected.")
    if not system.is_on:
        raise AssertionRefused("The system is switched off.")
    return system


def _note_refusal(
    request: Request, stores: Stores, claimed: UUID | None, why: str
) -> None:
    """Record that no token was issued, unless the network has had too many refusals."""
    origin = origin_of(request)
    with recording_limits(request, stores, None):
        stores.limits.count_unknown(network_of(request))

    def note(session: Session) -> bool:
        if claimed is None or connected_systems.find_system(session, claimed) is None:
            return False
        connected_systems.note_refusal(session, claimed, why)
        return True

    with audit.with_origin(origin):
        is_noted = stores.database.write(note, identity=ANONYMOUS).value
    if not is_noted:
        record_refusal(request, stores, None, Action.ACCESS_REFUSE, sentence=why)
