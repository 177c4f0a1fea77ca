"""The clinic's identity provider: asked by OpenID Connect, believed once checked."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, urlsplit

import httpx
from authlib.common.security import generate_token
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from authlib.oidc.discovery import get_well_known_url
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

from db.json_http import machine_trust
from services.core.errors import NotAllowed, Unavailable

# Signed with a key that only the provider has: "none" and shared secrets prove nothing.
_ALGORITHMS: Final = (
    *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    *("ES256", "ES384", "ES512", "EdDSA", "Ed25519"),
)
_LEEWAY_SECONDS: Final = 30
_TIMEOUT_SECONDS: Final = 8
_KEPT_SECONDS: Final = 3600
_RANDOM_CHARACTERS: Final = 43


class ProviderAway(Unavailable):
    """The identity provider cannot be asked now."""

    def __init__(self) -> None:
        super().__init__(
            "The clinic's sign-in is not responding. Try again in a few minutes, or "
            "sign in with a code."
        )


class ProviderRefused(NotAllowed):
    """What the provider sent proves nothing; `why` is for the audit log."""

    def __init__(self, why: str) -> None:
        super().__init__(
            "The clinic's sign-in sent something that cannot be trusted, so you were "
            "not signed in. Start again; if it happens twice, tell an administrator."
        )
        self.why = why


@dataclass(frozen=True, slots=True)
class Client:
    """Our identity at the provider."""

    issuer: str
    id: str
    secret: str | None
    scopes: str
    redirect_uri: str


@dataclass(frozen=True, slots=True)
class Question:
    """Where to send a browser, and what its answer must match."""

    url: str
    state: str
    nonce: str
    verifier: str


class Provider:
    """Talks to one provider, whose addresses and keys it keeps for an hour."""

    def __init__(
        self, client: Client, *, clock: Callable[[], float] = time.time
    ) -> None:
        self.client = client
        self._clock = clock
        self._kept: dict[str, tuple[float, dict[str, Any]]] = {}

    async def ask(self) -> Question:
        """Return a new question; raises ProviderAway and ProviderRefused."""
        state, nonce, verifier = (generate_token(_RANDOM_CHARACTERS) for _ in range(3))
        url = prepare_grant_uri(
            await self._address("authorization_endpoint"),
            self.client.id,
            "code",
            self.client.redirect_uri,
            self.client.scopes,
            state,
            nonce=nonce,
            code_challenge=create_s256_code_challenge(verifier),
            code_challenge_method="S256",
        )
        return Question(url, state, nonce, verifier)

    async def redeem(
        self, code: str, *, nonce: str, verifier: str
    ) -> Mapping[str, Any]:
        """Return the provider's claims about the person who brought the code.

        Raises ProviderAway and ProviderRefused.
        """
        answer = await self._exchange(code, verifier)
        access_token = answer.get("access_token")
        claims = await self._check(answer.get("id_token"), access_token, nonce)
        if isinstance(access_token, str):
            # Many providers give name, address and groups only here.
            claims = await self._more(access_token, claims) | claims
        return claims

    async def _exchange(self, code: str, verifier: str) -> dict[str, Any]:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.client.redirect_uri,
            "client_id": self.client.id,
            "code_verifier": verifier,
        }
        auth = None
        metadata = await self._metadata()
        if self.client.secret is not None:
            ways = metadata.get("token_endpoint_auth_methods_supported")
            if ways and "client_secret_basic" not in ways:
                form["client_secret"] = self.client.secret
            else:
                # RFC 6749, 2.3.1: form-encoded before it is joined.
                auth = httpx.BasicAuth(
                    quote(self.client.id, safe=""), quote(self.client.secret, safe="")
                )
        return await self._fetch(
            "POST", await self._address("token_endpoint"), data=form, auth=auth
        )

    async def _check(
        self, token: object, access_token: object, nonce: str
    ) -> dict[str, Any]:
        """Return the claims of an ID token that is genuine, fresh and for us."""
        if not isinstance(token, str):
            raise ProviderRefused("no ID token")
        decoded = await self._verify(token)
        claims = CodeIDToken(
            decoded.claims,
            decoded.header,
            # Authlib checks neither of these unless told what to expect.
            {
                "iss": {"essential": True, "value": self.client.issuer},
                "aud": {"essential": True, "value": self.client.id},
            },
            {
                "nonce": nonce,
                "client_id": self.client.id,
                "access_token": access_token,
            },
        )
        try:
            claims.validate(now=int(self._clock()), leeway=_LEEWAY_SECONDS)
        except (JoseError, TypeError, ValueError) as error:
            raise ProviderRefused(_name_of(error)) from error
        return dict(claims)

    async def _verify(self, token: str) -> jwt.Token:
        try:
            try:
                return self._decode(token, await self._keys())
            except InvalidKeyIdError:
                # The provider may have changed its keys since they were fetched.
                return self._decode(token, await self._keys(anew=True))
        except (JoseError, KeyError, TypeError, ValueError) as error:
            raise ProviderRefused(_name_of(error)) from error

    def _decode(self, token: str, keys: dict[str, Any]) -> jwt.Token:
        # mypy: a key set is typed as what a well-behaved provider sends.
        return jwt.decode(
            token,
            KeySet.import_key_set(keys),  # type: ignore[arg-type]
            algorithms=_ALGORITHMS,
        )

    async def _more(
        self, access_token: str, claims: Mapping[str, Any]
    ) -> dict[str, Any]:
        metadata = await self._metadata()
        if "userinfo_endpoint" not in metadata:
            return {}
        profile = await self._fetch(
            "GET",
            await self._address("userinfo_endpoint"),
            headers={"Authorization": f"Bearer {access_token}"},
        )
        if profile.get("sub") != claims.get("sub"):
            raise ProviderRefused("userinfo of somebody else")
        return profile

    async def _keys(self, *, anew: bool = False) -> dict[str, Any]:
        return await self._keep(await self._address("jwks_uri"), anew=anew)

    async def _metadata(self) -> dict[str, Any]:
        metadata = await self._keep(
            get_well_known_url(self.client.issuer, external=True)
        )
        if metadata.get("issuer") != self.client.issuer:
            raise ProviderRefused("another issuer's metadata")
        return metadata

    async def _address(self, name: str) -> str:
        """Return one of the provider's addresses, at least as safe as its own."""
        address = (await self._metadata()).get(name)
        is_safe = isinstance(address, str) and urlsplit(address).scheme in {
            "https",
            urlsplit(self.client.issuer).scheme,
        }
        if not is_safe:
            raise ProviderRefused(f"no safe {name}")
        return str(address)

    async def _keep(self, url: str, *, anew: bool = False) -> dict[str, Any]:
        at, document = self._kept.get(url, (0.0, {}))
        if anew or at + _KEPT_SECONDS < self._clock():
            document = await self._fetch("GET", url)
            self._kept[url] = (self._clock(), document)
        return document

    async def _fetch(self, method: str, url: str, **options: Any) -> dict[str, Any]:
        async with httpx.AsyncClient(
            timeout=_TIMEOUT_SECONDS, verify=machine_trust()
        ) as client:
            try:
                answer = await client.request(method, url, **options)
            except httpx.HTTPError as error:
                raise ProviderAway from error
        if answer.is_server_error:
            raise ProviderAway
        try:
            document = answer.json() if answer.is_success else None
        except ValueError:
            document = None
        if not isinstance(document, dict):
            # The body may contain a token or an address: only the status is recorded.
            raise ProviderRefused(f"HTTP {answer.status_code}")
        return document


def _name_of(error: Exception) -> str:
    """Return what is wrong, without the value that is wrong."""
    claim = getattr(error, "claim", None)
    kind = type(error).__name__
    return f"{kind}: {claim}" if isinstance(claim, str) else kind
