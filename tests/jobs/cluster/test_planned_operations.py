"""Planned switchovers: begun when their time has come, by one worker."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select, update

from db.cluster.patroni import Patroni
from db.endpoints import Endpoints
from db.models.replication import ClusterOperation
from db.models.user import User
from db.postgres import SYSTEM, Database
from jobs.cluster.planned_operations import make_due
from services.cluster import operations
from services.cluster.operations import (
    OperationKind,
    OperationRequest,
    OperationRunner,
    journal,
)
from services.cluster.operations.servers import Servers
from services.core.actors import CONSOLE, Role
from tests.kit import cast
from tests.kit.waiting import await_blocked

WHY = "Kernel update on db-01"


@pytest.fixture
def runner(endpoints: Endpoints) -> Iterator[OperationRunner]:
    """A runner on servers whose Patroni does not answer: nothing is changed."""
    nowhere = replace(endpoints, patroni_urls={"db-01": "http://127.0.0.1:1"})
    with closing(Database(endpoints)) as database:
        yield OperationRunner(Servers(database, Patroni(nowhere)))


def write(runner, operation):
    return runner.servers.database.write(operation, identity=SYSTEM).value


@pytest.fixture
def planned(runner: OperationRunner):
    """A switchover that is planned for tomorrow."""
    timestamp = datetime.now(UTC) + timedelta(days=1)
    order = OperationRequest(
        OperationKind.SWITCHOVER, WHY, "db-02", scheduled_at=timestamp
    )
    return write(
        runner,
        lambda session: operations.request(session, CONSOLE, order, session_id=None),
    )


def row(runner):
    return write(
        runner, lambda session: session.scalars(select(ClusterOperation)).one()
    )


def come_due(runner):
    now = update(ClusterOperation).values(scheduled_at=func.now())
    write(runner, lambda session: session.execute(now))


def test_nothing_is_begun_before_its_time(runner, planned):
    assert not make_due(runner)
    assert runner.run(planned) is None


def test_what_is_due_is_begun_once_and_its_end_is_kept(runner, planned):
    come_due(runner)

    assert make_due(runner)
    runner.wait(runner.run(planned))

    assert not make_due(runner)
    ended = row(runner)
    assert (ended.state, ended.reason) == ("failed", WHY)
    assert "Patroni" in ended.result["sentence"]


def test_what_is_cancelled_in_the_moment_it_is_due_is_not_begun(runner, planned):
    come_due(runner)

    with ThreadPoolExecutor(1) as aside:

        def cancel(session):
            operations.cancel(session, CONSOLE, planned, session_id=None)
            making = aside.submit(make_due, runner)
            await_blocked(session, making)
            return making

        is_begun = write(runner, cancel).result(timeout=60)

    assert not is_begun
    assert runner.run(planned) is None
    assert row(runner).state == "cancelled"


@pytest.mark.parametrize(
    "loss",
    [
        pytest.param({"deactivated_at": func.now()}, id="deactivated"),
        pytest.param({"role": Role.STAFF.value}, id="another role"),
    ],
)
def test_what_somebody_planned_who_lost_the_right_is_cancelled(runner, planned, loss):
    admin = write(runner, lambda session: cast.add_actor(session, Role.ADMIN))
    theirs = update(ClusterOperation).values(actor_id=admin.id)
    write(runner, lambda session: session.execute(theirs))
    assert not make_due(runner)
    assert row(runner).state == "scheduled"

    lost = update(User).where(User.id == admin.id).values(**loss)
    write(runner, lambda session: session.execute(lost))

    assert not make_due(runner)
    cancelled = row(runner)
    assert cancelled.state == "cancelled"
    assert cancelled.ended_at is not None
    assert "may no longer act" in cancelled.result["sentence"]


def test_what_will_not_take_place_is_cancelled_though_another_comes_before(
    runner, planned
):
    admin = write(runner, lambda session: cast.add_actor(session, Role.ADMIN))
    day_after = datetime.now(UTC) + timedelta(days=2)
    order = OperationRequest(
        OperationKind.SWITCHOVER, WHY, "db-03", scheduled_at=day_after
    )
    later = write(runner, lambda session: journal.begin(session, admin, order))
    gone = update(User).where(User.id == admin.id).values(deactivated_at=func.now())
    write(runner, lambda session: session.execute(gone))

    assert not make_due(runner)

    rows = select(ClusterOperation)
    kept = write(runner, lambda session: session.scalars(rows).all())
    assert {row.id: row.state for row in kept} == {
        planned: "scheduled",
        later: "cancelled",
    }
