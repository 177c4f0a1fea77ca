"""Operations without a primary: one at a time, whichever process they begin in."""

from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Event

import pytest

from db.cluster.patroni import Patroni
from db.endpoints import Endpoints
from db.postgres import Database, DatabaseUnavailable
from services.cluster.operations import (
    Cost,
    OperationKind,
    OperationRequest,
    OperationRunner,
    running,
)
from services.cluster.operations.refusals import ServersBusy
from services.cluster.operations.servers import Servers
from services.core.actor_database import ActorDatabase
from services.core.actors import CONSOLE

REQUEST = OperationRequest(OperationKind.RESTART, "Kernel update on db-01", "db-02")


@pytest.fixture
def leaderless(endpoints: Endpoints) -> Endpoints:
    """The replicas alone, without a primary."""
    with closing(Database(endpoints)) as database:
        replicas = {node.name for node in database.nodes() if node.role == "replica"}
    urls = {
        name: url for name, url in endpoints.replica_urls.items() if name in replicas
    }
    return replace(endpoints, database_url=next(iter(urls.values())), replica_urls=urls)


@pytest.fixture
def operators(
    leaderless: Endpoints,
) -> Iterator[tuple[OperationRunner, OperationRunner]]:
    """Runners in two processes that share nothing but the servers."""
    with ExitStack() as stack:
        databases = [
            stack.enter_context(closing(Database(leaderless))) for _ in range(2)
        ]
        first, second = (
            OperationRunner(Servers(database, Patroni(leaderless)))
            for database in databases
        )
        yield first, second


@pytest.fixture
def go_on(monkeypatch: pytest.MonkeyPatch) -> Iterator[Event]:
    """Lets an operation end, which otherwise goes on."""
    may_end = Event()

    def restart(*_: object) -> Cost:
        may_end.wait()
        return Cost("Done.")

    monkeypatch.setattr(running, "HANDLERS", {OperationKind.RESTART: restart})
    yield may_end
    may_end.set()


def begin(runner: OperationRunner):
    console = ActorDatabase(runner.servers.database, CONSOLE)
    return runner.start(console, REQUEST, session_id=None)


@pytest.mark.parametrize("place", [0, 1], ids=["same process", "another process"])
def test_while_nobody_leads_a_second_operation_is_refused_until_the_first_has_ended(
    operators, go_on: Event, endpoints: Endpoints, place: int
):
    first, other = operators[0], operators[place]
    operation = begin(first)

    with pytest.raises(ServersBusy):
        begin(other)

    go_on.set()
    operation.ended.wait()
    later = begin(other)
    # With a primary again, the history can be written.
    for runner in operators:
        runner.servers.database.adopt(endpoints)
    first.wait(operation)
    other.wait(later)
    assert (operation.cost, later.cost) == (Cost("Done."), Cost("Done."))


def test_what_is_planned_is_not_begun_at_once_though_nobody_leads_any_more(
    leaderless: Endpoints, monkeypatch: pytest.MonkeyPatch
):
    """As if the primary was lost just after the dry run."""
    request = OperationRequest(
        OperationKind.SWITCHOVER,
        REQUEST.reason,
        "db-02",
        scheduled_at=datetime.now(UTC) + timedelta(days=1),
    )
    with closing(Database(leaderless, retry_seconds=0)) as database:
        runner = OperationRunner(Servers(database, Patroni(leaderless)))
        monkeypatch.setattr(runner, "rehearse", lambda _: None)

        with pytest.raises(DatabaseUnavailable):
            runner.start(ActorDatabase(database, CONSOLE), request, session_id=None)

        assert runner.current() is None
