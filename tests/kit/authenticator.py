"""A passkey device in software: it really signs, and can be made to cheat."""

import hashlib
import json
import secrets
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from webauthn import base64url_to_bytes
from webauthn.helpers import bytes_to_base64url

_PRESENT, _VERIFIED, _ATTESTED = 0x01, 0x04, 0x40
_ES256, _P256, _EC2 = -7, 1, 2


@dataclass
class Authenticator:
    """Holds one key; `make` answers a registration, `use` a sign-in."""

    origin: str
    rp_id: str
    counter: int = 0
    verifies: bool = True
    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )
    credential_id: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    handle: bytes | None = None

    def make(self, options: str) -> str:
        """Return the answer to a registration's options."""
        parsed_options = json.loads(options)
        self.handle = base64url_to_bytes(parsed_options["user"]["id"])
        attested = (
            bytes(16)
            + len(self.credential_id).to_bytes(2, "big")
            + self.credential_id
            + cbor2.dumps(self._public_key())
        )
        attestation = {
            "fmt": "none",
            "attStmt": {},
            "authData": self._data(_ATTESTED) + attested,
        }
        return self._answer(
            clientDataJSON=self._client_data("webauthn.create", parsed_options),
            attestationObject=cbor2.dumps(attestation),
            transports=["internal", "telepathy"],
        )

    def use(self, options: str) -> str:
        """Return the answer to a sign-in's options, and increase the counter."""
        self.counter += 1
        client_data = self._client_data("webauthn.get", json.loads(options))
        data = self._data()
        signed = data + hashlib.sha256(client_data).digest()
        return self._answer(
            clientDataJSON=client_data,
            authenticatorData=data,
            signature=self.key.sign(signed, ec.ECDSA(hashes.SHA256())),
            userHandle=self.handle,
        )

    def _public_key(self) -> dict[int, Any]:
        point = self.key.public_key().public_numbers()
        x, y = (n.to_bytes(32, "big") for n in (point.x, point.y))
        return {1: _EC2, 3: _ES256, -1: _P256, -2: x, -3: y}

    def _data(self, flags: int = 0) -> bytes:
        flags |= _PRESENT | (_VERIFIED if self.verifies else 0)
        return (
            hashlib.sha256(self.rp_id.encode()).digest()
            + bytes([flags])
            + self.counter.to_bytes(4, "big")
        )

    def _client_data(self, kind: str, options: dict[str, Any]) -> bytes:
        said = {"type": kind, "challenge": options["challenge"], "origin": self.origin}
        return json.dumps(said).encode()

    def _answer(self, **response: Any) -> str:
        name = bytes_to_base64url(self.credential_id)
        said = {
            key: bytes_to_base64url(value) if isinstance(value, bytes) else value
            for key, value in response.items()
        }
        return json.dumps(
            {"id": name, "rawId": name, "type": "public-key", "response": said}
        )
