"""The token in a link to a document: a secret with our signature."""

import hashlib
from typing import Final

from itsdangerous import BadSignature, Signer

# The path of the page behind a link; the server's base URL goes in front.
SHARED_PATH: Final = "/shared"


class LinkSigner:
    """Makes links that only this installation can make.

    So somebody who can write to the table, and puts a hash of their own there, still
    has no link; and a made-up token is refused before any database is asked.
    """

    def __init__(self, key: str) -> None:
        self._signer = Signer(
            key, "chartroom.shares", key_derivation="hmac", digest_method=hashlib.sha256
        )

    def sign(self, secret: str) -> str:
        """Return the token for a link."""
        return self._signer.sign(secret).decode()

    def read(self, token: str) -> str | None:
        """Return the secret from a token that was made here, else None."""
        try:
            return self._signer.unsign(token).decode()
        except BadSignature:
            return None
