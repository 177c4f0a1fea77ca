"""The certificate of the embedded etcd, which identifies members of this cluster.

etcd talks to no client without it, even before any password is asked for. An open etcd
would let every user of the machine prolong the lease of a dead primary, so that no
other takes over, and at the very first start, before there is a password, write what
Patroni runs.
"""

import datetime
import ipaddress
import ssl
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

from db.embedded.data_folder import DataFolder

# No expiry decides whether a cluster starts; it goes with its data folder.
_FROM: Final = datetime.datetime(2000, 1, 1, tzinfo=datetime.UTC)
_UNTIL: Final = datetime.datetime(9999, 12, 31, 23, 59, 59, tzinfo=datetime.UTC)


@dataclass(frozen=True)
class EtcdCertificate:
    """A self-signed certificate and its key, in files of their owner."""

    file: Path
    key: Path

    @classmethod
    def of(cls, folder: DataFolder) -> "EtcdCertificate":
        """Return a data folder's certificate; it is made at the first start."""
        made = cls(folder.etcd / "certificate.pem", folder.etcd / "key.pem")
        if not made.file.exists():
            certificate, key = _make()
            folder.write(made.key, key)
            folder.write(made.file, certificate)
        return made

    @cached_property
    def context(self) -> ssl.SSLContext:
        """The TLS context of clients: this certificate, with no other trusted."""
        context = ssl.create_default_context(cafile=self.file)
        context.load_cert_chain(self.file, self.key)
        return context


def _make() -> tuple[str, str]:
    """Return a new certificate, for both ends of a connection, and its key."""
    # Imported here, because it is needed once in the life of a data folder.
    from cryptography import x509  # noqa: PLC0415
    from cryptography.hazmat.primitives import hashes, serialization  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415
    from cryptography.x509.oid import ExtendedKeyUsageOID as Usage  # noqa: PLC0415

    key = ec.generate_private_key(ec.SECP256R1())
    # Without a common name, which etcd would take for the name of a user.
    name = x509.Name([x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, "Chartroom")])
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    certificate = (
        x509.CertificateBuilder(
            issuer_name=name,
            subject_name=name,
            public_key=key.public_key(),
            serial_number=x509.random_serial_number(),
            not_valid_before=_FROM,
            not_valid_after=_UNTIL,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(
            x509.ExtendedKeyUsage([Usage.SERVER_AUTH, Usage.CLIENT_AUTH]),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    public = certificate.public_bytes(serialization.Encoding.PEM)
    return public.decode(), private.decode()
