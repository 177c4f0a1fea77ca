"""OAuth 2.0's authorization code with PKCE for patients' apps, by Authlib's grant.

There is one server object for each transaction: requests, patients' decisions and the
value of a code are kept in the database, and are read and written in the caller's
session.
"""

import logging
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from authlib.oauth2.rfc6749 import (
    AuthorizationServer,
    ClientMixin,
    InvalidGrantError,
    InvalidRequestError,
    OAuth2Error,
    OAuth2Payload,
    OAuth2Request,
)
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oauth2.rfc9207 import IssuerParameter
from sqlalchemy.orm import Session

from api.core.outcomes import FHIR_PATH
from services.core.actors import Actor
from services.people import patient_apps
from services.people.patient_apps import TOKEN_LIFETIME, PatientApp, RedeemedCode
from services.people.tokens import ResourceScopes

#: Where a browser is sent to ask a patient. Pages for people, so not below /fhir.
AUTHORIZE_PATH: Final = "/sign-in/app"
GRANT_TYPE: Final = "authorization_code"
CHALLENGE_METHOD: Final = "S256"
#: Says that an app wants to be told whose record it reads, which it is anyway.
LAUNCH_SCOPE: Final = "launch/patient"
Pairs = Sequence[tuple[str, str]]

# At a lower level it logs the tokens that it has issued.
logging.getLogger("authlib.oauth2").setLevel(logging.WARNING)
# The characters that RFC 6749 allows in it (A.3).
_RESPONSE_TYPE: Final = re.compile(r"[A-Za-z0-9_ ]*")


@dataclass(slots=True)
class OAuthAnswer:
    """An answer to an app: JSON or, with a location, a redirect of the browser."""

    status: int
    body: Any
    location: str | None


@dataclass(frozen=True, slots=True)
class ConsentRequest:
    """The question for a patient: which app asks, and what it would read."""

    app: PatientApp
    scopes: ResourceScopes
    redirect_uri: str


class AppRequest(OAuth2Request):  # type: ignore[misc]
    """A request of an app: the parameters of its query or of its form.

    `session_id` is the sign-in of the patient who decides about it.
    """

    def __init__(
        self, method: str, pairs: Pairs, session_id: UUID | None = None
    ) -> None:
        # Authlib only checks that this address is secure; the real one does not matter.
        super().__init__(method, "https://localhost/")
        self.payload = _Payload(pairs)
        self.session_id = session_id

    @property
    def form(self) -> dict[str, str]:
        """The parameters by name."""
        values: dict[str, str] = self.payload.data
        return values

    @property
    def args(self) -> dict[str, str]:
        """The parameters by name."""
        return self.form


class _Payload(OAuth2Payload):  # type: ignore[misc]
    def __init__(self, pairs: Pairs) -> None:
        self._data = dict(pairs)
        self._lists: defaultdict[str, list[str]] = defaultdict(list)
        for name, value in pairs:
            self._lists[name].append(value)
        # An answer that quotes it could not be sent.
        if not _RESPONSE_TYPE.fullmatch(self._data.get("response_type", "")):
            self._data["response_type"] = ""

    @property
    def data(self) -> dict[str, str]:
        return self._data

    @property
    def datalist(self) -> defaultdict[str, list[str]]:
        return self._lists


class AppAuthorization(AuthorizationServer):  # type: ignore[misc]
    """Answers apps in a transaction; `address` is the clinic's own.

    The caller commits, even when the answer is a refusal: the code is used up by then.
    """

    def __init__(self, session: Session, address: str) -> None:
        super().__init__()
        self.session = session
        self.audience = f"{address}{FHIR_PATH}"
        self.register_grant(_CodeGrant, [_OnlyS256(required=True)])
        self.register_extension(_Issuer(self.audience))

    def ask(self, pairs: Pairs) -> ConsentRequest | OAuthAnswer:
        """Return what to ask the patient, or a redirect that tells the app its error.

        Raises OAuth2Error if the app cannot be told: it is unknown, or the address is
        not its own.
        """
        try:
            grant = self.get_consent_grant(AppRequest("GET", pairs))
        except OAuth2Error as error:
            if not error.redirect_uri:
                raise
            return self._led_back(error)
        app: PatientApp = grant.request.client.app
        scopes = app.scopes_of(grant.request.scope)
        assert scopes is not None, "Without any it would have been refused."  # noqa: S101
        return ConsentRequest(app, scopes, grant.redirect_uri)

    def decide(
        self, pairs: Pairs, patient: Actor | None, session_id: UUID | None = None
    ) -> OAuthAnswer:
        """Redirect to the app with a code if a patient consents, else with a refusal.

        `patient` is None for a refusal. Raises OAuth2Error as `ask` does, NotAllowed if
        the person is not a patient, and SignInEnded if the patient's sign-in is no
        longer valid.
        """
        request = AppRequest("GET", pairs, session_id)
        try:
            grant = self.get_consent_grant(request)
        except OAuth2Error as error:
            if not error.redirect_uri:
                raise
            return self._led_back(error)
        answer: OAuthAnswer = self.create_authorization_response(
            request, grant_user=patient, grant=grant
        )
        return answer

    def exchange(self, pairs: Pairs) -> OAuthAnswer:
        """Return the token for a code, or why there is none (RFC 6749, 5.2)."""
        answer: OAuthAnswer = self.create_token_response(AppRequest("POST", pairs))
        return answer

    def query_client(self, client_id: str) -> "_Client | None":
        """Return the app with this client_id."""
        try:
            app = patient_apps.find_app(self.session, UUID(client_id))
        except ValueError:
            return None
        return None if app is None else _Client(app)

    def save_token(self, token: object, request: object) -> None:
        """Do nothing: issuing a token has stored it already."""

    def send_signal(self, name: str, *args: object, **kwargs: object) -> None:
        """Do nothing: nothing listens to Authlib's signals."""

    def create_oauth2_request(self, request: AppRequest) -> AppRequest:
        """Return the request, which already is an OAuth2Request."""
        return request

    def handle_response(
        self, status: int, body: Any, headers: Sequence[tuple[str, str]]
    ) -> OAuthAnswer:
        """Return the answer as an OAuthAnswer."""
        return OAuthAnswer(status, body, dict(headers).get("Location"))

    def _led_back(self, error: Any) -> OAuthAnswer:
        answer: OAuthAnswer = self.handle_error_response(None, error)
        # The extension itself adds it only after a patient's decision.
        _Issuer(self.audience).add_issuer_parameter(self, answer)
        return answer

    def get_error_uri(self, request: object, error: object) -> None:
        """Return None: there is no page about errors."""


class _Client(ClientMixin):  # type: ignore[misc]
    """A registered app in the interface that Authlib expects."""

    def __init__(self, app: PatientApp) -> None:
        self.app = app

    def get_client_id(self) -> str:
        return str(self.app.id)

    def get_default_redirect_uri(self) -> None:
        """Return None: an app has to name its redirect URI, even an only one."""

    def get_allowed_scope(self, scope: str | None) -> str | None:
        wanted = scope or ""
        scopes = self.app.scopes_of(wanted)
        if scopes is None:
            return None
        launch = [LAUNCH_SCOPE] if LAUNCH_SCOPE in wanted.split() else []
        return " ".join([*launch, *scopes.texts])

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return redirect_uri in self.app.redirect_uris

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        del endpoint
        return method == "none"

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type == GRANT_TYPE


class _Code:
    """A code that was used up just now, in the interface that Authlib expects."""

    code_challenge_method: Final = CHALLENGE_METHOD

    def __init__(self, redeemed: RedeemedCode) -> None:
        self.redeemed = redeemed
        self.code_challenge = redeemed.code_challenge

    def get_redirect_uri(self) -> str:
        return self.redeemed.redirect_uri

    def get_scope(self) -> str:
        return " ".join(self.redeemed.scopes)


class _CodeGrant(AuthorizationCodeGrant):  # type: ignore[misc]
    TOKEN_ENDPOINT_AUTH_METHODS = ("none",)

    @staticmethod
    def validate_authorization_redirect_uri(request: Any, client: _Client) -> str:
        # Authlib's own method would quote the address, and fail if it cannot be quoted.
        address: str | None = request.payload.redirect_uri
        if not address or not client.check_redirect_uri(address):
            raise InvalidRequestError("redirect_uri is not registered for this app.")
        return address

    def validate_authorization_request(self) -> str:
        address: str = super().validate_authorization_request()
        # An app that names another address of this server may have it from an attacker.
        if self.request.payload.data.get("aud", "").rstrip("/") != self.server.audience:
            raise InvalidRequestError(
                f"aud must be {self.server.audience}.", redirect_uri=address
            )
        return address

    def save_authorization_code(self, code: str, request: Any) -> None:
        patient_apps.allow(
            self.server.session,
            request.user,
            request.client.app.id,
            code=code,
            redirect_uri=request.payload.redirect_uri,
            scopes=tuple(request.scope.split()),
            code_challenge=request.payload.data["code_challenge"],
            session_id=request.session_id,
        )

    def query_authorization_code(self, code: str, client: _Client) -> _Code | None:
        redeemed = patient_apps.redeem(self.server.session, client.app, code)
        return None if redeemed is None else _Code(redeemed)

    def authenticate_user(self, authorization_code: _Code) -> Actor:
        return authorization_code.redeemed.patient

    def generate_token(self, **of_it: Any) -> dict[str, Any]:
        del of_it
        redeemed = self.request.authorization_code.redeemed
        token = patient_apps.issue_token(
            self.server.session, self.request.client.app, redeemed
        )
        if token is None:
            raise InvalidGrantError("The app has just been removed.")
        return {
            "access_token": token,
            "token_type": "Bearer",
            "expires_in": int(TOKEN_LIFETIME.total_seconds()),
            "scope": " ".join(redeemed.scopes),
            "patient": str(redeemed.patient.patient_id),
        }

    def delete_authorization_code(self, authorization_code: _Code) -> None:
        """Do nothing: the code was used up when it was presented."""


class _OnlyS256(CodeChallenge):  # type: ignore[misc]
    SUPPORTED_CODE_CHALLENGE_METHOD = (CHALLENGE_METHOD,)

    def validate_code_challenge(self, grant: Any, redirect_uri: object) -> None:
        # Authlib requires it only with the code, and assumes plain if no method is
        # given.
        data = grant.request.payload.data
        if not data.get("code_challenge") or (
            data.get("code_challenge_method") != CHALLENGE_METHOD
        ):
            raise InvalidRequestError(
                "A code_challenge with the code_challenge_method S256 is required."
            )
        super().validate_code_challenge(grant, redirect_uri)


class _Issuer(IssuerParameter):  # type: ignore[misc]
    def __init__(self, issuer: str) -> None:
        self._issuer = issuer

    def get_issuer(self) -> str:
        return self._issuer
