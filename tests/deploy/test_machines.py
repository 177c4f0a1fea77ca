"""PostgreSQL between machines: TLS by HAProxy's files, with certificates on both sides.

There are three machines, each an HAProxy: one with the node, one with a web server, and
one that does not belong to the clinic.
"""

import os
import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg2
import pytest
from cryptography.x509 import load_pem_x509_certificate
from psycopg2.extensions import parse_dsn
from psycopg2.extras import PhysicalReplicationConnection

from deploy import make_machine_certificates
from tests.browser.running import free_port
from tests.deploy.conftest import ROOT
from tests.kit.waiting import eventually

_HAPROXY = shutil.which("haproxy") or "/usr/sbin/haproxy"
_FILES = ROOT / "deploy" / "haproxy" / "machines"
_NODES = ("DB_MAIN", "DB_SLAVE_01", "DB_SLAVE_02", "DB_DELAYED")

has_haproxy = pytest.mark.skipif(
    not Path(_HAPROXY).exists(), reason="HAProxy is not installed here."
)


def address(port: int) -> str:
    return f"127.0.0.1:{port}"


@contextmanager
def haproxy(
    certificate: Path, port: int, *files: str, **variables: str
) -> Iterator[None]:
    """Run a machine's HAProxy with a certificate until the block ends."""
    log = certificate.with_name(f"{certificate.stem}-{free_port()}.log")
    places = {
        "MACHINE_CERTIFICATE": str(certificate),
        "MACHINES_AUTHORITY": str(certificate.with_name("authority.pem")),
    }
    names = [word for file in files for word in ("-f", str(_FILES / f"{file}.cfg"))]
    with log.open("w") as written:
        process = subprocess.Popen(
            [_HAPROXY, "-db", *names],
            env=os.environ | places | variables,
            stdout=written,
            stderr=subprocess.STDOUT,
        )
    try:
        eventually(
            lambda: process.poll() is not None or _answers(port), bool, seconds=20
        )
        assert process.poll() is None, log.read_text()
        yield
    finally:
        process.terminate()
        process.wait(20)


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


@pytest.fixture(scope="module")
def certificates(tmp_path_factory) -> Path:
    """The certificates of the clinic's machines."""
    folder: Path = tmp_path_factory.mktemp("machines")
    make_machine_certificates.make(folder, ["db-main", "web-1"])
    return folder


@pytest.fixture(scope="module")
def node(addresses) -> dict[str, str]:
    """The parameters with which the administrator connects to the local primary."""
    url = addresses.administrator_url
    with closing(psycopg2.connect(url)) as connection:
        leading = {"host": connection.info.host, "port": str(connection.info.port)}
    known: dict[str, str] = parse_dsn(url) | leading
    return known


@pytest.fixture(scope="module")
def port(certificates, node) -> Iterator[int]:
    """The port on which the node's machine listens to other machines."""
    outside = free_port()
    with haproxy(
        certificates / "db-main.pem",
        outside,
        "ground",
        "node",
        MACHINE_ADDRESS=address(outside),
        NODE=f"{node['host']}:{node['port']}",
    ):
        yield outside


@contextmanager
def asking(certificate: Path, port: int, name: str = "DB_MAIN") -> Iterator[int]:
    """Yield the port at which a machine reaches a node through its own HAProxy."""
    inside = {each: free_port() for each in _NODES}
    variables = {f"TO_{each}": address(inside[each]) for each in _NODES}
    # The addresses of the other nodes have no listener.
    places = {each: address(port if each == name else 9) for each in _NODES}
    listening = inside[name]
    with haproxy(certificate, listening, "ground", "clients", **places, **variables):
        yield listening


def connect(node: dict[str, str], port: int, **more: object):
    through = node | {"host": "127.0.0.1", "port": str(port), "connect_timeout": "5"}
    through.pop("hostaddr", None)
    return closing(psycopg2.connect(**through, **more))


def get_in(context: ssl.SSLContext, port: int) -> bytes:
    """Return the first byte of a node's answer to an SSLRequest, sent over TLS."""
    with (
        socket.create_connection(("127.0.0.1", port), 5) as plain,
        context.wrap_socket(plain, server_hostname="db-main") as secured,
    ):
        # PostgreSQL's SSLRequest: a server without TLS answers no.
        secured.sendall(bytes.fromhex("0000000804d2162f"))
        return secured.recv(1)


def trusting(folder: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(folder / "authority.pem"))


@has_haproxy
def test_a_query_and_a_stream_of_the_log_pass_through(
    certificates, node, port, addresses
):
    replicas = parse_dsn(addresses.primary_url("replicator", "postgres"))
    with asking(certificates / "web-1.pem", port) as inside:
        with connect(node, inside) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT pg_is_in_recovery()")
            assert cursor.fetchone() == (False,)
        with (
            connect(
                replicas, inside, connection_factory=PhysicalReplicationConnection
            ) as stream,
            stream.cursor() as cursor,
        ):
            cursor.execute("IDENTIFY_SYSTEM")
            assert cursor.fetchone()[1] >= 1


@has_haproxy
def test_nobody_gets_in_without_a_certificate_of_the_clinic(
    certificates, node, port, tmp_path
):
    known = trusting(certificates)
    known.load_cert_chain(certificates / "web-1.pem")
    assert get_in(known, port) == b"N"

    make_machine_certificates.make(tmp_path, ["web-1"])
    strange = trusting(certificates)
    strange.load_cert_chain(tmp_path / "web-1.pem")
    for context in (trusting(certificates), strange):
        # With TLS 1.3 the refusal only comes with the first read.
        with pytest.raises((ssl.SSLError, ConnectionError)):
            get_in(context, port)
    with pytest.raises(psycopg2.OperationalError), connect(node, port):
        pass


@has_haproxy
def test_a_machine_that_shows_another_name_is_not_believed(certificates, node, port):
    with (
        asking(certificates / "web-1.pem", port, "DB_SLAVE_01") as inside,
        # Hung up on, and not left waiting until libpq gives up.
        pytest.raises(psycopg2.OperationalError, match="closed the connection"),
        connect(node, inside),
    ):
        pass


def test_certificates_are_made_once_and_are_their_owners_alone(tmp_path):
    make_machine_certificates.make(tmp_path, ["db-main"])
    first = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    (tmp_path / "authority.key").rename(tmp_path / "elsewhere")

    # Existing certificates need no authority.
    make_machine_certificates.make(tmp_path, ["db-main"])
    with pytest.raises(FileNotFoundError):
        make_machine_certificates.make(tmp_path, ["web-1"])
    (tmp_path / "elsewhere").rename(tmp_path / "authority.key")
    make_machine_certificates.make(tmp_path, ["db-main", "web-1"])

    assert first.keys() == {"authority.key", "authority.pem", "db-main.pem"}
    assert {name: (tmp_path / name).read_bytes() for name in first} == first
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}


def test_an_authority_that_is_made_anew_keeps_its_key(tmp_path):
    def of_authority():
        make_machine_certificates.make(tmp_path, [])
        pem = (tmp_path / "authority.pem").read_bytes()
        return load_pem_x509_certificate(pem)

    first = of_authority()
    (tmp_path / "authority.pem").unlink()
    second = of_authority()

    assert second.serial_number != first.serial_number
    assert second.public_key() == first.public_key()


def test_files_name_every_node_of_the_compose_file(compose):
    nodes = {name for name in compose["services"] if name.startswith("db-")}
    clients = (_FILES / "clients.cfg").read_text()

    for name in nodes:
        variable = name.upper().replace("-", "_")
        assert f'bind "${{TO_{variable}}}"' in clients
        assert f'server {name} "${{{variable}}}" ssl' in clients
        assert f"verifyhost {name} " in clients
    assert clients.count("verify required") == len(nodes)
