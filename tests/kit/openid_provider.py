"""An identity provider, built with Authlib and really listening, that can be bribed."""
# ruff: noqa: ARG002 - Authlib calls these methods with what it has

import json
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import uvicorn
from authlib.oauth2.rfc6749 import (
    AuthorizationServer,
    ClientMixin,
    OAuth2Payload,
    OAuth2Request,
)
from authlib.oauth2.rfc6749.errors import OAuth2Error
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant
from authlib.oauth2.rfc6750 import BearerTokenGenerator
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oidc.core import AuthorizationCodeMixin, OpenIDCode
from joserfc import jwt
from joserfc.jwk import RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.browser.running import free_port
from tests.kit.waiting import eventually

CLIENT_ID, CLIENT_SECRET = "chartroom", "a secret / with signs"
_SECONDS = 10


@dataclass
class Grant(AuthorizationCodeMixin):
    """A code that was issued, and what it was issued for."""

    code: str
    redirect_uri: str
    scope: str
    nonce: str | None
    code_challenge: str | None
    code_challenge_method: str | None

    def get_redirect_uri(self) -> str:
        return self.redirect_uri

    def get_scope(self) -> str:
        return self.scope

    def get_nonce(self) -> str | None:
        return self.nonce

    def get_auth_time(self) -> int:
        return int(time.time())

    def get_acr(self) -> None:
        return None

    def get_amr(self) -> None:
        return None


@dataclass
class IdentityProvider:
    """Signs in `person`; `bribe` changes the claims of the ID token."""

    issuer: str
    redirect_uri: str
    person: dict[str, Any] = field(default_factory=lambda: {"sub": "cleo-1"})
    bribe: dict[str, Any] = field(default_factory=dict)
    signs_with: RSAKey | None = None
    header: dict[str, Any] = field(default_factory=dict)
    user_info: dict[str, Any] | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    takes_secret_by: str = "client_secret_basic"
    is_broken: bool = False
    key: RSAKey = field(default_factory=lambda: _key("first"))
    grants: dict[str, Grant] = field(default_factory=dict)
    tokens: set[str] = field(default_factory=set)
    key_requests: int = 0

    def change_keys(self) -> None:
        self.key = _key("second")

    def sign(self, claims: dict[str, Any]) -> str:
        """Return an ID token with the bribed claims."""
        bribed = {k: v for k, v in (claims | self.bribe).items() if v is not None}
        key = self.signs_with or self.key
        header = {"alg": "RS256", "kid": self.key.kid} | self.header
        signer = None if header["alg"] == "none" else key
        return jwt.encode(header, bribed, signer, [header["alg"]])


@contextmanager
def serving(redirect_uri: str) -> Iterator[IdentityProvider]:
    """Run a provider that knows Chartroom as a client, until the block ends."""
    port = free_port()
    provider = IdentityProvider(f"http://127.0.0.1:{port}", redirect_uri)
    server = uvicorn.Server(
        uvicorn.Config(
            _application(provider), host="127.0.0.1", port=port, log_config=None
        )
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        eventually(lambda: server.started, seconds=_SECONDS)
        yield provider
    finally:
        server.should_exit = True
        thread.join(_SECONDS)


@cache
def _key(name: str) -> RSAKey:
    return RSAKey.generate_key(2048, parameters={"kid": name})


class _Client(ClientMixin):
    def __init__(self, provider: IdentityProvider) -> None:
        self._provider = provider

    def get_client_id(self) -> str:
        return CLIENT_ID

    def get_allowed_scope(self, scope: str) -> str:
        return scope

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return redirect_uri == self._provider.redirect_uri

    def check_client_secret(self, client_secret: str) -> bool:
        return client_secret == CLIENT_SECRET

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method == self._provider.takes_secret_by

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type == "authorization_code"


class _Payload(OAuth2Payload):
    def __init__(self, data: dict[str, str]) -> None:
        self._data = data

    @property
    def data(self) -> dict[str, str]:
        return self._data

    @property
    def datalist(self) -> defaultdict[str, list[str]]:
        return defaultdict(list, {key: [value] for key, value in self._data.items()})


class _Request(OAuth2Request):
    def __init__(self, request: Request, form: dict[str, str]) -> None:
        # Authlib insists on TLS; here nothing leaves the machine.
        uri = str(request.url).replace("http://", "https://", 1)
        super().__init__(request.method, uri, headers=request.headers)
        self._args, self._form = dict(request.query_params), form
        self.payload = _Payload(self._args | form)

    @property
    def args(self) -> dict[str, str]:
        return self._args

    @property
    def form(self) -> dict[str, str]:
        return self._form


class _Server(AuthorizationServer):
    def __init__(self, provider: IdentityProvider) -> None:
        super().__init__()
        self.provider = provider
        self.register_token_generator("default", BearerTokenGenerator(_token))

    def query_client(self, client_id: str) -> _Client | None:
        return _Client(self.provider) if client_id == CLIENT_ID else None

    def save_token(self, token: dict[str, Any], request: OAuth2Request) -> None:
        self.provider.tokens.add(token["access_token"])

    def send_signal(self, name: str, *args: Any, **kwargs: Any) -> None:
        pass

    def create_oauth2_request(self, request: _Request) -> _Request:
        return request

    def handle_response(self, status: int, body: Any, headers: Any) -> Response:
        content = json.dumps(body) if isinstance(body, dict) else body
        return Response(content, status, dict(headers))


def _token(client: _Client, grant_type: str, user: Any, scope: str) -> str:
    return f"access-{time.monotonic_ns()}"


class _CodeGrant(AuthorizationCodeGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_basic", "client_secret_post")

    def save_authorization_code(self, code: str, request: OAuth2Request) -> None:
        said = request.payload.data
        self.server.provider.grants[code] = Grant(
            code,
            request.payload.redirect_uri,
            request.payload.scope,
            said.get("nonce"),
            said.get("code_challenge"),
            said.get("code_challenge_method"),
        )

    def query_authorization_code(self, code: str, client: _Client) -> Grant | None:
        grant: Grant | None = self.server.provider.grants.get(code)
        return grant

    def delete_authorization_code(self, authorization_code: Grant) -> None:
        del self.server.provider.grants[authorization_code.code]

    def authenticate_user(self, authorization_code: Grant) -> dict[str, Any]:
        person: dict[str, Any] = self.server.provider.person
        return person


class _Connect(OpenIDCode):
    def __init__(self, provider: IdentityProvider) -> None:
        super().__init__(require_nonce=True)
        self._provider = provider

    def exists_nonce(self, nonce: str, request: OAuth2Request) -> bool:
        return any(grant.nonce == nonce for grant in self._provider.grants.values())

    def encode_id_token(self, token: dict[str, Any], request: OAuth2Request) -> str:
        now = int(time.time())
        stated = {
            "iss": self._provider.issuer,
            "aud": CLIENT_ID,
            "iat": now,
            "exp": now + 300,
        }
        claims = self.get_authorization_code_claims(request.authorization_code)
        return self._provider.sign(stated | claims | self._provider.person)


class _Pages:
    def __init__(self, provider: IdentityProvider) -> None:
        self._provider = provider
        self._server = _Server(provider)
        self._server.register_grant(
            _CodeGrant, [_Connect(provider), CodeChallenge(required=True)]
        )

    async def authorize(self, request: Request) -> Response:
        oauth_request, person = _Request(request, {}), self._provider.person
        try:
            grant = self._server.get_consent_grant(oauth_request, end_user=person)
        except OAuth2Error as error:
            return JSONResponse(dict(error.get_body()), 400)
        answer: Response = self._server.create_authorization_response(
            oauth_request, grant_user=person, grant=grant
        )
        return answer

    async def token(self, request: Request) -> Response:
        if self._provider.is_broken:
            return Response("no", 500)
        async with request.form() as form:
            fields = {k: v for k, v in form.items() if isinstance(v, str)}
        oauth_request = _Request(request, fields)
        answer: Response = self._server.create_token_response(oauth_request)
        return answer

    async def keys(self, request: Request) -> Response:
        self._provider.key_requests += 1
        return JSONResponse({"keys": [self._provider.key.as_dict(private=False)]})

    async def userinfo(self, request: Request) -> Response:
        bearer = request.headers["authorization"].removeprefix("Bearer ")
        if bearer not in self._provider.tokens:
            return Response(status_code=401)
        return JSONResponse(self._provider.user_info)

    async def configuration(self, request: Request) -> Response:
        issuer = self._provider.issuer
        configuration = {
            "issuer": issuer,
            "authorization_endpoint": f"{issuer}/authorize",
            "token_endpoint": f"{issuer}/token",
            "jwks_uri": f"{issuer}/keys",
            "token_endpoint_auth_methods_supported": [self._provider.takes_secret_by],
        }
        if self._provider.user_info is not None:
            configuration["userinfo_endpoint"] = f"{issuer}/userinfo"
        return JSONResponse(configuration | self._provider.metadata)


def _application(provider: IdentityProvider) -> Starlette:
    pages = _Pages(provider)
    return Starlette(
        routes=[
            Route("/authorize", pages.authorize),
            Route("/token", pages.token, methods=["POST"]),
            Route("/keys", pages.keys),
            Route("/userinfo", pages.userinfo),
            Route("/.well-known/openid-configuration", pages.configuration),
        ]
    )
