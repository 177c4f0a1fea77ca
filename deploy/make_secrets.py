"""Make the secrets of docker-compose.yml that are missing: `make_secrets.py FOLDER`.

Existing files stay. Only their owner may read them, except for the one that Prometheus,
another user, has to read; only its owner may enter the folder. The certificates are
self-signed: replace them by the clinic's own.
"""

import secrets
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from db.files import file_keys, private_files
from db.files.signing_keys import SigningKeyFile

OF_PROMETHEUS = "CHARTROOM_METRICS_TOKEN"
RANDOM = (
    OF_PROMETHEUS,
    "CHARTROOM_SECRET_KEY",
    "DB_APP_PASSWORD",
    "DB_PASSWORD",
    "DB_REPLICATION_PASSWORD",
    "DB_REWIND_PASSWORD",
    "DB_SUPERUSER_PASSWORD",
    "GRAFANA_PASSWORD",
    "MONGO_ADMIN_PASSWORD",
    "MONGO_AUDIT_PASSWORD",
    "MONGO_MEMBERS_KEY",
    "MONGO_PASSWORD",
    "PATRONI_API_PASSWORD",
)
# Yours to fill in; .env.example says how to write them.
EMPTY = ("CHARTROOM_OIDC_CLIENT_SECRET", "CHARTROOM_SMS_TOKEN", "CHARTROOM_SMTP_URL")
_HOST = "chartroom.example.org"
_DAYS = 825


def make(folder: Path) -> None:
    """Make what is missing in the folder. Raises OSError."""
    for name in RANDOM:
        private_files.make(folder / name, secrets.token_hex(24).encode())
    (folder / OF_PROMETHEUS).chmod(0o644)
    for name in EMPTY:
        private_files.make(folder / name, b"")
    _make_audit_keys(folder)
    file_keys.make(folder / "keys" / "file.keys")
    SigningKeyFile(
        folder / "signing.pem", "Your clinic", may_be_made=True
    ).read_or_make()
    private_files.make(folder / "front.pem", _certificate())


def _make_audit_keys(folder: Path) -> None:
    """Make the key that seals the audit log, and the half of it that only checks."""
    key = Ed25519PrivateKey.generate()
    private_files.make(folder / "audit.key", _private(key))
    kept = load_pem_private_key((folder / "audit.key").read_bytes(), password=None)
    public = kept.public_key()
    private_files.make(
        folder / "audit.pub",
        public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
    )


def _certificate() -> bytes:
    """Return a key and a certificate for browsers, as the proxy in front wants them."""
    key = generate_private_key(SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, _HOST)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=_DAYS))
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName(_HOST)]), critical=False
        )
        .sign(key, SHA256())
    )
    pem: bytes = certificate.public_bytes(Encoding.PEM)
    return pem + _private(key)


def _private(key: "Ed25519PrivateKey | object") -> bytes:
    encoded: bytes = key.private_bytes(  # type: ignore[attr-defined]
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    return encoded


if __name__ == "__main__":
    make(Path(sys.argv[1]))
