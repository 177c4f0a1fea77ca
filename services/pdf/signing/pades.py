"""PDF signatures themselves: made and checked with pyHanko.

PAdES B-B (ETSI EN 319 142-1): a CMS signature over the whole file. It certifies the
document and permits no change at all (DocMDP level 1, ISO 32000-2, 12.8.2.2). Imported
only where it is used, because pyHanko loads a lot.
"""

from collections.abc import Collection
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
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import MDPPerm, SigSeedSubFilter
from pyhanko.sign.signers import PdfSignatureMetadata, SimpleSigner, sign_pdf
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko.sign.validation.status import SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.registry import SimpleCertificateStore

from db.files.signing_keys import PrivateKey
from services.pdf.signing.checking import Signature, SignatureState

_FIELD: Final = "Clinic"


def sign(
    pdf: bytes, private: PrivateKey, certificate: x509.Certificate, *, reason: str
) -> bytes:
    """Return the PDF with a signature that covers all of it.

    Not in a thread that runs an event loop: pyHanko runs one of its own.
    """
    signer = SimpleSigner(
        signing_cert=_converted(certificate),
        signing_key=PrivateKeyInfo.load(
            private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
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
    writer = IncrementalPdfFileWriter(BytesIO(pdf))
    signed = sign_pdf(writer, wanted, signer=signer, output=BytesIO())
    assert isinstance(signed, BytesIO)  # noqa: S101 (it is the output given)
    return signed.getvalue()


def check(pdf: bytes, certificates: Collection[x509.Certificate]) -> Signature:
    """Check a file that we made ourselves or, in a separate process, any file.

    It is valid if one of the certificates signed all of it, to the last byte: any later
    addition, even an invisible one, makes it modified.
    """
    try:
        reader = PdfFileReader(BytesIO(pdf), strict=False)
        signatures = reader.embedded_signatures
        if not signatures:
            return Signature(SignatureState.UNSIGNED)
        return _judge(signatures[0], certificates)
    except Exception:
        # Whatever a stranger's file makes the parser raise is a result, too.
        return Signature(SignatureState.UNREADABLE)


def _judge(
    signature: EmbeddedPdfSignature, certificates: Collection[x509.Certificate]
) -> Signature:
    trusted = ValidationContext(
        trust_roots=[_converted(certificate) for certificate in certificates],
        allow_fetching=False,
    )
    # No addition is allowed at all, so additions need not be analysed.
    status = validate_pdf_signature(signature, trusted, skip_diff=True)
    signer = x509.load_der_x509_certificate(status.signing_cert.dump())
    is_whole = (
        status.intact
        and status.valid
        and status.coverage is SignatureCoverageLevel.ENTIRE_FILE
    )
    is_known = signer in certificates
    if not is_whole:
        state = SignatureState.MODIFIED
    elif not is_known:
        state = SignatureState.UNKNOWN_SIGNER
    else:
        state = SignatureState.VALID
    return Signature(
        state,
        status.signer_reported_dt,
        signer.fingerprint(SHA256()).hex(),
    )


def _converted(certificate: x509.Certificate) -> Certificate:
    return Certificate.load(certificate.public_bytes(Encoding.DER))
