"""Other users of the machine: what they can reach of a Chartroom without its secrets.

The listening ports are those of its processes, so that each new one has to be tried, or
is named as untried.
"""

import os
import pwd
import re
import shutil
import ssl
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import httpx
import psutil
import psycopg2
import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID
from pymongo import MongoClient
from pymongo.errors import OperationFailure

from db.embedded import DataFolder
from db.embedded.control.commands import Commands
from db.embedded.servers.etcd_certificate import EtcdCertificate
from tests.launch.launcher import Launcher, serving

pytestmark = pytest.mark.launch

STRANGER = pwd.getpwnam("daemon")
# Chartroom may have this in a variable, but its databases need not know it.
METRICS_TOKEN = "rhubarb-and-fennel-and-quince-and-plum"
# What mongod allows everybody, as drivers ask for it before they sign in.
HARMLESS = ("hello", "ping", "buildInfo")
MONGO_COMMANDS: tuple[dict[str, Any], ...] = (
    {"listDatabases": 1},
    {"createUser": "eve", "pwd": "x", "roles": ["root"]},
    {"usersInfo": 1},
    {"replSetGetConfig": 1},
    {"replSetInitiate": {}},
    {"serverStatus": 1},
    {"getCmdLineOpts": 1},
    {"getLog": "global"},
    {"getParameter": "*"},
    {"setParameter": 1, "logLevel": 1},
    {"currentOp": 1},
    {"shutdown": 1},
)
ROLES = ("postgres", "replicator", "rewind", "chartroom", "chartroom_app")


@pytest.fixture(scope="module")
def running() -> Iterator[Launcher]:
    """A Chartroom in a folder that existed before, and that others may enter."""
    # Not below pytest's own folder, which other users cannot enter.
    home = Path(mkdtemp(prefix="chartroom-home-"))
    home.chmod(0o755)
    launcher = Launcher(home / "data", "--empty", is_warm=True)
    launcher.data.mkdir()
    launcher.data.chmod(0o755)
    try:
        with serving(
            launcher, CHARTROOM_METRICS_TOKEN=METRICS_TOKEN, CHARTROOM_SERVERS="2"
        ) as running:
            yield running
    finally:
        shutil.rmtree(home)


@pytest.fixture(scope="module")
def secrets(running: Launcher) -> frozenset[str]:
    """Every secret that gives access."""
    folder = DataFolder(running.data)
    published = folder.published()
    assert published is not None
    keys = [path.read_text() for path in (running.data / "secrets").iterdir()]
    private_key = EtcdCertificate.of(folder).key.read_text()
    known = [*folder.secrets().values(), published.control_key, private_key, *keys]
    return frozenset(word.strip() for word in [*known, METRICS_TOKEN])


def _processes(running: Launcher) -> list[psutil.Process]:
    """Return all its processes, including the helpers of its servers."""
    processes = running.processes()
    for process in tuple(processes):
        # A helper may have ended since.
        with suppress(psutil.Error):
            processes += process.children(recursive=True)
    return list({process.pid: process for process in processes}.values())


def _doors(running: Launcher) -> dict[int, str]:
    """Return the program that listens on each port."""
    return {
        connection.laddr.port: _program(process)
        for process in _processes(running)
        for connection in process.net_connections("inet")
        # A helper inherits the socket of its server.
        if connection.status == psutil.CONN_LISTEN
    }


def _program(process: psutil.Process) -> str:
    words = process.cmdline()
    if words[0].startswith("postgres:"):
        return "postgres"
    known = ("serve", "web", "worker", "swift_patroni")
    named = [Path(word).stem for word in words if Path(word).stem in known]
    return named[0] if named else Path(words[0]).name


def test_no_door_opens_without_a_secret(running: Launcher, secrets: frozenset[str]):
    doors = _doors(running)

    assert sorted(set(doors.values())) == sorted(TRIES)
    for port, program in doors.items():
        output = TRIES[program](port)
        assert not [secret for secret in secrets if secret in output], program


def _try_postgres(port: int) -> str:
    """Sign in as each role, to a database and for replication."""
    said = []
    for role in ROLES:
        for extra in ({}, {"replication": "true"}, {"password": role}):
            with pytest.raises(psycopg2.OperationalError) as refused:
                psycopg2.connect(
                    host="127.0.0.1", port=port, user=role, dbname="postgres", **extra
                )
            assert any(word in str(refused.value) for word in ("password", "pg_hba"))
            said.append(str(refused.value))
    return " ".join(said)


def _try_mongod(port: int) -> str:
    with MongoClient[dict[str, Any]](port=port, directConnection=True) as client:
        said = [str(client.admin.command(word)) for word in HARMLESS]
        for command in MONGO_COMMANDS:
            with pytest.raises(OperationFailure, match="requires authentication"):
                client.admin.command(command)
        with pytest.raises(OperationFailure, match="requires authentication"):
            client.chartroom.list_collection_names()
    return " ".join(said)


def _try_etcd(port: int) -> str:
    """Ask without TLS, and over TLS without a certificate."""
    with pytest.raises(httpx.TransportError):
        httpx.get(f"http://127.0.0.1:{port}/health")
    unchecked = ssl.create_default_context()
    unchecked.check_hostname, unchecked.verify_mode = False, ssl.CERT_NONE
    with pytest.raises(httpx.TransportError):
        httpx.get(f"https://127.0.0.1:{port}/health", verify=unchecked)
    return ""


def _try_patroni(port: int) -> str:
    """Read everything, which health checks may, and try every change."""
    url, said = f"http://127.0.0.1:{port}", []
    for method, path in _calls_of_patroni():
        answer = httpx.request(method, f"{url}/{path}", json={"kill": True})
        said.append(answer.text)
        # It reports a server's new role to Citus, which is not used here.
        if method != "GET" and path != "mpp":
            assert answer.status_code == 401, (method, path)
    return " ".join(said)


def _calls_of_patroni() -> Iterator[tuple[str, str]]:
    """Yield the endpoints in Patroni's source; importing it would change our umask."""
    spec = find_spec("patroni")
    assert spec
    assert spec.origin
    source = Path(spec.origin).with_name("api.py").read_text()
    yield from re.findall(r"\n    def do_(POST|PUT|PATCH|DELETE)_(\w+)", source)
    for path in ("patroni", "cluster", "config", "history", "metrics", "failsafe", ""):
        yield "GET", path


def _try_control(port: int) -> str:
    commands = Commands(*[None] * 6).by_name()  # type: ignore[arg-type]
    said = []
    for command in commands:
        for headers in ({}, {"Authorization": "Bearer guess"}):
            url = f"http://127.0.0.1:{port}/{command}"
            answer = httpx.post(url, json={}, headers=headers)
            assert answer.status_code == 401, command
            said.append(answer.text)
    return " ".join(said)


def _try_front(port: int) -> str:
    """Ask for pages with records, and for metrics."""
    said = []
    for path, status in {
        "/": 303,
        "/metrics": 404,
        "/_stcore/metrics": 404,
        "/api/v1/patients": 401,
        "/api/v1/replication/status": 401,
        "/files/patients.csv": 401,
    }.items():
        answer = httpx.get(f"http://127.0.0.1:{port}{path}")
        assert answer.status_code == status, path
        said.append(answer.text)
    return " ".join(said)


# The port of a program that is missing here has not been considered.
TRIES: dict[str, Callable[[int], str]] = {
    "postgres": _try_postgres,
    "mongod": _try_mongod,
    "etcd": _try_etcd,
    "swift_patroni": _try_patroni,
    "serve": _try_control,
    "caddy": _try_front,
}


def test_a_certificate_of_ones_own_does_not_open_etcd(
    running: Launcher, tmp_path: Path
):
    folder = DataFolder(running.data)
    etcd = f"https://127.0.0.1:{folder.ports()['etcd']}/health"
    ours = EtcdCertificate.of(folder)
    # It looks the same, but has another key.
    theirs = EtcdCertificate.of(_folder(tmp_path))
    context = ssl.create_default_context(cafile=ours.file)
    context.load_cert_chain(theirs.file, theirs.key)

    with pytest.raises(httpx.TransportError):
        httpx.get(etcd, verify=context)

    assert httpx.get(etcd, verify=ours.context).json()["health"] == "true"


def _folder(path: Path) -> DataFolder:
    folder = DataFolder(path)
    folder.prepare()
    return folder


def test_nobody_is_named_by_the_certificate_of_etcd(tmp_path: Path):
    file = EtcdCertificate.of(_folder(tmp_path)).file

    certificate = x509.load_pem_x509_certificate(file.read_bytes())

    # etcd would accept a common name as that of a user, without a password.
    assert certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME) == []


def test_no_secret_stands_in_a_command_line(running: Launcher, secrets: frozenset[str]):
    for process in _processes(running):
        with suppress(psutil.NoSuchProcess):
            said = " ".join(process.cmdline())
            assert not [secret for secret in secrets if secret in said], process


def test_no_server_of_databases_is_told_secrets_in_variables(
    running: Launcher, secrets: frozenset[str]
):
    # Only their own user can read variables; but no server needs to have a secret that
    # it does not use. The receiver of the log signs in with the password of its login
    # alone.
    own = {"pg_receivewal": DataFolder(running.data).secrets()["replicator"]}
    for process in _processes(running):
        with suppress(psutil.NoSuchProcess):
            if (program := _program(process)) not in {"serve", "web", "worker"}:
                said = str(process.environ())
                others = secrets - {own.get(program)}
                assert not [secret for secret in others if secret in said], process


@pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which("setpriv"), reason="only root can be another"
)
@pytest.mark.parametrize("right", ["-readable", "-writable"])
def test_another_user_can_open_no_file_and_no_socket(running: Launcher, right: str):
    assert _as_stranger("find", "/etc/passwd", right) == (
        ["/etc/passwd"] if right == "-readable" else []
    )

    paths = _as_stranger(
        "find", running.data, "-mindepth", "1", "!", "-type", "d", right
    )
    held = _as_stranger("find", *_elsewhere(running), "-maxdepth", "0", right)

    assert paths == []
    assert held == []


def _elsewhere(running: Launcher) -> list[Path]:
    """Return the files outside the data folder that its processes write to."""
    written = set[Path]()
    for process in _processes(running):
        with suppress(psutil.Error):
            written |= {
                Path(file.path) for file in process.open_files() if file.mode != "r"
            }
    outside = {path for path in written if running.data not in path.parents}
    # The file into which the test directs the launcher's output.
    return sorted(outside - {running.output_file}) or [running.output_file]


def _as_stranger(*words: object) -> list[str]:
    ids = (f"--reuid={STRANGER.pw_uid}", f"--regid={STRANGER.pw_gid}")
    command = ["setpriv", *ids, "--clear-groups", "--bounding-set=-all", *words]
    # A folder that cannot be entered is no failure.
    ran = subprocess.run(
        [str(word) for word in command], capture_output=True, text=True, check=False
    )
    return ran.stdout.splitlines()


def test_no_listening_socket_stands_outside_the_data_folder(running: Launcher):
    pids = {process.pid for process in _processes(running)}
    inodes = {
        link.removeprefix("socket:[").removesuffix("]")
        for pid in pids
        for link in _links(pid)
    }
    listening = {
        re.sub(r"\.\d+$", "", fields[7]) if len(fields) > 7 else None
        for fields in _unix_sockets()
        # The flag of a socket that accepts connections.
        if fields[6] in inodes and int(fields[3], 16) & 0x10000
    }

    # By their names in the folders etcd and run.
    ours = {"launcher.sock", "closing.sock", "going-back.sock"}
    assert listening == {"peer:1", *ours, "web-1.sock", "web-2.sock"}


def _links(pid: int) -> Iterator[str]:
    with suppress(OSError):
        for link in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(OSError):
                yield str(link.readlink())


def _unix_sockets() -> list[list[str]]:
    lines = Path("/proc/net/unix").read_text().splitlines()[1:]
    return [line.split() for line in lines]
