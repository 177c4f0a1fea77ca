"""Faults inflicted through the control server are survived, and heal by themselves."""

from contextlib import closing, suppress
from dataclasses import replace
from threading import Thread

import psutil
import psycopg2
import pytest

from db.cluster.control_client import Control, ControlRefused
from db.cluster.fault_kinds import Fault
from db.embedded import Cluster
from db.embedded.processes import child_processes, killing
from db.embedded.servers.fleet import is_whole
from tests.db.embedded.test_cluster import Notes
from tests.kit.breaking import ask, command_line, suspended
from tests.kit.waiting import eventually, in_time, noting_calls

pytestmark = pytest.mark.cluster


@pytest.fixture
def control(breakable: Cluster) -> Control:
    """The control of the cluster that may be broken."""
    control = Control.of(breakable.endpoints)
    assert control is not None
    # Right after a start, silence is tolerated for longer.
    breakable.wait_until_whole()
    return control


@pytest.mark.parametrize(
    "fault",
    [
        Fault.KILL_POSTGRES,
        Fault.KILL_NODE,
        Fault.FREEZE_NODE,
        Fault.FREEZE_POSTGRES,
    ],
)
def test_another_node_takes_over_from_one_that_is_fenced_and_nothing_is_lost(
    breakable: Cluster, control: Control, fault: Fault
):
    notes = Notes(breakable.addresses)
    notes.write(f"before {fault}")
    struck = breakable.primary()
    fences = control.report().node(struck.name).fences

    control.inflict(fault, struck.name, seconds=30)

    assert eventually(lambda: notes.accepts(f"after {fault}"))
    # And not because its claim to lead expired, which takes twenty seconds.
    assert eventually(lambda: control.report().node(struck.name).fences > fences)
    assert {f"before {fault}", f"after {fault}"} <= notes.read()
    control.heal(fault, struck.name)
    breakable.wait_until_whole()
    assert breakable.primary() is not struck


def test_a_lost_node_stays_lost_until_it_is_healed(
    breakable: Cluster, control: Control
):
    lost = next(node for node in breakable.nodes if node.is_replica)

    control.inflict(Fault.KILL_NODE, lost.name)

    with noting_calls(breakable._supervisor, "_look") as looks:
        looks.wait(10)
    report = control.report().node(lost.name)
    assert (report.state, report.postgres_runs) == ("stopped", False)
    assert report.faults == (Fault.KILL_NODE,)
    control.heal(Fault.KILL_NODE, lost.name)
    breakable.wait_until_whole()
    assert control.report().node(lost.name).faults == ()


def test_a_fault_that_nobody_heals_heals_itself(breakable: Cluster, control: Control):
    # Longer than a busy machine takes to kill it and to report.
    control.inflict(Fault.STOP_MONGO, seconds=8)

    assert control.report().faults == (Fault.STOP_MONGO,)
    assert eventually(breakable.addresses.mongo.is_primary)
    assert control.report().faults == ()


def test_who_forgets_the_supervisor_finds_it_at_work_again(control: Control):
    # Longer than a busy machine takes to report.
    control.supervised(False, seconds=5)

    assert not control.report().supervised
    assert eventually(lambda: control.report().supervised)


@pytest.mark.parametrize(
    ("fault", "node", "sentence"),
    [
        (Fault.KILL_NODE, None, "needs a node"),
        (Fault.STOP_ETCD, "db-01", "does not take a node"),
        (Fault.KILL_NODE, "db-09", "There is no node db-09"),
    ],
    ids=["a node is missing", "a node too many", "an unknown node"],
)
def test_what_cannot_be_broken_is_refused(
    control: Control, fault: Fault, node: str | None, sentence: str
):
    with pytest.raises(ControlRefused, match=sentence):
        control.inflict(fault, node)

    assert control.report().faults == ()


def test_a_backend_that_outlives_its_server_is_ended_before_anybody_else_leads(
    breakable: Cluster,
):
    node = next(node for node in breakable.nodes if node.is_replica)
    busy = Thread(target=_count, args=[breakable, node.name], daemon=True)

    with breakable.unsupervised():
        busy.start()
        server = node.postmaster()
        assert eventually(lambda: _backends(server))
        backends = _backends(server)
        node.patroni.kill()
        server.kill()
        server.wait(5)
        assert not child_processes.await_end(backends, 0.2)

        assert killing.end(node.data, node.postmaster())
        assert child_processes.await_end(backends, 0)

    busy.join(5)


def test_a_cluster_with_a_silent_replica_is_not_called_whole(breakable: Cluster):
    replica = next(node for node in breakable.nodes if node.is_replica)

    # For a while the primary's Patroni still reports it as streaming.
    with breakable.unsupervised(), suspended(*replica.servers()):
        assert not is_whole(breakable.nodes)


def test_a_patroni_that_somebody_else_has_started_dies_with_its_node(
    breakable: Cluster,
):
    node = next(node for node in breakable.nodes if node.is_replica)
    strangers = replace(node.patroni, process=None)

    with breakable.unsupervised():
        node.patroni.kill()
        strangers.start()
        assert strangers.is_running

        assert node.kill()

        assert not strangers.is_running
        assert node.postmaster() is None


def _count(cluster: Cluster, name: str) -> None:
    # Busy without ever waiting, it does not notice that its server is gone.
    with suppress(psycopg2.OperationalError):
        url = cluster.addresses.node_url(name, "postgres", "postgres")
        with closing(psycopg2.connect(url)) as connection:
            cursor = connection.cursor()
            cursor.execute("SELECT count(*) FROM generate_series(1, 10000000000)")


def _backends(server: psutil.Process) -> list[psutil.Process]:
    return [
        child
        for child in server.children()
        if "SELECT" in " ".join(command_line(child))
    ]


def test_a_silent_replica_is_not_waited_for(breakable: Cluster, control: Control):
    frozen = next(node for node in breakable.nodes if node.is_replica)
    before = control.report().node(frozen.name).fences

    control.inflict(Fault.FREEZE_POSTGRES, frozen.name, seconds=30)

    # It stays frozen for longer than the guard.
    primary = breakable.primary()
    in_time(lambda: ask(breakable, primary, "SELECT pg_current_xact_id()"), seconds=20)
    breakable.wait_until_whole()
    assert control.report().node(frozen.name).fences > before
    control.heal(Fault.FREEZE_POSTGRES, frozen.name)
