"""Signs PDFs with the clinic's key, so that a reader shows any later change."""

from concurrent.futures import ThreadPoolExecutor

from cryptography.hazmat.primitives.hashes import SHA256

from db.files.signing_keys import SigningKeyFile, UnusableSigningKey
from services.core.errors import Unavailable


class CannotSign(Unavailable):
    """The clinic's key is missing, or cannot be used."""

    def __init__(self) -> None:
        super().__init__(
            "Nothing can be signed now, because the clinic's signing key cannot be "
            "used. What you wrote is kept; tell an administrator."
        )


class Signer:
    """Signs in the clinic's name."""

    def __init__(self, key_file: SigningKeyFile) -> None:
        self._file = key_file

    def sign(self, pdf: bytes, *, reason: str) -> tuple[bytes, bytes]:
        """Return the signed PDF, and the SHA-256 of the signing certificate.

        Raises CannotSign.
        """
        # Imported only for signing: it takes a third of a second to load.
        from services.pdf.signing import pades  # noqa: PLC0415

        try:
            keys = self._file.read_or_make()
        except (UnusableSigningKey, OSError) as error:
            raise CannotSign from error
        if keys.private is None:
            raise CannotSign
        private, certificate = keys.private, keys.certificate
        # The caller's thread may run an event loop, where pyHanko cannot run its own.
        with ThreadPoolExecutor(1) as aside:
            signed = aside.submit(
                pades.sign, pdf, private, certificate, reason=reason
            ).result()
        return signed, certificate.fingerprint(SHA256())
