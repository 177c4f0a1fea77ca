"""Whatever becomes of the supervisor, never do two nodes acknowledge, nothing is lost.

The short form; benchmarks/chaos.py does the same many times over. The cluster is one
of its own, so that nobody else finds it broken.
"""

from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.db.embedded.breakable_cluster import Arenas
from tests.db.embedded.chaos import SUPERVISOR, Scenario
from tests.db.embedded.witness import Witness

pytestmark = pytest.mark.cluster


@pytest.fixture(scope="module")
def arenas() -> Iterator[Arenas]:
    """Whoever fails throws the arena away; the next one gets a new one."""
    with closing(Arenas()) as arenas:
        yield arenas


@pytest.mark.parametrize("scenario", SUPERVISOR.values(), ids=SUPERVISOR)
def test_two_nodes_never_acknowledge_and_nothing_acknowledged_is_lost(
    arenas: Arenas, scenario: Scenario
):
    try:
        arena = arenas.whole()
        with Witness(arena).watching() as witness:
            witness.await_writes(30)
            scenario(arena, witness)
            arena.wait_until_whole()
            witness.await_writes(30)

        assert witness.crossed() == []
        assert witness.lost() == {}
    except BaseException:
        arenas.close()
        raise
