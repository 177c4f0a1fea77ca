"""A connected system: its keys, the assertions that it signs, its tokens."""

import json
import time
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from uuid import UUID, uuid4

import httpx
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from db.postgres import SYSTEM, Database
from services.core.actors import Role
from services.people import connected_systems
from services.people.connected_systems import SystemExports, SystemKeysTyped
from tests.services.people.people_samples import desk

TOKEN_PATH = "/fhir/auth/token"
#: What the tests' papers say is the clinic's address.
AUDIENCE = f"https://clinic.example{TOKEN_PATH}"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@cache
def rsa_key(name: str = "first") -> RSAKey:
    """Return a key by its id; it is generated once, since that takes a while."""
    return RSAKey.generate_key(2048, {"kid": name}, private=True)


@cache
def ec_key(name: str = "curve", curve: str = "P-384") -> ECKey:
    """Return an elliptic-curve key by its id."""
    return ECKey.generate_key(curve, {"kid": name}, private=True)


def jwks_of(*keys: RSAKey | ECKey) -> str:
    """Return the public keys as a JWKS, as somebody would paste it."""
    return json.dumps({"keys": [key.as_dict(private=False) for key in keys]})


@dataclass
class BackendService:
    """A connected system as its programmers write it."""

    id: UUID
    key: RSAKey | ECKey = field(default_factory=rsa_key)
    algorithm: str = "RS384"

    def claims(self, **other: Any) -> dict[str, Any]:
        """Return the claims of the assertion; None leaves a claim out."""
        said = {
            "iss": str(self.id),
            "sub": str(self.id),
            "aud": AUDIENCE,
            "exp": int(time.time()) + 240,
            "jti": uuid4().hex,
        }
        return {k: v for k, v in (said | other).items() if v is not None}

    def sign(self, header: dict[str, Any] | None = None, **claims: Any) -> str:
        """Return a signed assertion; None leaves a claim or a header out."""
        said = {"alg": self.algorithm, "kid": self.key.kid, "typ": "JWT"}
        kept = {k: v for k, v in (said | (header or {})).items() if v is not None}
        return jwt.encode(kept, self.claims(**claims), self.key, [kept["alg"]])

    def form(self, scope: str, assertion: str | None = None) -> dict[str, str]:
        """Return the form with which the system asks for a token."""
        return {
            "grant_type": "client_credentials",
            "scope": scope,
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": assertion or self.sign(),
        }

    def ask(
        self, client: Any, scope: str, assertion: str | None = None
    ) -> httpx.Response:
        """Ask for a token; `client` is an API client without a token of its own."""
        answer: httpx.Response = client.ask(
            "POST", TOKEN_PATH, data=self.form(scope, assertion)
        )
        return answer


def connect(
    database: Database,
    *types: str,
    role: Role = Role.STAFF,
    keys: SystemKeysTyped | None = None,
    export_purpose: str = "",
    exports: SystemExports | None = None,
) -> BackendService:
    """Connect a system that may read these types, as an administrator."""
    pasted = SystemKeysTyped(jwks=jwks_of(rsa_key(), ec_key()))

    def register(session: Any) -> UUID:
        boss = desk(session)
        return connected_systems.register(
            session,
            boss.actor,
            name=f"System {uuid4().hex[:8]}",
            role=role,
            system_keys=keys or pasted,
            resource_types=types,
            export_purpose=export_purpose,
            exports=exports,
            **boss.fresh,
        )

    return BackendService(database.write(register, identity=SYSTEM).value)
