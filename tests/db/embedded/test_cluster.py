"""The cluster is closed to strangers and outlives the death of its parts."""

from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import psycopg2
import pytest
from pymongo import MongoClient
from pymongo.errors import OperationFailure

from db import embedded, json_http
from db.cluster.control_client import Control
from db.embedded import Addresses, Cluster, DataFolder
from db.embedded.processes.ports import PortReservations
from db.embedded.servers.etcd_certificate import EtcdCertificate
from db.embedded.supervision import restart_backoff
from tests.conftest import owner
from tests.kit.breaking import is_switched_over
from tests.kit.waiting import eventually, noting_calls

pytestmark = pytest.mark.cluster


class Notes:
    """A table of notes in Chartroom's own database, to see whether one is lost."""

    def __init__(self, addresses: Addresses) -> None:
        self._url = owner(addresses.endpoints)

    def write(self, note: str) -> None:
        """Write a note; when this returns, the cluster has acknowledged it."""
        self.run("CREATE TABLE IF NOT EXISTS notes (note text)")
        self.run("INSERT INTO notes VALUES (%s)", note)

    def accepts(self, note: str) -> bool:
        """Try to write a note, and return whether it is acknowledged."""
        try:
            self.write(note)
        except psycopg2.OperationalError:
            return False
        return True

    def read(self) -> set[str]:
        """Return the notes on the primary."""
        return {note for (note,) in self.run("SELECT note FROM notes")}

    def run(self, statement: str, *values: str) -> list[tuple[str, ...]]:
        """Run a statement on a connection of its own, and commit."""
        with closing(psycopg2.connect(self._url)) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(statement, values)
                return cursor.fetchall() if cursor.description else []


@pytest.fixture
def notes(breakable: Cluster) -> Notes:
    """The notes of the cluster that may be broken."""
    return Notes(breakable.addresses)


def test_everything_listens_on_this_machine_only(own_cluster: Cluster):
    listening = {
        connection.laddr.ip
        for process in own_cluster.processes()
        for connection in process.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    }

    assert listening == {"127.0.0.1"}


@pytest.mark.parametrize("role", ["postgres", "chartroom", "replicator", "rewind"])
def test_postgresql_refuses_a_wrong_password(own_cluster: Cluster, role: str):
    url = own_cluster.addresses.node_url("db-01", "chartroom", "chartroom")
    port = urlsplit(url).port

    with pytest.raises(psycopg2.OperationalError, match="password authentication"):
        psycopg2.connect(
            host="127.0.0.1", port=port, user=role, password="guess", dbname="postgres"
        )


def test_passwords_are_kept_as_scram_verifiers(own_cluster: Cluster):
    url = own_cluster.addresses.primary_url("postgres", "postgres")

    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT rolpassword FROM pg_authid WHERE rolpassword <> ''")
        kept = [password for (password,) in cursor]

    assert len(kept) == 5
    assert all(password.startswith("SCRAM-SHA-256$") for password in kept)


@pytest.mark.parametrize("url", ["database_url", "owner_url"])
def test_chartroom_is_no_superuser(own_cluster: Cluster, url: str):
    login = getattr(own_cluster.endpoints, url)

    with closing(psycopg2.connect(login)) as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT rolsuper, rolbypassrls, rolcreaterole FROM pg_roles "
            "WHERE rolname = current_user"
        )
        assert cursor.fetchone() == (False, False, False)


def test_passwords_pass_through_no_folder_that_others_share(own_cluster: Cluster):
    # Patroni leaves initdb's password file behind if it is killed while that exists.
    for node in own_cluster.nodes:
        variables = psutil.Process(node.patroni.process.pid).environ()

        assert Path(variables["TMPDIR"]) == node.data.parent


def test_mongodb_refuses_a_stranger(own_cluster: Cluster):
    port = own_cluster.addresses.ports["mongo"]

    with (
        MongoClient[dict[str, object]](port=port, directConnection=True) as client,
        pytest.raises(OperationFailure, match="requires authentication"),
    ):
        client.chartroom.list_collection_names()


def test_etcd_does_not_answer_a_stranger(own_cluster: Cluster):
    port = own_cluster.addresses.ports["etcd"]

    for scheme in ("http", "https"):
        url = f"{scheme}://127.0.0.1:{port}/v3/lease/leases"
        assert json_http.ask("POST", url, body={}) is None


@pytest.mark.parametrize(
    ("call", "body"),
    [
        ("/v3/kv/range", {"key": "YQ=="}),
        ("/v3/kv/put", {"key": "YQ==", "value": "YQ=="}),
        ("/v3/kv/deleterange", {"key": "YQ=="}),
        ("/v3/kv/txn", {"success": [{"requestDeleteRange": {"key": "YQ=="}}]}),
    ],
)
def test_etcds_certificate_alone_reads_and_writes_no_key(
    own_cluster: Cluster, call: str, body: object
):
    url = f"https://127.0.0.1:{own_cluster.addresses.ports['etcd']}{call}"
    certificate = EtcdCertificate.of(own_cluster.folder)
    answer = json_http.ask("POST", url, body=body, tls=certificate.context)

    assert answer is not None
    assert "user name is empty" in answer.body["error"]


def test_patroni_takes_no_commands_from_a_stranger(own_cluster: Cluster):
    node = own_cluster.nodes[0]

    url = f"http://127.0.0.1:{node.api_port}/restart"
    answer = json_http.ask("POST", url, body={})

    assert answer is not None
    assert answer.status == 401


def test_who_deletes_the_addresses_cuts_nobody_off(own_cluster: Cluster):
    data = own_cluster.folder.path
    before = embedded.running(data)

    (own_cluster.folder.run / "endpoints.json").unlink()

    assert eventually(lambda: embedded.running(data)) == before


def test_a_folder_that_was_renamed_under_a_running_cluster_is_named_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    folder = DataFolder(tmp_path / "clinic")
    folder.prepare()
    with PortReservations() as ports:
        cluster = Cluster(folder, ports)
        folder.path.rename(tmp_path / "renamed")

        for _ in range(2):
            cluster._look_after_folder()

    (said,) = caplog.messages
    assert said == (
        f"There is no folder {folder.path} any more, and Chartroom's data are in it: "
        "rename it back, or mount its disk again. To use it under another name, stop "
        "Chartroom and start it with --data."
    )


def test_a_commit_waits_for_a_replica(own_cluster: Cluster):
    url = own_cluster.addresses.primary_url("postgres", "postgres")

    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute("SHOW synchronous_standby_names")
        (awaited,) = cursor.fetchone()
    followers = [node.name for node in own_cluster.nodes if not node.is_primary]
    assert awaited == f'ANY 1 ("{followers[0]}","{followers[1]}")'


def test_a_violated_constraint_leaves_no_value_in_the_log(
    own_cluster: Cluster, notes: Notes
):
    notes.write("fine")
    secret = "Ada has the measles"

    with pytest.raises(psycopg2.errors.CheckViolation):
        notes.run("ALTER TABLE notes ADD CHECK (note <> 'fine')")
    with pytest.raises(psycopg2.errors.InvalidTextRepresentation):
        notes.run("SELECT %s::text::integer", secret)

    logs = own_cluster.folder.logs.glob("db-*")
    assert not any(secret in log.read_text() for log in logs)


def test_a_dead_primary_is_replaced_at_once_even_if_it_cannot_come_back(
    breakable: Cluster, notes: Notes
):
    notes.write("before")
    dead = breakable.primary()
    config = breakable.folder.postgres / f"{dead.name}.yml"
    away = config.rename(config.with_suffix(".away"))

    control = Control.of(breakable.endpoints)
    assert control is not None
    fences = control.report().node(dead.name).fences

    dead.kill()

    assert eventually(lambda: notes.accepts("after"))
    # Patroni alone would wait until the leader key expires, 20 seconds.
    assert control.report().node(dead.name).fences > fences
    assert {"before", "after"} <= notes.read()
    assert breakable.primary() is not dead
    away.rename(config)
    breakable.wait_until_whole()
    assert dead.is_replica


def test_a_dead_patroni_is_started_again_and_nobody_notices(
    breakable: Cluster, notes: Notes, monkeypatch: pytest.MonkeyPatch
):
    # As if everything had run well for a minute: other tests have just killed some.
    monkeypatch.setattr(restart_backoff, "_HEALTHY_SECONDS", 0.0)
    primary = breakable.primary()
    server = primary.postmaster()

    primary.patroni.kill()
    notes.write("without Patroni")

    assert eventually(lambda: primary.is_primary)
    assert primary.postmaster() == server


def test_a_hung_patroni_is_replaced_and_writing_goes_on(
    breakable: Cluster, notes: Notes
):
    leading = breakable.primary()
    hung = leading.patroni
    # The supervisor has had an answer since its start: later silence is suspicious.
    monitor = breakable._supervisor.monitor(leading.name)
    assert eventually(lambda: monitor._unanswered == 0)
    process = psutil.Process(hung.process.pid)

    process.suspend()

    assert eventually(lambda: not process.is_running())
    assert eventually(lambda: notes.accepts("under a new Patroni"))


def test_what_dies_beside_postgresql_is_started_again(breakable: Cluster, notes: Notes):
    for program in breakable.others:
        program.kill()

    notes.write("without etcd")

    assert eventually(breakable.addresses.mongo.is_primary)
    assert eventually(lambda: breakable.primary() is not None)


def test_what_is_killed_without_supervision_stays_dead(breakable: Cluster):
    replica = next(node for node in breakable.nodes if node.is_replica)

    with breakable.unsupervised():
        replica.kill()
        # Independently of supervision, each node is asked whether it lives.
        probe = breakable._supervisor.monitor(replica.name)._probe
        with noting_calls(probe, "_ask") as calls:
            calls.wait(4)
        assert not replica.patroni.is_running
        assert replica.postmaster() is None

    assert eventually(lambda: replica.is_replica)


def test_a_switchover_makes_the_candidate_the_primary(breakable: Cluster, notes: Notes):
    candidate = next(node for node in breakable.nodes if node.is_replica)

    assert eventually(lambda: is_switched_over(breakable, candidate.name))

    assert eventually(lambda: candidate.is_primary)
    assert eventually(lambda: notes.accepts("on the new primary"))
