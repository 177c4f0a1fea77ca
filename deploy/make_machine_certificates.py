"""Make the certificates with which machines authenticate: FOLDER NAME [NAME ...].

The folder gets an authority (`authority.key`, which no machine needs, and
`authority.pem`, which all do) and for each name a key with its certificate. Existing
files stay; delete one to have it made again. Only their owner may read them.
"""

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from db.files import private_files

# Longer than any machine is in use; a machine's own certificate is replaced in time.
_AUTHORITY_DAYS = 3650
_MACHINE_DAYS = 825
_BOTH_SIDES = x509.ExtendedKeyUsage(
    [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
)


def make(folder: Path, names: list[str]) -> None:
    """Make what is missing in the folder. Raises OSError."""
    private_files.make_folder(folder)
    if not (folder / "authority.pem").exists():
        _make_authority(folder)
    authority = x509.load_pem_x509_certificate((folder / "authority.pem").read_bytes())
    missing = [name for name in names if not (folder / f"{name}.pem").exists()]
    if not missing:
        return
    key = _key_of_authority(folder)
    for name in missing:
        private_files.make(folder / f"{name}.pem", _machine(name, authority, key))


def _make_authority(folder: Path) -> None:
    # One whose certificate was taken away keeps its key: machines' are signed with it.
    new = _private(generate_private_key(SECP256R1()))
    private_files.make(folder / "authority.key", new)
    key = _key_of_authority(folder)
    name = _named("Chartroom's machines")
    public = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    certificate = (
        _begun(name, name, key, _AUTHORITY_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs=True), critical=True)
        .add_extension(public, critical=False)
        .sign(key, SHA256())
    )
    private_files.make(folder / "authority.pem", certificate.public_bytes(Encoding.PEM))


def _key_of_authority(folder: Path) -> EllipticCurvePrivateKey:
    key = load_pem_private_key((folder / "authority.key").read_bytes(), password=None)
    assert isinstance(key, EllipticCurvePrivateKey)  # noqa: S101 - made here
    return key


def _machine(
    name: str, authority: x509.Certificate, signer: EllipticCurvePrivateKey
) -> bytes:
    """Return a certificate and its key, as HAProxy reads them."""
    key = generate_private_key(SECP256R1())
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
    certificate = (
        _begun(_named(name), authority.subject, key, _MACHINE_DAYS)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs=False), critical=True)
        .add_extension(_BOTH_SIDES, critical=False)
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False
        )
        .add_extension(issuer, critical=False)
        .sign(signer, SHA256())
    )
    pem: bytes = certificate.public_bytes(Encoding.PEM)
    return pem + _private(key)


def _begun(
    subject: x509.Name, issuer: x509.Name, key: EllipticCurvePrivateKey, days: int
) -> x509.CertificateBuilder:
    # A machine whose clock is somewhat behind believes it as well.
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder(issuer, subject, key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=days))
    )


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs,
        key_cert_sign=signs,
        crl_sign=signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _private(key: EllipticCurvePrivateKey) -> bytes:
    encoded: bytes = key.private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    return encoded


if __name__ == "__main__":
    make(Path(sys.argv[1]), sys.argv[2:])
