"""What stands in a link to a document: a secret, and a signature of ours under it."""

import hashlib
from typing import Final

from itsdangerous import BadSignature, Signer

# The page behind a link; who serves it puts the server's own name in front.
SHARED_PATH: Final = "/shared"


class LinkSigner:
    """Makes links that only this installation can make.

    So whoever gets at the table, and puts a hash of their own there, has no link yet;
    and what somebody made up is refused before any database is asked.
    """

    def __init__(self, key: str) -> None:
        self._signer = Signer(
            key, "chartroom.shares", key_derivation="hmac", digest_method=hashlib.sha256
        )

    def sign(self, secret: str) -> str:
        """Return what stands in the link."""
        return self._signer.sign(secret).decode()

    def read(self, token: str) -> str | None:
        """Return the secret of a link that was made here, else None."""
        try:
            return self._signer.unsign(token).decode()
        except BadSignature:
            return None
