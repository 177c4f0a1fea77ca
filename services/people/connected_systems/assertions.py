"""Authentication of a system by a signed statement: private_key_jwt of RFC 7523.

As in SMART App Launch's backend services: issued by this system, for this address,
signed with one of its keys, for five minutes at most. The database makes sure that it
counts once.
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from joserfc import jws, jwt
from joserfc.errors import JoseError

from services.people.connected_systems.key_cache import SystemKeys
from services.people.connected_systems.key_fetching import KeysUnavailable
from services.people.connected_systems.public_keys import ALGORITHMS
from services.people.connected_systems.records import ConnectedSystem

MAX_ASSERTION_BYTES: Final = 8_000
_LONGEST_SECONDS: Final = 300
# Allows for clocks that differ.
_LEEWAY_SECONDS: Final = 30
_LONGEST_JTI: Final = 255


class AssertionRefused(Exception):
    """The statement proves nothing; the text says why, quoting none of it."""


@dataclass(frozen=True, slots=True)
class VerifiedAssertion:
    """A valid statement: the digest of its id, and until when it would count."""

    jti_hash: bytes
    expires_at: datetime


def claimed_system(assertion: str) -> UUID:
    """Return the system that a statement claims to be of, before anything is proved.

    Raises AssertionRefused.
    """
    if len(assertion) > MAX_ASSERTION_BYTES or not assertion.isascii():
        raise AssertionRefused("client_assertion is no signed JWT.")
    try:
        content = jws.extract_compact(assertion.encode()).payload
        claims = json.loads(content)
        return UUID(claims["sub"])
    except (JoseError, ValueError, TypeError, LookupError, AttributeError) as error:
        raise AssertionRefused(
            "client_assertion is no signed JWT whose sub is a client_id."
        ) from error
    except RecursionError as error:
        raise AssertionRefused("client_assertion is no signed JWT.") from error


def verify_assertion(
    system: ConnectedSystem,
    assertion: str,
    audience: str,
    *,
    keys: SystemKeys,
    now: datetime,
) -> VerifiedAssertion:
    """Return what a statement of the system proves, or raise AssertionRefused.

    `audience` is the address of the token endpoint.
    """
    try:
        header = dict(jws.extract_compact(assertion.encode()).headers())
        claims = _verify(system, assertion, header, keys)
    except KeysUnavailable as error:
        raise AssertionRefused(str(error)) from error
    except (JoseError, ValueError, TypeError, LookupError) as error:
        raise AssertionRefused("The signature does not hold.") from error
    return _read(claims, str(system.id), audience, now.timestamp())


def _verify(
    system: ConnectedSystem, assertion: str, header: dict[str, Any], keys: SystemKeys
) -> dict[str, Any]:
    # Before a key is looked for: "none" and shared secrets prove nothing.
    if header.get("alg") not in ALGORITHMS:
        raise AssertionRefused("alg is one of ES384 and RS384.")
    if header.get("typ", "JWT") != "JWT":
        raise AssertionRefused("typ is JWT.")
    # The keys are where the administrator said, and nowhere else.
    if "jku" in header and header["jku"] != system.keys.url:
        raise AssertionRefused("jku is not the address that was registered.")
    key_id = header.get("kid")
    if not isinstance(key_id, str):
        raise AssertionRefused("kid is missing.")
    key = keys.find(system.keys, key_id)
    if key is None:
        raise AssertionRefused("kid is none of the system's keys.")
    # Each key is for one algorithm, whatever the statement's header says.
    return jwt.decode(assertion, key.key, algorithms=[key.algorithm]).claims


def _read(
    claims: dict[str, Any], client_id: str, audience: str, now: float
) -> VerifiedAssertion:
    if claims.get("iss") != client_id or claims.get("sub") != client_id:
        raise AssertionRefused("iss and sub are the client_id.")
    aud = claims.get("aud")
    if aud != audience and not (isinstance(aud, list) and audience in aud):
        raise AssertionRefused("aud is the address of the token endpoint.")
    expires = _number(claims, "exp")
    if not now - _LEEWAY_SECONDS < expires <= now + _LONGEST_SECONDS + _LEEWAY_SECONDS:
        raise AssertionRefused("exp is over, or more than five minutes ahead.")
    for name in ("nbf", "iat"):
        if name in claims and not _number(claims, name) <= now + _LEEWAY_SECONDS:
            raise AssertionRefused("nbf and iat are not to come yet.")
    jti = claims.get("jti")
    if not isinstance(jti, str) or not 0 < len(jti) <= _LONGEST_JTI:
        raise AssertionRefused("jti is missing or too long.")
    digest = hashlib.sha256(jti.encode("utf-8", "surrogatepass")).digest()
    return VerifiedAssertion(digest, datetime.fromtimestamp(expires, UTC))


def _number(claims: dict[str, Any], name: str) -> float:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise AssertionRefused("exp, nbf and iat are numbers of seconds.")
    return value
