"""Signs PDFs with the clinic's key, so that a reader shows any later change.

PAdES B-B (ETSI EN 319 142-1): a CMS signature over the whole file. It certifies the
document and permits no change at all (DocMDP level 1, ISO 32000-2, 12.8.2.2).
"""

from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from typing import Final

from asn1crypto.keys import PrivateKeyInfo
from asn1crypto.x509 import Certificate
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import MDPPerm, SigSeedSubFilter
from pyhanko.sign.signers import PdfSignatureMetadata, SimpleSigner, sign_pdf
from pyhanko_certvalidator.registry import SimpleCertificateStore

from db.signing_keys import SigningKeyFile, UnusableSigningKey
from services.errors import Unavailable

_FIELD: Final = "Clinic"


class CannotSign(Unavailable):
    """The clinic's key is not there, or cannot be used."""

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
        """Return the signed PDF, and the SHA-256 of the certificate that vouches.

        Raises CannotSign.
        """
        try:
            keys = self._file.read_or_make()
        except (UnusableSigningKey, OSError) as error:
            raise CannotSign from error
        if keys.private is None:
            raise CannotSign
        signer = SimpleSigner(
            signing_cert=_converted(keys.certificate),
            signing_key=PrivateKeyInfo.load(
                keys.private.private_bytes(
                    Encoding.DER, PrivateFormat.PKCS8, NoEncryption()
                )
            ),
            cert_registry=SimpleCertificateStore(),  # type: ignore[no-untyped-call]
        )
        wanted = PdfSignatureMetadata(
            field_name=_FIELD,
            md_algorithm="sha256",
            subfilter=SigSeedSubFilter.PADES,
            certify=True,
            docmdp_permissions=MDPPerm.NO_CHANGES,
            reason=reason,
        )
        # pyHanko runs an event loop of its own, and the caller's thread may have one.
        with ThreadPoolExecutor(1) as aside:
            signed = aside.submit(_sign, pdf, wanted, signer).result()
        return signed, keys.certificate.fingerprint(SHA256())


def _sign(pdf: bytes, wanted: PdfSignatureMetadata, signer: SimpleSigner) -> bytes:
    writer = IncrementalPdfFileWriter(BytesIO(pdf))
    signed = sign_pdf(writer, wanted, signer=signer, output=BytesIO())
    assert isinstance(signed, BytesIO)  # noqa: S101 (it is the output given)
    return signed.getvalue()


def _converted(certificate: x509.Certificate) -> Certificate:
    return Certificate.load(certificate.public_bytes(Encoding.DER))
