"""The public keys that check the signatures of connected systems, as sets of JWKs."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey, import_key

from services.core.errors import InvalidInput
from services.core.sentences import Sentence

#: From SMART App Launch, which requires servers to support both; no secret is shared.
ALGORITHMS: Final = ("ES384", "RS384")
MAX_JWKS_BYTES: Final = 64_000
_MOST_KEYS: Final = 20
_LONGEST_ID: Final = 200
# NIST SP 800-131A: shorter keys are no longer allowed to sign.
_LEAST_RSA_BITS: Final = 2048
# In base64, with six bits a character: a shorter one need not be parsed at all.
_LEAST_RSA_LENGTH: Final = -(-_LEAST_RSA_BITS // 6)
_PRIVATE: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})

Jwk = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key that signatures are checked with, its algorithm, and its id."""

    id: str
    algorithm: str
    key: RSAKey | ECKey


class InvalidKeys(InvalidInput):
    """A set of keys cannot be used."""

    def __init__(self, message: str) -> None:
        super().__init__("jwks", message)


def read_typed_jwks(typed: str) -> dict[str, Any]:
    """Return the set of JWKs that somebody pasted, as it is stored.

    Raises InvalidKeys, also if one of the keys cannot be used or is private.
    """
    jwks = parse_jwks(typed.encode("utf-8", "replace"))
    for entry in jwks["keys"]:
        if not isinstance(entry, dict):
            raise InvalidKeys("Each of the keys must be a JSON object.")
        if _PRIVATE & entry.keys():
            raise InvalidKeys(
                "This is a private key. Keep it on the system, replace it because it "
                "was shown here, and paste only the public keys."
            )
    known = usable_keys(jwks)
    if len(known) < len(jwks["keys"]):
        raise InvalidKeys(
            "One of the keys cannot be used. Each needs a kid of its own; RSA keys of "
            "2,048 bits or more (RS384) and EC keys on the curve P-384 (ES384) are "
            "accepted."
        )
    return jwks


def parse_jwks(content: bytes) -> dict[str, Any]:
    """Return a set of JWKs, with only its form checked; raises InvalidKeys."""
    if len(content) > MAX_JWKS_BYTES:
        raise InvalidKeys(
            Sentence(
                "A set of keys can have at most {most} characters.", most=MAX_JWKS_BYTES
            )
        )
    try:
        jwks = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise InvalidKeys("The set of keys is not JSON.") from error
    keys = jwks.get("keys") if isinstance(jwks, dict) else None
    if not isinstance(keys, list) or not 0 < len(keys) <= _MOST_KEYS:
        raise InvalidKeys(
            Sentence(
                'A set of keys must be a JSON object with 1 to {most} "keys".',
                most=_MOST_KEYS,
            )
        )
    # Other members of the set are not needed.
    return {"keys": keys}


def usable_keys(jwks: Jwk) -> tuple[PublicKey, ...]:
    """Return the keys of the set that signatures can be checked with.

    Others are skipped, as RFC 7517 asks: systems publish keys for several uses.
    """
    known: dict[str, PublicKey] = {}
    for entry in jwks["keys"]:
        key = _usable(entry)
        if key is not None and key.id not in known:
            known[key.id] = key
    return tuple(known.values())


def _usable(entry: object) -> PublicKey | None:
    # Everybody has a private key that somebody published.
    if not isinstance(entry, dict) or _PRIVATE & entry.keys():
        return None
    if not (_has_id(entry) and _is_for_signatures(entry) and _is_long(entry)):
        return None
    id_ = str(entry["kid"])
    try:
        key = import_key(entry)
    # For values of a wrong type, the library lets the errors of its internals through.
    except (JoseError, ValueError, TypeError, LookupError):
        return None
    known: PublicKey | None = None
    if isinstance(key, RSAKey) and key.raw_value.key_size >= _LEAST_RSA_BITS:
        known = PublicKey(id_, "RS384", key)
    elif isinstance(key, ECKey) and key.curve_name == "P-384":
        known = PublicKey(id_, "ES384", key)
    return (
        known
        if known and entry.get("alg", known.algorithm) == known.algorithm
        else None
    )


def _has_id(entry: Jwk) -> bool:
    id_ = entry.get("kid")
    return isinstance(id_, str) and 0 < len(id_) <= _LONGEST_ID and id_.isprintable()


def _is_long(entry: Jwk) -> bool:
    if entry.get("kty") != "RSA":
        return True
    modulus = entry.get("n")
    return isinstance(modulus, str) and len(modulus) >= _LEAST_RSA_LENGTH


def _is_for_signatures(entry: Jwk) -> bool:
    operations: Sequence[object] = entry.get("key_ops", ["verify"])
    if not isinstance(operations, list):
        return False
    return entry.get("use", "sig") == "sig" and "verify" in operations
