"""The file with the clinic's signing key, its certificate and those it has replaced."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

from db.files import private_files

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
_VALID_FOR: Final = timedelta(days=3650)
_LONGEST_NAME: Final = 64


class UnusableSigningKey(Exception):
    """The key file cannot be used; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class SigningKeys:
    """The key that signs with its certificate, and all certificates that count.

    A process that only checks signatures may be given certificates alone.
    """

    private: PrivateKey | None
    certificates: tuple[x509.Certificate, ...]

    @property
    def certificate(self) -> x509.Certificate:
        """The certificate of the key that signs: the first in the file."""
        return self.certificates[0]


@dataclass(frozen=True, slots=True)
class SigningKeyFile:
    """The file of the keys: a private key in PEM, its certificate, then older ones.

    If it may be made here, its certificate is self-signed and bears the clinic's name,
    which is enough to reveal changes, and not enough to prove to strangers who signed.
    `mark` shows from then on that there is one. None is made while there is no
    `folder`: it was there, with the key in it.
    """

    path: Path
    clinic_name: str
    may_be_made: bool = False
    mark: Path | None = None
    folder: Path | None = None

    def read(self) -> SigningKeys:
        """Return the keys in the file; raises UnusableSigningKey."""
        try:
            keys = _parse(self.path.read_bytes())
        except FileNotFoundError:
            if why := private_files.explain_gone(self.folder):
                raise UnusableSigningKey(why) from None
            if private_files.is_marked(self.mark):
                raise UnusableSigningKey(
                    f"There is no signing key {self.path}, although there was one: put "
                    "it back from your copy. What was signed so far is only recognised "
                    "with its certificate. If it is lost for good, remove "
                    f"{self.mark}; another key is made then."
                ) from None
            raise UnusableSigningKey(
                f"There is no signing key {self.path}: nothing was signed here yet, or "
                "CHARTROOM_SIGNING_KEY_FILE names another file."
            ) from None
        except OSError as error:
            raise UnusableSigningKey(
                f"The signing key {self.path} cannot be read: {error.strerror}."
            ) from error
        except (ValueError, TypeError):
            # Without its cause, which may quote the content that it could not parse.
            raise UnusableSigningKey(
                f"{self.path} must hold a private key (RSA or elliptic curve, in PEM, "
                "without a password) and then its certificate."
            ) from None
        # An earlier version has made it without a mark.
        private_files.leave_mark(self.mark)
        return keys

    def read_or_make(self) -> SigningKeys:
        """Return the keys; make the file first if it is missing and may be made."""
        if self.may_be_made and private_files.was_never_made(
            self.path, self.mark, self.folder
        ):
            self._make()
        return self.read()

    def _make(self) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        content = key.private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
        ) + _certify(key, self.clinic_name).public_bytes(Encoding.PEM)
        private_files.make(self.path, content)


def _certify(key: ec.EllipticCurvePrivateKey, clinic_name: str) -> x509.Certificate:
    name = x509.Name(
        [x509.NameAttribute(NameOID.COMMON_NAME, clinic_name[:_LONGEST_NAME])]
    )
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        # Clocks differ a little.
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + _VALID_FOR)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_SIGNS_DOCUMENTS, critical=True)
        .sign(key, hashes.SHA256())
    )


_SIGNS_DOCUMENTS: Final = x509.KeyUsage(
    digital_signature=True,
    content_commitment=True,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=False,
    crl_sign=False,
    encipher_only=False,
    decipher_only=False,
)


def _parse(content: bytes) -> SigningKeys:
    certificates = tuple(x509.load_pem_x509_certificates(content))
    if b"PRIVATE KEY" not in content:
        return SigningKeys(None, certificates)
    private = load_pem_private_key(content, password=None)
    if not isinstance(private, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        raise TypeError
    if private.public_key() != certificates[0].public_key():
        raise ValueError
    return SigningKeys(private, certificates)
