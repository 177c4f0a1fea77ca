"""A server in a network of its own can be cut off, and no other server is affected."""

import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path
from queue import Queue

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from db.cluster.control_client import Control, ControlRefused
from db.cluster.fault_kinds import Fault
from db.embedded import Cluster, Node
from db.postgres import Database
from db.postgres.watching import watcher
from tests.conftest import fresh_database
from tests.db.embedded.witness import Witness
from tests.kit import apart
from tests.kit.breaking import ask
from tests.kit.clusters import BreakableCluster
from tests.kit.waiting import eventually

BESIDE = """
import sys, time, psycopg2
connection = psycopg2.connect(sys.argv[1])
connection.autocommit = True
cursor = connection.cursor()
while not connection.notices:
    cursor.execute("INSERT INTO witnessed VALUES ('beside', %s)", [time.time_ns()])
    print(time.monotonic(), flush=True)
"""


@pytest.fixture
def control(breakable: Cluster) -> Control:
    """The control of the cluster that may be broken."""
    control = Control.of(breakable.endpoints)
    assert control is not None
    return control


@pytest.fixture(scope="class")
def back_here(breakable_cluster: BreakableCluster) -> Iterator[None]:
    """In the end no server has a network of its own."""
    yield
    cluster = breakable_cluster.whole()
    control = Control.of(cluster.endpoints)
    assert control is not None
    for name in _apart(control):
        control.heal(Fault.OWN_NETWORK, name)
    assert eventually(lambda: all(_lives_here(node) for node in cluster.nodes))


@pytest.fixture
def apart_primary(
    breakable: Cluster, control: Control, back_here: None
) -> Iterator[Node]:
    """A primary in a network of its own, which it keeps for the tests of a class."""
    name = next(iter(_apart(control)), None)
    if name is None:
        name = next(node for node in breakable.nodes if node.is_replica).name
        control.inflict(Fault.OWN_NETWORK, name, seconds=1800)
    node = breakable.node(name)
    assert eventually(lambda: _lives_apart(node))
    breakable.wait_until_whole()
    assert eventually(lambda: _takes_over(breakable, node))
    breakable.wait_until_whole()
    yield node
    control.heal(Fault.CUT_NETWORK, name)


@pytest.mark.cluster
@apart.networks
class TestPrimaryWithNetworkOfItsOwn:
    """All tests with the same server: moving one there takes as long as a test."""

    def test_a_primary_that_is_cut_off_is_replaced_and_never_heard_again(
        self, breakable: Cluster, control: Control, apart_primary: Node
    ):
        name = apart_primary.name
        fences = control.report().node(name).fences
        assert control.evidence(Fault.CUT_NETWORK, name) is None
        with Witness(breakable).watching() as witness:
            control.inflict(Fault.CUT_NETWORK, name, seconds=120)
            assert eventually(lambda: _other_leads(breakable, name))

            evidence = control.evidence(Fault.CUT_NETWORK, name)
            assert evidence is not None
            assert "etcd does not answer" in evidence
            # Killed because it did not answer, it is started again and cannot come
            # back.
            assert eventually(lambda: control.report().node(name).fences > fences)

            control.heal(Fault.CUT_NETWORK, name)
            breakable.wait_until_whole()
            witness.await_writes()

        assert witness.crossed() == []
        assert witness.lost() == {}

    def test_whoever_waits_for_one_that_is_cut_off_goes_on_as_soon_as_another_leads(
        self,
        breakable: Cluster,
        control: Control,
        apart_primary: Node,
        monkeypatch: pytest.MonkeyPatch,
    ):
        # Its silence alone would not be noticed in time.
        monkeypatch.setattr(watcher, "ANSWER_SECONDS", 25.0)
        began: Queue[int] = Queue()

        def wait_once(session: Session) -> int:
            port = int(session.scalar(text("SELECT inet_server_port()")) or 0)
            began.put(port)
            if port == apart_primary.port:
                session.execute(text("SELECT pg_sleep(100)"))
            return port

        with (
            fresh_database(breakable.addresses) as endpoints,
            ThreadPoolExecutor(1) as aside,
            closing(Database(endpoints)) as database,
        ):
            writing = aside.submit(database.write, wait_once)
            assert began.get(timeout=30) == apart_primary.port

            control.inflict(Fault.CUT_NETWORK, apart_primary.name, seconds=120)

            written = writing.result(timeout=20)
            control.heal(Fault.CUT_NETWORK, apart_primary.name)
            # No database is made or dropped on servers that are just starting.
            breakable.wait_until_whole()
        assert written.value == began.get() != apart_primary.port

    def test_a_primary_that_is_cut_off_and_lives_acknowledges_nothing_to_anybody(
        self, breakable: Cluster, control: Control, apart_primary: Node
    ):
        name = apart_primary.name
        url = breakable.addresses.node_url(name, "postgres", "postgres")
        namespace = breakable._breakage._networks[name].namespace
        beside = namespace.entered((sys.executable, "-c", BESIDE, url))
        with Witness(breakable).watching() as witness, breakable.unsupervised():
            writer = subprocess.Popen(
                beside, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
            )
            with writer:
                assert writer.stdout is not None
                assert writer.stdout.readline()
                fences = control.report().node(name).fences
                control.inflict(Fault.CUT_NETWORK, name, seconds=120)
                cut_at = time.monotonic()
                assert eventually(lambda: _other_leads(breakable, name))
                writer.kill()
                timestamps = [
                    float(line) for line in writer.stdout if line.endswith("\n")
                ]
                # It has not been fenced: Patroni's own ttl decided.
                assert control.report().node(name).fences == fences
            control.heal(Fault.CUT_NETWORK, name)
            breakable.wait_until_whole()
            witness.await_writes()

        # One acknowledgement may have been under way when the network was cut.
        assert sum(timestamp > cut_at for timestamp in timestamps) <= 1
        assert witness.crossed() == []
        assert witness.lost() == {}

    def test_who_has_a_network_of_its_own_is_not_moved_once_more(
        self, control: Control, apart_primary: Node
    ):
        name = apart_primary.name

        for fault in (Fault.OWN_NETWORK, Fault.FILL_DISK):
            with pytest.raises(
                ControlRefused, match="already has a disk or a network of its own"
            ):
                control.inflict(fault, name)

        assert control.report().node(name).faults == (Fault.OWN_NETWORK,)
        assert apart_primary.is_primary

    def test_a_cut_that_nobody_mends_mends_itself(
        self, breakable: Cluster, control: Control, apart_primary: Node
    ):
        control.inflict(Fault.CUT_NETWORK, apart_primary.name, seconds=5)

        assert eventually(
            lambda: not control.report().node(apart_primary.name).faults[1:]
        )
        breakable.wait_until_whole()


@pytest.mark.cluster
def test_who_has_no_network_of_its_own_is_not_cut_off(
    breakable: Cluster, control: Control
):
    name = breakable.nodes[0].name

    with pytest.raises(ControlRefused, match="no network of its own yet"):
        control.inflict(Fault.CUT_NETWORK, name)

    assert control.report().node(name).faults == ()


@pytest.mark.cluster
def test_where_it_is_forbidden_the_server_goes_on_untouched(
    breakable: Cluster,
    control: Control,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    node = next(node for node in breakable.nodes if node.is_replica)
    before = node.postmaster()

    with (
        apart.forbidden(tmp_path, monkeypatch),
        pytest.raises(ControlRefused, match="no server can be cut off"),
    ):
        control.inflict(Fault.OWN_NETWORK, node.name)

    assert node.postmaster() == before
    assert control.report().node(node.name).faults == ()


def _apart(control: Control) -> list[str]:
    """Return the nodes with a network of their own."""
    nodes = control.report().nodes
    return [node.name for node in nodes if Fault.OWN_NETWORK in node.faults]


def _lives_apart(node: Node) -> bool:
    server = node.postmaster()
    return server is not None and apart.network_of(server) != apart.OURS


def _lives_here(node: Node) -> bool:
    server = node.postmaster()
    return server is not None and apart.network_of(server) == apart.OURS


def _takes_over(cluster: Cluster, node: Node) -> bool:
    # Patroni refuses a replica that has only just joined the quorum.
    with suppress(RuntimeError):
        if not node.is_primary:
            cluster.switch_over(node.name)
    return node.is_primary and ask(cluster, node, "SELECT 1") == 1


def _other_leads(cluster: Cluster, name: str) -> bool:
    return any(node.is_primary for node in cluster.nodes if node.name != name)
