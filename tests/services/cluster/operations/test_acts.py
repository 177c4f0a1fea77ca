"""Operations on a cluster that tests may break: carried out for real, and measured."""

from collections.abc import Iterator
from contextlib import closing

import pytest
from sqlalchemy import select

from db.cluster.patroni import Patroni
from db.embedded import Cluster
from db.endpoints import Endpoints
from db.models.replication import ClusterOperation
from db.postgres import SYSTEM, Database
from services.cluster.operations import (
    OperationKind,
    OperationRequest,
    OperationRunner,
    preview,
)
from services.cluster.operations.servers import Servers, wait_until
from services.core.actor_database import ActorDatabase
from services.core.actors import CONSOLE
from tests.conftest import fresh_database
from tests.kit.breaking import replicas
from tests.kit.clusters import BreakableCluster
from tests.kit.waiting import eventually

pytestmark = pytest.mark.cluster
WHY = "Kernel update on db-01"


@pytest.fixture(scope="module")
def broken(breakable_cluster: BreakableCluster) -> Iterator[Endpoints]:
    """A database of the cluster that tests may break."""
    with fresh_database(breakable_cluster.whole().addresses) as endpoints:
        yield endpoints


def assert_streaming(runner: OperationRunner, name: str) -> None:
    """Assert that the server itself reports streaming, and soon Patroni does, too."""
    own = runner.servers.patroni.state_of(name)

    assert own["replication_state"] == "streaming"
    eventually(lambda: runner.servers.look().server(name).is_streaming)


@pytest.fixture
def runner(breakable: Cluster, broken: Endpoints) -> Iterator[OperationRunner]:
    with closing(Database(broken)) as database:
        yield OperationRunner(Servers(database, Patroni(broken)))


@pytest.fixture
def console(runner: OperationRunner) -> ActorDatabase:
    return ActorDatabase(runner.servers.database, CONSOLE)


def done(runner, console, request):
    """Run the operation, and return it with what it cost."""
    operation = runner.start(console, request, session_id=None)
    runner.wait(operation)
    assert operation.cost is not None, operation.refusal
    return operation


def row_of(runner, operation):
    return runner.servers.database.read_latest(
        lambda session: session.scalars(
            select(ClusterOperation).where(ClusterOperation.id == operation.id)
        ).one(),
        identity=SYSTEM,
    ).value


def test_a_switchover_loses_nothing_and_says_what_it_cost(runner, console):
    best = preview(runner.servers.look()).best

    operation = done(
        runner, console, OperationRequest(OperationKind.SWITCHOVER, WHY, best.name)
    )

    cost, row = operation.cost, row_of(runner, operation)
    assert cost.new_primary == best.name
    assert cost.new_timeline == cost.former_timeline + 1
    assert cost.lost_writes == cost.lost_bytes == 0
    assert 0 < cost.downtime_seconds <= (row.ended_at - row.started_at).total_seconds()
    assert set(cost.phases) == {"pausing", "handing_over", "first_write", "rejoining"}
    assert f"timeline {cost.new_timeline} begins at" in cost.facts["proof"]
    assert (row.state, row.reason, row.actor_name) == ("done", WHY, "console")
    assert row.downtime_seconds == cost.downtime_seconds
    assert row.result["steps"][-1]["sentence"].startswith("Comparing")


def test_a_lost_replica_is_brought_back_until_it_streams(
    runner, console, breakable: Cluster
):
    lost = replicas(breakable)[0]
    with breakable.unsupervised():
        assert lost.kill()
        lost.patroni.start()

        operation = done(
            runner, console, OperationRequest(OperationKind.REJOIN, WHY, lost.name)
        )

    assert operation.cost.facts["way"] == "kept its data"
    assert_streaming(runner, lost.name)


def test_a_replica_is_copied_anew_until_it_streams(runner, console, breakable):
    name = replicas(breakable)[0].name
    before = runner.servers.patroni.state_of(name)["postmaster_start_time"]

    done(runner, console, OperationRequest(OperationKind.REINIT, WHY, name))

    after = runner.servers.patroni.state_of(name)["postmaster_start_time"]
    assert after > before
    assert_streaming(runner, name)


def test_a_restart_of_the_primary_tells_how_long_writers_waited(runner, console):
    leader = runner.servers.look().primary.name

    operation = done(
        runner, console, OperationRequest(OperationKind.RESTART, WHY, leader)
    )

    assert operation.cost.downtime_seconds > 0
    assert operation.cost.lost_writes == 0


def test_automatic_failover_is_switched_off_and_on(runner, console):
    done(runner, console, OperationRequest(OperationKind.PAUSE, WHY))
    was_automatic = runner.servers.look().is_automatic
    done(runner, console, OperationRequest(OperationKind.RESUME, WHY))

    assert not was_automatic
    assert runner.servers.look().is_automatic


def test_a_changed_setting_is_what_patroni_goes_by(runner, console):
    patroni = runner.servers.patroni
    try:
        operation = done(
            runner,
            console,
            OperationRequest(OperationKind.SETTINGS, WHY, changes={"ttl": 30}),
        )
        # Each member reports its own settings, and reads them once a second.
        eventually(lambda: patroni.config()["ttl"] == 30)
    finally:
        patroni.patch_config({"ttl": 20})

    assert row_of(runner, operation).result["changed"] == {"ttl": [20, 30]}


def test_with_automatic_failover_off_somebody_lets_the_furthest_lead(
    runner, console, breakable: Cluster
):
    done(runner, console, OperationRequest(OperationKind.PAUSE, WHY))
    leader = breakable.primary()
    try:
        with breakable.unsupervised():
            assert leader.kill()
            _await_leaderless(runner)
            best = preview(runner.servers.look()).best
            operation = done(
                runner,
                console,
                OperationRequest(OperationKind.FAILOVER, WHY, best.name),
            )
            leader.patroni.start()
    finally:
        runner.servers.patroni.resume()

    row = row_of(runner, operation)
    assert best.is_certain
    assert (row.kind, row.state, row.new_primary) == ("failover", "done", best.name)
    assert row.reason == WHY


def _await_leaderless(runner: OperationRunner) -> None:
    assert wait_until(lambda: not runner.servers.leads(), seconds=20)
