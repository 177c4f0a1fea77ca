"""Whatever becomes of the supervisor, two nodes never acknowledge, and nothing is lost.

This is the short form; benchmarks/chaos.py does the same many times over. The cluster
is a separate one, so that no other test finds it broken.
"""

from collections.abc import Iterator
from contextlib import closing, suppress

import psutil
import pytest

from db.cluster.fault_kinds import Fault
from tests.db.embedded.breakable_cluster import BreakableCluster, BreakableClusters
from tests.db.embedded.chaos import SUPERVISOR, Scenario
from tests.db.embedded.witness import Witness
from tests.kit import apart
from tests.kit.waiting import eventually

pytestmark = pytest.mark.cluster


@pytest.fixture(scope="module")
def clusters() -> Iterator[BreakableClusters]:
    """A test that fails throws its cluster away; the next one gets a new one."""
    with closing(BreakableClusters()) as clusters:
        yield clusters


@pytest.mark.parametrize("scenario", SUPERVISOR.values(), ids=SUPERVISOR)
def test_two_nodes_never_acknowledge_and_nothing_acknowledged_is_lost(
    clusters: BreakableClusters, scenario: Scenario
):
    try:
        cluster = clusters.whole()
        with Witness(cluster).watching() as witness:
            witness.await_writes(30)
            scenario(cluster, witness)
            cluster.wait_until_whole()
            witness.await_writes(30)

        assert witness.crossed() == []
        assert witness.lost() == {}
    except BaseException:
        clusters.close()
        raise


@apart.networks
def test_of_a_launcher_that_was_killed_meanwhile_no_network_remains(
    clusters: BreakableClusters,
):
    try:
        cluster = clusters.whole()
        cut_off = next(node for node in cluster.nodes if node.is_replica)
        cluster.control.inflict(Fault.OWN_NETWORK, cut_off.name, seconds=300)
        eventually(lambda: networks_of(cluster) - {apart.OURS})
        cluster.wait_until_streaming()
        cluster.control.inflict(Fault.CUT_NETWORK, cut_off.name, seconds=300)
        ports = set(cluster.addresses.ports.values())
        assert keepers(ports)

        cluster.relaunch()

        cluster.wait_until_whole()
        assert networks_of(cluster) == {apart.OURS}
        assert not keepers(ports)
    except BaseException:
        clusters.close()
        raise


def networks_of(cluster: BreakableCluster) -> set[str]:
    """Return the networks that the cluster's processes are in."""
    networks = set()
    for process in cluster.processes():
        # Any of them may start or end just now.
        with suppress(FileNotFoundError, ProcessLookupError):
            networks.add(apart.network_of(process))
    return networks


def keepers(ports: set[int]) -> list[psutil.Process]:
    """Return the processes that keep a network for one of these ports."""
    keepers = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            words = process.cmdline()
            is_keeper = any(word.endswith("network_keeper.py") for word in words)
            if is_keeper and ports & {int(word) for word in words if word.isdigit()}:
                keepers.append(process)
    return keepers
