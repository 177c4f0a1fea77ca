"""Whatever becomes of the supervisor, never do two nodes acknowledge, nothing is lost.

The short form; benchmarks/chaos.py does the same many times over. The cluster is one
of its own, so that nobody else finds it broken.
"""

from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.db.embedded.breakable_cluster import BreakableClusters
from tests.db.embedded.chaos import SUPERVISOR, Scenario
from tests.db.embedded.witness import Witness

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
